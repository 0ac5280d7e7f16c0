/** PURE. What one transport's trial proves. The tables are complete: the compiler asks for every row. */
import type { TransportName } from '../transports/transport.js';
import type { CodeName } from '@iskra/protocol/wire';
import type { FindingCode } from './advice.js';
import type { End, Failed, Life, Stage, Trial } from './seen.js';

/** What stands in the way of it, if anything. */
export function verdictOf(transport: TransportName, { stage, end, failed }: Trial): FindingCode | undefined {
  if (end === 'passed') return undefined;
  if (failed?.at === 'proxy') return failed.status === 407 ? 'proxy-auth' : 'tunnel-refused';
  if (failed?.code !== undefined) return verdictOfCode(failed);
  if (failed?.at === 'send') return 'send-refused';
  if (stage === 'nothing' && isMissing(failed)) return 'not-available';
  return VERDICTS[transport][stage === 'echoed' ? 'proven' : stage][end === 'denied' ? 'refused' : end];
}

/** The server's own no. */
export function verdictOfCode({ code = 'internal', field }: Failed): FindingCode {
  // Only the server's answer to a request that came without its upgrade names this field.
  if (field === 'upgrade') return 'ws-refused';
  // A key that was good a moment ago: another server was asked, with other secrets.
  if (field === 'key') return 'other-node';
  return BY_CODE[code];
}

/** Statuses with which something is said not to be there. */
export const isMissing = (failed: Failed | undefined): boolean => /^(404|405|501)$/.test(`${failed?.status}`);

/** What two connections that lived side by side prove: one left alone, one with traffic every second. */
export function fateOf(quiet: Life, busy: Life | undefined): Fate {
  if (busy === undefined) return FATES[quiet.end].lived;
  // When one of them went dead, nobody was told: only cuts have a moment to compare.
  const outlived = quiet.end === 'closed' && busy.age > quiet.age + APART;
  return FATES[quiet.end][outlived ? 'lived' : busy.end];
}

/** `idle`: cut because it was quiet; `age`: cut anyway. */
export type Fate = 'lives' | 'idle' | 'age';

/** Two ends that are further apart have not the same cause, ms. */
const APART = 500;

type Verdicts = Record<Exclude<Stage, 'echoed'>, Record<Exclude<End, 'passed' | 'denied'>, FindingCode>>;

const POLLS: Verdicts = {
  nothing: { refused: 'poll-refused', closed: 'poll-refused', silent: 'poll-refused' },
  opened: { refused: 'poll-refused', closed: 'poll-refused', silent: 'poll-refused' },
  welcomed: { refused: 'poll-cut', closed: 'poll-cut', silent: 'poll-cut' },
  proven: { refused: 'poll-cut', closed: 'poll-cut', silent: 'poll-cut' },
};

export const VERDICTS: Readonly<Record<TransportName, Verdicts>> = {
  websocket: {
    nothing: { refused: 'ws-refused', closed: 'ws-refused', silent: 'ws-timeout' },
    opened: { refused: 'ws-killed-early', closed: 'ws-killed-early', silent: 'ws-silent' },
    welcomed: { refused: 'ws-killed-early', closed: 'ws-killed-early', silent: 'ws-silent' },
    proven: { refused: 'ws-killed-early', closed: 'ws-killed-early', silent: 'ws-silent' },
  },
  sse: {
    nothing: { refused: 'sse-refused', closed: 'sse-refused', silent: 'sse-buffered' },
    opened: { refused: 'sse-refused', closed: 'sse-killed-early', silent: 'sse-buffered' },
    welcomed: { refused: 'sse-killed-early', closed: 'sse-killed-early', silent: 'sse-one-behind' },
    proven: { refused: 'sse-killed-early', closed: 'sse-killed-early', silent: 'sse-one-behind' },
  },
  'long-poll': POLLS,
  // Nothing of it is held, so nothing of it is cut.
  polling: { ...POLLS, welcomed: POLLS.nothing, proven: POLLS.nothing },
};

const BY_CODE: Readonly<Record<CodeName, FindingCode>> = {
  bye: 'overload',
  too_big: 'body-limit',
  drain: 'overload',
  overload: 'overload',
  bad_frame: 'not-available',
  unauthorized: 'auth',
  forbidden: 'forbidden',
  not_found: 'not-available',
  timeout: 'overload',
  // Nobody else knows the session: another copy of the same request took it.
  superseded: 'posts-repeated',
  session_unknown: 'other-node',
  unsupported: 'not-available',
  invalid: 'not-available',
  version: 'version',
  rate_limited: 'overload',
  internal: 'overload',
  slow_consumer: 'overload',
};

/** The quiet one's end, then the busy one's. */
export const FATES: Readonly<Record<Life['end'], Record<Life['end'], Fate>>> = {
  lived: { lived: 'lives', closed: 'age', silent: 'age' },
  closed: { lived: 'idle', closed: 'age', silent: 'age' },
  silent: { lived: 'idle', closed: 'age', silent: 'age' },
};
