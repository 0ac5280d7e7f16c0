/** PURE. The service levels: what each of them is, how it is judged, and how the judgements are printed. */

/** What was measured; undefined where it could not be. */
export interface Measured {
  /** Milliseconds until the session is there, each time. */
  connecting: number[];
  /** The same where WebSocket is blocked on the way. */
  blocked: number[] | undefined;
  /** Looks at clients, and those that found one connected; cuts included. */
  looks: { all: number; connected: number } | undefined;
  /** Wrong messages, and those that were answered with a typed error and harmed nobody. */
  errors: { all: number; handled: number };
  /** Pings, and those that were answered in time. */
  heartbeats: { all: number; answered: number };
  /** Cuts, and those after which the same session went on in time. */
  reconnections: { all: number; succeeded: number } | undefined;
  /** Bytes that 100 connections added to the server. */
  memory: number | undefined;
  /** Share of a core that the server used while 100 connections were idle. */
  cpu: number | undefined;
  /** Milliseconds until the server was ready. */
  start: number | undefined;
}

export interface Level {
  name: string;
  /** `unmeasured`: it could not be, for the reason that `saw` gives. */
  state: 'met' | 'missed' | 'unmeasured';
  limit: string;
  saw: string;
}

export function judge(measured: Measured): Level[] {
  const { connecting, blocked, looks, errors, heartbeats, reconnections, memory, cpu, start } = measured;
  return [
    level('connection', '< 500 ms', percentile(connecting), (ms) => ms < 500, milliseconds),
    level(
      'connection, WebSocket blocked',
      '< 500 ms',
      blocked && percentile(blocked),
      (ms) => ms < 500,
      milliseconds,
    ),
    level(
      'availability',
      '> 99.9 %',
      looks && looks.connected / looks.all,
      (share) => share > 0.999,
      percent,
    ),
    level('errors handled', '> 95 %', errors.handled / errors.all, (share) => share > 0.95, percent),
    level('heartbeats', '> 99 %', heartbeats.answered / heartbeats.all, (share) => share > 0.99, percent),
    level(
      'reconnection',
      '> 90 %',
      reconnections && reconnections.succeeded / reconnections.all,
      (share) => share > 0.9,
      percent,
    ),
    level('memory of 100 connections', '< 50 MB', memory, (bytes) => bytes < 50 * 1_048_576, megabytes),
    level('CPU, 100 idle', '< 5 %', cpu, (share) => share < 0.05, percent),
    level('start', '< 2 s', start, (ms) => ms < 2_000, milliseconds),
  ];
}

export function print(levels: readonly Level[]): string {
  const marks = { met: '✓', missed: '✗', unmeasured: '–' };
  const rows = levels.map(
    ({ name, state, limit, saw }) => `${marks[state]} ${name.padEnd(30)} ${limit.padEnd(10)} ${saw}`,
  );
  const missed = levels.filter(({ state }) => state === 'missed').length;
  const met = levels.filter(({ state }) => state === 'met').length;
  return [...rows, missed === 0 ? `all ${met} that were measured are met` : `${missed} missed`].join('\n');
}

function level(
  name: string,
  limit: string,
  value: number | undefined,
  isMet: (value: number) => boolean,
  show: (value: number) => string,
): Level {
  if (value === undefined || Number.isNaN(value))
    return { name, limit, state: 'unmeasured', saw: WHY[name] ?? 'nothing to measure' };
  return { name, limit, state: isMet(value) ? 'met' : 'missed', saw: show(value) };
}

/** Why something cannot be measured from here. */
const WHY: Readonly<Record<string, string>> = {
  'connection, WebSocket blocked': 'stands only before servers without TLS',
  availability: 'cuts only what goes to servers without TLS',
  reconnection: 'cuts only what goes to servers without TLS',
  'memory of 100 connections': 'its /metrics cannot be read',
  'CPU, 100 idle': 'its /metrics cannot be read',
  start: 'it runs already; without a URL one is started',
};

/** Of the worst but one in twenty. */
function percentile(samples: readonly number[]): number {
  const sorted = [...samples].sort((one, other) => one - other);
  return sorted[Math.ceil(sorted.length * 0.95) - 1] ?? NaN;
}

const milliseconds = (ms: number): string => `${Math.round(ms)} ms`;
const percent = (share: number): string => `${(share * 100).toFixed(share > 0.99 && share < 1 ? 2 : 1)} %`;
const megabytes = (bytes: number): string => `${(bytes / 1_048_576).toFixed(1)} MB`;
