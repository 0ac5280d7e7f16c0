/** Plays one row: our client, and beside it the peer, each through a box of its own. */
import type { Explanation, TransportName } from '@iskra/client';
import type { Child } from '../transports/child.js';
import { openWay } from './box.js';
import type { Opened } from './box.js';
import { play } from './exchange.js';
import type { Bounds, Exchange } from './exchange.js';
import { openIskra } from './iskra.js';
import { accusationsOf, gotThrough, wrongReasons } from './judge.js';
import type { Accusations } from './judge.js';
import type { Party, Way } from './party.js';
import { openPeer } from './peer.js';
import type { PeerName } from './peer.js';
import { planOf } from './plan.js';
import type { Row } from './rows.js';
import type { MatrixVerbs } from './served.js';
import type { Seats } from './seats.js';
import type { Servers } from './servers.js';
import { until } from './speak.js';

export interface Ours {
  readonly exchange: Exchange;
  readonly intact: boolean;
  /** Where it was at the end, and where it has been. */
  readonly transport: TransportName | undefined;
  readonly transports: readonly string[];
  readonly isBest: boolean;
  /** Connections that it tried. */
  readonly attempts: number;
  readonly accusations: Accusations;
  /** Empty: every reason is the right one. */
  readonly wrong: readonly string[];
  /** Refusals, gaps and errors that the application was told of. */
  readonly told: readonly string[];
  readonly explanation: Explanation;
}

export interface Played {
  readonly row: Row;
  readonly ours: Ours;
  readonly peers: Readonly<Partial<Record<PeerName, Exchange>>>;
}

export interface Playing {
  readonly seconds: number;
  readonly seats: Seats;
  readonly peers: readonly PeerName[];
  readonly bounds?: Bounds;
  /** How long the client may take to find its place, once all has arrived, ms. */
  readonly settle?: number;
}

const SETTLE = 20_000;

export async function playRow(row: Row, { ours: server, peer }: Servers, playing: Playing): Promise<Played> {
  const { settle = SETTLE } = playing;
  const [ours, ...peers] = await Promise.all([
    through(
      row,
      server,
      playing,
      openIskra,
      async (exchange, { client, transports, refused }): Promise<Ours> => {
        const isBest = (): boolean => row.best.includes(client.status.transport!);
        if (exchange.first !== undefined) await until(isBest, settle);
        const explanation = client.explain();
        const accusations = accusationsOf(explanation);
        return {
          exchange,
          intact: gotThrough(exchange),
          transport: client.status.transport,
          transports: [...transports],
          isBest: isBest(),
          attempts: explanation.attempts.at(-1)?.attempt ?? 0,
          accusations,
          wrong: wrongReasons(row, accusations),
          told: [...refused],
          explanation,
        };
      },
    ),
    ...playing.peers.map(async (name) => {
      const open = (way: Way, exchange: string): Party => openPeer(name, way, exchange);
      return [name, await through(row, peer!, playing, open, async (exchange) => exchange)] as const;
    }),
  ]);
  return { row, ours, peers: Object.fromEntries(peers) };
}

let count = 0;

/** One party's exchange through a box of its own, and what is to be seen before it ends. */
async function through<P extends Party, Seen>(
  row: Row,
  { does: server }: Child<MatrixVerbs>,
  { seconds, seats, bounds }: Playing,
  open: (way: Way, exchange: string) => P,
  see: (exchange: Exchange, party: P) => Promise<Seen>,
): Promise<Seen> {
  const { longest, longestDown, silence } = row;
  const plans = {
    up: planOf({ seconds, longest, silence }),
    down: planOf({ seconds, longest: longestDown, silence }),
  };
  // Nobody has had it: rows run beside each other, and a row may run again.
  const name = `exchange-${++count}`;
  const leave = await seats.take();
  let way: Opened | undefined;
  let party: P | undefined;
  try {
    const opened = (way = await openWay(row, await server.ports()));
    const exchange = await play(name, server, () => (party = open(opened, name)), plans, leave, bounds);
    return await see(exchange, party!);
  } finally {
    leave();
    await party?.close();
    await way?.close();
  }
}
