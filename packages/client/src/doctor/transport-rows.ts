/** PURE. The rows of one transport: what it did, and how long it lived. */
import type { TransportName } from '../transports/transport.js';
import type { FindingCode } from './advice.js';
import { isRepeated } from './post-rows.js';
import type { Row } from './row.js';
import type { Failed, Life, Seen, Stage, Trial } from './seen.js';
import { duration, failure } from './terms.js';
import { fateOf, verdictOf } from './verdict.js';

export function transportRows(
  transport: TransportName,
  trial: Trial,
  { idle, hold, posts }: Pick<Seen, 'idle' | 'hold' | 'posts'>,
): Row[] {
  const rows = [trialRow(transport, trial)];
  if (trial.end !== 'passed') return rows;
  if (trial.quiet !== undefined) rows.push(lifeRow(transport, trial.quiet, trial.busy, idle));
  if (trial.held !== undefined) rows.push(heldRow(trial.held, hold, isRepeated(posts)));
  return rows;
}

/** Pieces of a stream that come later than this after the answer to their POST were held back, ms. */
const LATE = 250;

/** What follows on the last thing that came. */
const NEXT: Record<Stage, string> = {
  nothing: '',
  opened: 'opened, then no welcome: ',
  welcomed: 'welcome, then no heartbeat: ',
  proven: 'heartbeat, then no echo: ',
  echoed: 'echo, then: ',
};

function trialRow(transport: TransportName, trial: Trial): Row {
  const { end, stage, failed, milliseconds, echoes, lags, encoding, subprotocolLost, unsteady } = trial;
  const base = { check: transport, milliseconds };
  if (end !== 'passed') {
    const code = subprotocolLost === true ? 'subprotocol-stripped' : verdictOf(transport, trial);
    const detail = `${polled(transport, stage)}${why(failed)}`;
    return { ...base, result: 'fail', detail, findings: code === undefined ? [] : [code] };
  }
  // Over a WebSocket nothing is answered but by what comes down.
  const late = transport === 'sse' && median(lags) > LATE;
  const findings: FindingCode[] = [
    ...(unsteady === true ? (['unsteady'] as const) : []),
    ...(late ? (['stream-late'] as const) : []),
    ...(encoding === undefined ? [] : (['compressed'] as const)),
  ];
  const parts = [
    transport === 'websocket' || transport === 'sse' ? 'welcome, heartbeat' : 'welcome',
    `echo up and down in ${duration(median(echoes))}`,
    ...(unsteady === true ? ['cut now and then'] : []),
    ...(late ? [`pieces come ${duration(median(lags))} late`] : []),
    ...(encoding === undefined ? [] : [`compressed on the way (${encoding})`]),
  ];
  return { ...base, result: findings.length === 0 ? 'pass' : 'warn', detail: parts.join(', '), findings };
}

function lifeRow(transport: TransportName, quiet: Life, busy: Life | undefined, idle: number): Row {
  const check = `${transport}, quiet`;
  const ended = quiet.end === 'silent' ? 'went dead' : 'was cut';
  switch (fateOf(quiet, busy)) {
    case 'lives':
      return {
        check,
        result: 'pass',
        milliseconds: quiet.age,
        detail:
          quiet.silence >= idle
            ? `lives ${duration(idle)} in silence`
            : `lives ${duration(idle)}, up to ${duration(quiet.silence)} at a time in silence`,
      };
    case 'idle':
      return {
        check,
        result: 'warn',
        milliseconds: quiet.age,
        detail: `${ended} after ${duration(quiet.silence)} of silence, and one with traffic lived on`,
        findings: ['idle-cut'],
      };
    case 'age': {
      const first = busy === undefined || quiet.end === 'closed' ? quiet : busy;
      const early = transport === 'websocket' ? 'ws-killed-early' : 'sse-killed-early';
      return {
        check,
        result: 'fail',
        milliseconds: first.age,
        detail: `${first.end === 'silent' ? 'went dead' : 'was cut'} ${duration(first.age)} after it opened, although there was traffic`,
        findings: [first.end === 'silent' ? 'half-open' : early],
      };
    }
  }
}

function heldRow(held: NonNullable<Trial['held']>, hold: number, repeated: boolean): Row {
  const { milliseconds, end, ...rest } = held;
  const base = { check: 'long-poll, held', milliseconds };
  if (end === undefined) return { ...base, result: 'pass', detail: `held for ${duration(hold)}, as asked` };
  const detail = `was to be held for ${duration(hold)}; after ${duration(milliseconds)}: ${failure({ ...rest, end })}`;
  // A poll ends the one before it, and so its own copy.
  return { ...base, result: 'fail', detail, findings: [repeated ? 'posts-repeated' : 'poll-cut'] };
}

/** Polls have no heartbeat, so what follows on their welcome is the echo. */
const polled = (transport: TransportName, stage: Stage): string =>
  stage === 'welcomed' && /poll/.test(transport) ? 'welcome, then no echo: ' : NEXT[stage];

function why(failed: Failed | undefined): string {
  if (failed === undefined) return 'nothing came';
  if (failed.field === 'upgrade') return 'the request arrived without Upgrade or Connection';
  return `${failed.at === 'send' ? 'the POST that carried it: ' : ''}${failure(failed)}`;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}
