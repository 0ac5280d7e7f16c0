/**
 * What is counted and timed. Plain numbers on the hot path, and increments in arrays; `metrics/catalogue.ts` says how
 * they are called, and a meter reads them only when somebody looks.
 */
import { CODES, CURABLE } from '@iskra/protocol/wire';
import type { CodeName, GapReason } from '@iskra/protocol/wire';
import { ABSENCE_SECONDS, Distribution, LOCAL_SECONDS, NETWORK_SECONDS } from './metrics/distribution.js';
import { VERBS } from './metrics/timed-store.js';
import type { StoreNumbers } from './metrics/timed-store.js';

/** Ways for messages to travel; `plain` is `/ws/:client_id`. */
export const TRANSPORTS = ['websocket', 'sse', 'long-poll', 'polling', 'send', 'plain'] as const;
export type MetricTransport = (typeof TRANSPORTS)[number];

/** Those that a session may be welcomed on. */
export const SESSION_TRANSPORTS = ['websocket', 'sse', 'long-poll', 'polling'] as const;
/** Those of them that stay open. */
export const STREAMS = ['websocket', 'sse'] as const;

/** What became of a `hello`. */
export const VERDICTS = ['opened', 'resumed', 'probed', 'refused'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** What clients may tell of their attempts (P85); whatever this server does not know is `other`. */
export const TOLD_TRANSPORTS = [...SESSION_TRANSPORTS, 'other'] as const;
export const TOLD_VERDICTS = [...CURABLE, 'other'] as const;

/** Why a stream ended: a code, or `gone` when its peer or the way to it was. */
export const ENDS = [...(Object.keys(CODES) as CodeName[]), 'gone'] as const;
export type End = (typeof ENDS)[number];

/** Why entries could not be delivered. */
export const GAP_REASONS: readonly GapReason[] = [
  ...(['trimmed', 'epoch', 'diverged', 'inbox_overflow', 'too_big', 'denied'] as const),
];

/** Of one transport. Bytes are those of messages, without headers and framing. */
export interface Traffic {
  /** Connections that are open now. */
  open: number;
  opened: number;
  sent: number;
  sentBytes: number;
  received: number;
  receivedBytes: number;
}

export interface Metrics {
  /** Whether what costs more than an increment is measured: times. */
  readonly measures: boolean;
  readonly traffic: Readonly<Record<MetricTransport, Traffic>>;
  readonly verdicts: Record<Verdict, number>;
  /** What clients told, by transport. */
  readonly told: Readonly<
    Record<(typeof TOLD_TRANSPORTS)[number], Record<(typeof TOLD_VERDICTS)[number], number>>
  >;
  readonly refusals: Readonly<Record<CodeName, number>>;
  readonly ends: Record<End, number>;
  /** Told to readers, by reason. */
  readonly gaps: Record<GapReason, number>;
  /** Envelopes of clients that are in a log. */
  published: number;
  /** From a heartbeat to its answer, s. */
  readonly roundTrip: Readonly<Record<(typeof STREAMS)[number], Distribution>>;
  /** From a connection, or the request that opens a session, to its welcome, s. */
  readonly firstMessage: Readonly<Record<(typeof SESSION_TRANSPORTS)[number], Distribution>>;
  /** From the moment at which an entry is known here until it is written to all that wait for it, s. */
  readonly delivery: Distribution;
  /** From the end of a session's last stream here until it is attached here again, s. */
  readonly recovery: Distribution;
  /** Of a store that is timed. */
  readonly store: StoreNumbers | undefined;
  refused(code: CodeName): void;
  /** A client says that an attempt over this transport proved that. */
  judged(transport: string, verdict: string): void;
}

export interface MetricsOptions {
  /** Default true. */
  measures?: boolean;
  /** Whether the store is timed: one in the memory of this process answers at once. Default false. */
  timesStore?: boolean;
}

export function createMetrics(options: MetricsOptions = {}): Metrics {
  const { measures = true, timesStore = false } = options;
  const refusals = zeroes(Object.keys(CODES) as CodeName[]);
  const told = record(TOLD_TRANSPORTS, () => zeroes(TOLD_VERDICTS));
  const spread = <Name extends string>(names: readonly Name[], bounds: readonly number[]) =>
    record(names, () => new Distribution(bounds));
  return {
    measures,
    traffic: record(TRANSPORTS, () => ({
      ...{ open: 0, opened: 0 },
      ...{ sent: 0, sentBytes: 0, received: 0, receivedBytes: 0 },
    })),
    verdicts: zeroes(VERDICTS),
    told,
    refusals,
    ends: zeroes(ENDS),
    gaps: zeroes(GAP_REASONS),
    published: 0,
    roundTrip: spread(STREAMS, NETWORK_SECONDS),
    firstMessage: spread(SESSION_TRANSPORTS, NETWORK_SECONDS),
    delivery: new Distribution(LOCAL_SECONDS),
    recovery: new Distribution(ABSENCE_SECONDS),
    store: timesStore ? { seconds: spread(VERBS, LOCAL_SECONDS), failures: zeroes(VERBS) } : undefined,
    refused(code) {
      // An application without types may have made up its own: no series for it.
      if (Object.hasOwn(refusals, code)) refusals[code]++;
    },
    judged: (transport, verdict) =>
      void told[known(TOLD_TRANSPORTS, transport)][known(TOLD_VERDICTS, verdict)]++,
  };
}

function record<Name extends string, Value>(names: readonly Name[], make: () => Value): Record<Name, Value> {
  // One entry for each name, which is what the type says.
  return Object.fromEntries(names.map((name) => [name, make()])) as Record<Name, Value>;
}

/** The name itself, if it is among those; otherwise the one for all others. */
const known = <Name extends string>(names: readonly (Name | 'other')[], name: string): Name | 'other' =>
  names.find((one) => one === name) ?? 'other';

const zeroes = <Name extends string>(names: readonly Name[]): Record<Name, number> => record(names, () => 0);
