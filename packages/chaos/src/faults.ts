/** The one table of faults: what each does, what its value means, and what a client of Iskra says behind it. No code but data. */

/** What stands behind `=`. `otherwise`: without it; where there is none, a value is needed. */
export interface Value {
  readonly kind: 'time' | 'size' | 'rate' | 'status' | 'share';
  readonly otherwise?: number;
  readonly example: string;
}

export interface Fault {
  /** One sentence. */
  readonly does: string;
  readonly value?: Value;
  /** The verdict in `explain()` of Iskra's client, as far as one is expected; most faults only slow or repeat. */
  readonly verdict?: string;
  /** Two faults of one moment cannot both be: a request has one answer. */
  readonly moment?: 'upgrade' | 'opened' | 'body' | 'answer';
}

const time = (example: string, otherwise?: number): Value => ({ kind: 'time', example, otherwise });
const size = (example: string, otherwise?: number): Value => ({ kind: 'size', example, otherwise });
const status = (otherwise: number): Value => ({ kind: 'status', example: `${otherwise}`, otherwise });

/** What "whole" means to `buffer`: one answer may take so much memory. */
const WHOLE = 64 * 1_048_576;

const TABLE = {
  'strip-upgrade': {
    does: 'The target gets no Upgrade and no Connection header, as behind an nginx that nobody told.',
    verdict: 'ws-refused',
    moment: 'upgrade',
  },
  'refuse-upgrade': {
    does: 'An upgrade is answered with this status, and the target never hears of it.',
    value: status(403),
    verdict: 'ws-refused',
    moment: 'upgrade',
  },
  'swallow-upgrade': {
    does: 'An upgrade is never answered, and the target never hears of it.',
    verdict: 'ws-timeout',
    moment: 'upgrade',
  },
  'mute-websocket': {
    does: 'After 101 nothing comes through, either way; only the close does.',
    verdict: 'ws-silent',
    moment: 'opened',
  },
  'kill-first-frame': {
    does: 'A WebSocket is cut at the first byte after 101.',
    verdict: 'ws-killed-early',
    moment: 'opened',
  },
  'kill-websocket': {
    does: 'A WebSocket is cut so long after 101, busy or not.',
    value: time('3s'),
    verdict: 'ws-killed-early',
  },

  buffer: {
    does: 'Answers are collected, headers too: so many bytes at a time, or whole.',
    value: size('64kB', WHOLE),
    verdict: 'sse-buffered',
  },
  'hold-first': { does: 'The first piece of an answer waits for the second; what follows flows.' },
  'one-behind': {
    does: 'Each piece of an answer waits for the next; the end brings the last.',
    verdict: 'sse-one-behind',
  },
  gzip: {
    does: 'Answers are compressed for whoever accepts it, and held back by that.',
    verdict: 'sse-buffered',
  },
  'cut-answers': {
    does: 'An answer that is not through so long after its request is cut.',
    value: time('5s'),
    verdict: 'sse-killed-early',
  },
  'refuse-streams': {
    does: 'An answer that is an event stream is replaced by this status.',
    value: status(403),
    verdict: 'sse-refused',
  },

  'limit-answers': {
    does: 'An answer is cut behind so many bytes, whatever length it has said.',
    value: size('2kB'),
    moment: 'answer',
  },
  'limit-answers-502': {
    does: 'An answer that says that it is longer is replaced by a 502; one that does not say it is cut there.',
    value: size('2kB'),
    moment: 'answer',
  },
  'limit-answers-cut': {
    does: 'An answer that says that it is longer is cut before its first byte; one that does not say it is cut there.',
    value: size('2kB'),
    moment: 'answer',
  },

  'only-get-post': { does: 'Other methods than GET and POST are answered with 405; no preflight passes.' },
  'strip-headers': {
    does: 'Headers that are not well known do not pass, either way, nor does Authorization.',
  },
  'rewrite-host': {
    does: 'The target gets its own address as Host, as behind an nginx that nobody told.',
    verdict: 'forbidden',
  },
  http10: {
    does: 'The target is asked in HTTP/1.0: no upgrade, no keep-alive, no chunks.',
    verdict: 'ws-refused',
  },
  'repeat-posts': { does: 'Each POST reaches the target twice at once; one answer is thrown away.' },
  'limit-bodies': {
    does: 'A request with a longer body is answered with 413; the target never hears of it.',
    value: size('2kB'),
    moment: 'body',
  },
  'limit-bodies-502': {
    does: 'A request with a longer body is answered with 502; the target never hears of it.',
    value: size('2kB'),
    moment: 'body',
  },
  'limit-bodies-cut': {
    does: 'A request with a longer body is cut; the target never hears of it.',
    value: size('2kB'),
    moment: 'body',
  },
  'cache-gets': {
    does: 'A GET that was answered with 200 has the same answer for so long, whatever its headers ordered.',
    value: time('60s', 60_000),
  },
  'round-robin': { does: 'Each request goes to the next of several targets, upgrades too.' },
  refuse: {
    does: 'Every request is answered with this status, upgrades too.',
    value: status(503),
    verdict: 'server-down',
    moment: 'upgrade',
  },

  idle: {
    does: 'A connection over which no byte passed for so long is cut.',
    value: time('20s'),
    verdict: 'idle-cut',
  },
  'half-open': {
    does: 'So long after a connection began nothing passes any more, either way, nor does the end of it.',
    value: time('5s'),
    verdict: 'half-open',
  },
  latency: { does: 'What passes takes so much longer, each way.', value: time('150ms') },
  jitter: { does: 'What passes takes up to so much more or less, each way, in order.', value: time('50ms') },
  bandwidth: {
    does: 'A request, an answer, a way of a WebSocket: so many bytes a second.',
    value: { kind: 'rate', example: '64kB' },
  },
  resets: {
    does: 'So many of 100 requests are reset, upgrades too: half before they reach the target, half when it answers.',
    value: { kind: 'share', example: '2%' },
  },
  stall: { does: 'Nothing passes, and nothing is lost: it goes on when the fault is taken away.' },
  down: { does: 'No connection is taken, and open ones are cut.', verdict: 'server-down' },
} as const satisfies Record<string, Fault>;

export type FaultName = keyof typeof TABLE;

/** All that a box can break, in the order in which it is told. */
export const FAULTS: Readonly<Record<FaultName, Fault>> = TABLE;

/** As it is written: `idle=20s`, or only its name where no value is needed. */
export type FaultText = FaultName | `${FaultName}=${string}`;

/** Which faults a box has, in numbers: ms, bytes, bytes a second, a status, a share of 1; 1 where there is no value. */
export type Faults = Readonly<Partial<Record<FaultName, number>>>;

export const faultNames = Object.keys(TABLE) as FaultName[];

/** How it is written, with an example of its value: `idle=20s`, `buffer[=64kB]`. */
export function usageOf(name: FaultName): string {
  const { value } = FAULTS[name];
  if (!value) return name;
  return value.otherwise === undefined ? `${name}=${value.example}` : `${name}[=${value.example}]`;
}
