/**
 * The entry ./offline: an outbox that outlives its page. What is sent is written to IndexedDB before it goes on the wire, and
 * the next page goes on with it in the same session. It stands around the client's session, and the client knows nothing of it.
 */
import type { Envelope } from '@iskra/protocol/wire';
import { createEmitter } from './emitter.js';
import { openJournal } from './offline/journal.js';
import { createKeeping } from './offline/keeping.js';
import type { KeptSend, OfflineOutbox, OutboxEvents } from './offline/keeping.js';

export type { KeptSend, OfflineOutbox, OutboxEvents };

export interface OutboxOptions {
  /** Which sends are kept. Default: every publish and every request. The others end with their page. */
  keep?: (envelope: Envelope, channel: string | undefined) => boolean;
}

/**
 * Opens an outbox, for `connect(url, { offline })`. Each tab of the origin has its own share of it, and goes on with what
 * another one has left there. Where nothing can be kept it is in memory, and the event `memory` says why.
 * @param name one for each user and server: whoever opens it next sends what is in it.
 */
export async function openOutbox(
  name: string,
  { keep = () => true }: OutboxOptions = {},
): Promise<OfflineOutbox> {
  const events = createEmitter<OutboxEvents>(console.error);
  const journal = await openJournal(
    name,
    // What nobody listens to must not be lost.
    (reason) => events.emit('memory', reason) || console.warn(reason),
  );
  return createKeeping(journal, keep, events);
}
