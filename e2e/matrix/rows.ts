/** The one table of the matrix: what stands in the way, what it allows at best, and what is the right reason to give. */
import type { TransportName, VerdictCode } from '@iskra/client';
import { FAULT_ROWS } from './fault-rows.js';
import { PROXY_ROWS } from './proxy-rows.js';
import type { ProxyName } from './proxies/proxies.js';

/** The right reason: of each transport that the box takes away, one of these. */
export type Reasons = Readonly<Partial<Record<TransportName, readonly VerdictCode[]>>>;

export interface Row {
  /** As `--only` finds it. */
  readonly name: string;
  /** A profile of our fault box, or a proxy. */
  readonly box: { readonly profile: string } | { readonly proxy: ProxyName };
  /** The transports that count as the best that the box allows; one, except where a box treats two alike. */
  readonly best: readonly TransportName[];
  /** What must be held against the transports above. */
  readonly because: Reasons;
  /** What may be held against a transport as well: chance, and what two boxes do at once. */
  readonly perhaps?: Reasons;
  /** The longest message that fits up through it at all, bytes. */
  readonly longest?: number;
  /** The longest that fits down through it, bytes. */
  readonly longestDown?: number;
  /** So long nobody says anything, in the middle of the exchange: for boxes that end what is quiet, ms. */
  readonly silence?: number;
}

export const ROWS: readonly Row[] = [...FAULT_ROWS, ...PROXY_ROWS];
