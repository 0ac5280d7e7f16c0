/** The session and its last frames as JSON, without secrets: what is copied, and read by somebody else. */
import type { Client } from '../connect.js';
import type { Seam } from '../seam.js';
import type { Frames } from './frames.js';
import { channelsOf, sendsOf } from './look.js';
import type { Watch } from './watch.js';

export const reportOf = (client: Client, { session, clock }: Seam, watched: Watch, frames: Frames): string =>
  JSON.stringify(
    {
      status: client.status,
      explain: client.explain(),
      blocked: [...watched.blocked],
      channels: channelsOf(session.cursors, watched.gaps, (name) => client.channel(name).members),
      outbox: sendsOf(session.outbox.sends, watched.sinceOf, clock.now()),
      roundTrips: watched.roundTrips,
      frames: frames
        .rows()
        .map(({ at, way, id, frame }) => ({ at: new Date(at).toISOString(), way, id, frame })),
    },
    null,
    2,
  );
