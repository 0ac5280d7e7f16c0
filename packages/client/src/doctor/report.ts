/** PURE. What was seen → what a support engineer is told: rows, findings with their cures, the best transport, the exit code. */
import type { TransportName } from '../transports/transport.js';
import { ADVICE } from './advice.js';
import type { Advice, FindingCode } from './advice.js';
import { postRows } from './post-rows.js';
import type { Row } from './row.js';
import type { Failed, Seen, Trial } from './seen.js';
import { bytes, duration, failure } from './terms.js';
import { transportRows } from './transport-rows.js';
import { isMissing } from './verdict.js';

/** What is printed with `--json`. `format` changes when a reader of it would have to. */
export interface Report {
  readonly format: 1;
  readonly url: string;
  /** The proxy of the environment, if one was used. */
  readonly proxy: string | null;
  /** `clear`: everything passes; `hindered`: something stands in the way; `unreachable`: no Iskra server was met. */
  readonly state: 'clear' | 'hindered' | 'unreachable';
  readonly exitCode: 0 | 1 | 3;
  /** The best transport that works all the way, if one does. */
  readonly best: TransportName | null;
  /** The same as a sentence. */
  readonly summary: string;
  readonly checks: readonly Row[];
  readonly findings: readonly Finding[];
}

export interface Finding extends Advice {
  readonly code: FindingCode;
  /** The checks that show it. */
  readonly checks: readonly string[];
}

export function reportOn(seen: Seen): Report {
  const rows = withoutRepetition(rowsOf(seen));
  const findings = findingsIn(rows);
  const best = bestOf(seen, rows);
  const state = !isMet(seen) ? 'unreachable' : findings.length === 0 ? 'clear' : 'hindered';
  return {
    format: 1,
    url: seen.url,
    proxy: seen.proxy ?? null,
    state,
    exitCode: ({ clear: 0, hindered: 1, unreachable: 3 } as const)[state],
    best: best ?? null,
    summary: summaryOf(state, best, findings),
    checks: rows,
    findings,
  };
}

const ORDER: readonly TransportName[] = ['websocket', 'sse', 'long-poll', 'polling'];

function rowsOf(seen: Seen): Row[] {
  const { steps, unreachable, transports } = seen;
  const reached = steps.map(({ step, milliseconds, detail }): Row => ({
    check: step,
    result: 'pass',
    milliseconds,
    detail,
  }));
  if (unreachable !== undefined) {
    const { step, code, detail } = unreachable;
    return [...reached, { check: step, result: 'fail', detail, findings: [code] }];
  }
  if (transports === undefined) return reached;
  return [
    ...reached,
    serverRow(seen, transports),
    ...ORDER.flatMap((name) => transportRows(name, transports[name], seen)),
    ...postRows(seen.posts),
  ];
}

/** Whether an Iskra server is there at all: each trial asks it. */
function serverRow(seen: Seen, transports: Readonly<Record<TransportName, Trial>>): Row {
  const trials = ORDER.map((name) => transports[name]);
  const welcome = trials.find((trial) => trial.welcome !== undefined)?.welcome;
  if (welcome !== undefined) {
    const { version, node, heartbeat, message } = welcome;
    const detail = `protocol ${version}, heartbeat ${duration(heartbeat)}, takes ${bytes(message)}, node ${node}`;
    return { check: 'server', result: 'pass', detail };
  }
  if (trials.some(({ failed }) => failed?.code !== undefined)) {
    return { check: 'server', result: 'pass', detail: 'an Iskra server, which opens no session' };
  }
  // A proxy that lets nothing through has told nothing of the server.
  const answered = trials.flatMap(({ failed }) => (failed?.end === 'refused' ? [failed] : []));
  const answer = answered.find(({ at }) => at !== 'proxy') ?? answered[0];
  const hint = seen.elsewhere === undefined ? '' : `; there is one at ${seen.elsewhere}`;
  const said = answer === undefined ? 'nothing answers' : failure(answer);
  const detail = `no Iskra server at ${new URL(seen.url).pathname}: ${said}${hint}`;
  return { check: 'server', result: 'fail', detail, findings: [absenceOf(answer)] };
}

function absenceOf(answer: Failed | undefined): FindingCode {
  if (answer === undefined) return 'server-down';
  if (answer.at === 'proxy') return answer.status === 407 ? 'proxy-auth' : 'tunnel-refused';
  if (isMissing(answer)) return 'wrong-path';
  return (answer.status ?? 200) >= 502 ? 'server-down' : 'not-iskra';
}

/** Where no server was met, that is the finding, and not each transport. */
function withoutRepetition(rows: Row[]): Row[] {
  if (!rows.some(({ check, result }) => check === 'server' && result === 'fail')) return rows;
  return rows.map((row) => {
    const { findings: _, ...rest } = row;
    return ORDER.some((name) => name === row.check) ? rest : row;
  });
}

function findingsIn(rows: readonly Row[]): Finding[] {
  const checks = new Map<FindingCode, string[]>();
  for (const { check, findings = [] } of rows) {
    for (const code of findings) checks.set(code, [...(checks.get(code) ?? []), check]);
  }
  return [...checks].map(([code, where]) => ({ code, checks: where, ...ADVICE[code] }));
}

/** With these a transport works all the same. */
const HARMLESS: ReadonlySet<FindingCode> = new Set(['compressed', 'unsteady']);

/** The best that works all the way. */
const bestOf = (seen: Seen, rows: readonly Row[]): TransportName | undefined =>
  seen.transports &&
  ORDER.find((name) =>
    rows
      .filter(({ check }) => check === name || check.startsWith(`${name}, `))
      .every(
        ({ findings = [], result }) => result !== 'fail' && findings.every((code) => HARMLESS.has(code)),
      ),
  );

const isMet = ({ transports }: Seen): boolean =>
  Object.values(transports ?? {}).some(({ welcome, failed }) => welcome ?? failed?.code);

function summaryOf(
  state: Report['state'],
  best: TransportName | undefined,
  findings: readonly Finding[],
): string {
  if (state === 'unreachable') return 'No transport reaches an Iskra server on this path.';
  const found = findings.length === 1 ? 'the finding' : 'the findings';
  const cured = `once ${found} ${findings.length === 1 ? 'is' : 'are'} cured`;
  if (best === undefined) return `No transport works all the way on this path; the client may, ${cured}.`;
  const works = `The best transport that this path allows is ${best}`;
  if (state === 'clear') return `${works}, and nothing stands in the way.`;
  return best === 'websocket' ? `${works}; mind ${found}.` : `${works}; a better one works ${cured}.`;
}
