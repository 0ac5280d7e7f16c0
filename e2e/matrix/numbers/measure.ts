/** What a number of the second part is: who is measured, against which goal. */
import type { Box } from '@iskra/chaos';
import { openBox } from '@iskra/chaos';
import type { Remote } from '../../browser/remote.js';
import { openIskra } from '../iskra.js';
import type { Iskra } from '../iskra.js';
import type { Party } from '../party.js';
import { openPeer, PEERS } from '../peer.js';
import type { PeerName } from '../peer.js';
import type { MatrixVerbs } from '../served.js';
import type { Servers } from '../servers.js';

export interface Measured {
  /** In the unit of the measure; undefined: it never was so, within the bounds. */
  readonly value: number | undefined;
  /** Anything else that must be so, is; true where there is nothing else. */
  readonly holds?: boolean;
  readonly remark?: string;
}

/** Measures one of those who can be. */
export type Measuring = (who: Who) => Promise<Measured>;

export interface Measure {
  readonly name: string;
  /** In words, as in `≤ 400 ms`. */
  readonly goal: string;
  readonly atMost: number;
  readonly unit: 'ms' | 'times';
  /** Measured one by one before everything else, because milliseconds count; the median of so many. */
  readonly rounds?: number;
  readonly measure: Measuring;
  /** Only what every client has is measured of the peer. */
  readonly peers?: boolean;
}

/** Somebody to measure. */
export interface Who {
  readonly server: Remote<MatrixVerbs>;
  open(url: string, exchange: string): Party;
}

export const CLIENTS = ['iskra', ...PEERS] as const;
export type ClientName = 'iskra' | PeerName;

/** Each time somebody who has not been here before, and who remembers on a second visit what can be remembered. */
export function whoIs(name: ClientName, { ours, peer }: Servers): Who {
  if (name === 'iskra') {
    const kept = new Map<string, string>();
    const storage = {
      read: (key: string) => kept.get(key),
      write: (key: string, text: string) => void kept.set(key, text),
    };
    const open = (url: string, exchange: string): Party =>
      openIskra({ url }, exchange, { environment: { storage } });
    return { server: ours.does, open };
  }
  return { server: peer!.does, open: (url, exchange) => openPeer(name, { url }, exchange) };
}

/** More is known of ours than of others. */
export const isIskra = (party: Party): party is Iskra => 'client' in party;

let count = 0;
export const newExchange = (): string => `number-${++count}`;

/** Somebody behind a box, until the work is done. */
export async function behind<Answer>(
  { server, open }: Who,
  profile: string,
  work: (party: Party, box: Box, exchange: string, began: number) => Promise<Answer>,
): Promise<Answer> {
  const [port] = await server.ports();
  const exchange = newExchange();
  await server.prepare(exchange);
  const box = await openBox({ to: `http://127.0.0.1:${port}`, profile });
  const began = performance.now();
  const party = open(box.url, exchange);
  try {
    return await work(party, box, exchange, began);
  } finally {
    await party.close();
    await box.close();
  }
}
