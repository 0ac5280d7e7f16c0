/** PURE. How calls ended, and what the server did for them. */
import type { ClientLine, Numbered, ServerLine } from '../history.js';
import { show } from './log.js';
import type { Appended, KeptLog } from './log.js';
import type { Judge } from './oracle.js';

type Clients = ReadonlyMap<string, readonly ClientLine[]>;

/** The clocks of processes on one machine are one clock, read at different moments, ms. */
const SLACK = 50;

const idOf = ({ by, n }: Numbered): string => `${by}/${n}`;

/** A call and its end, as they are named in a history. */
const ENDS = {
  subscribe: 'subscribed',
  unsubscribe: 'unsubscribed',
  publish: 'published',
  request: 'answered',
} as const;
type Call = keyof typeof ENDS;
const CALLS = Object.keys(ENDS) as Call[];

const callOf = (line: ClientLine): string => `${'n' in line ? line.n : 'id' in line ? line.id : ''}`;

const wasKilled = (lines: readonly ClientLine[]): boolean =>
  lines.some((line) => line.what === 'gone' && line.how === 'killed');

/** Every call came to one end, and to one that was promised. */
export function judgeSettling(lines: readonly ClientLine[], judge: Judge): void {
  const by = lines[0]!.by;
  const killed = wasKilled(lines);
  for (const call of CALLS) {
    const open = new Map<string, ClientLine>();
    const ended = new Set<string>();
    for (const line of lines) {
      const id = callOf(line);
      if (line.what === call) open.set(id, line);
      if (line.what !== ENDS[call]) continue;
      const name = `${call} ${id}`;
      if (ended.has(id)) judge('settled twice', by, `${name} ended twice.`, line);
      const { how } = line as { how: string };
      if (!/^(acknowledged|rejected|unknown)$/.test(how)) {
        judge('settled strangely', by, `${name} ended as "${how}".`, line);
      }
      ended.add(id);
      open.delete(id);
    }
    if (killed) continue;
    for (const [id, line] of open) judge('never settled', by, `${call} ${id} never came to an end.`, line);
  }
}

/** Every life of the server has what was acknowledged once and what is unknown at most once, in the sender's order. */
export function judgePublishes(clients: Clients, log: KeptLog, judge: Judge): void {
  const sent = new Map<string, Extract<ClientLine, { what: 'publish' }>>();
  for (const line of [...clients.values()].flat()) {
    if (line.what === 'publish') sent.set(`${line.by}/${line.n}`, line);
  }
  const found = new Map<string, Appended[]>();
  const last = new Map<string, number>();
  for (const line of log.entries) {
    if (line.delta !== 'numbered') continue;
    const payload = line.payload as Numbered;
    const [id, where] = [idOf(payload), `${line.channel} ${show(line.position)}`];
    const before = found.get(id) ?? [];
    if (before.some(({ life }) => life === line.life)) {
      judge(
        'publish twice',
        payload.by,
        `publish ${payload.n} is in one log twice, again at ${where}.`,
        line,
      );
    }
    found.set(id, [...before, line]);
    const order = `${payload.by} ${line.channel} ${line.life}`;
    if (payload.n < (last.get(order) ?? 0)) {
      judge(
        'publish out of order',
        payload.by,
        `publish ${payload.n} came behind ${last.get(order)} at ${where}.`,
        line,
      );
    }
    last.set(order, payload.n);
    if (payload.by.startsWith('server-')) continue;
    const origin = sent.get(id);
    // What a page did last is lost with it, when it is killed before it has told.
    if (origin === undefined && isUntold(clients.get(payload.by) ?? [], payload.n)) continue;
    if (origin?.channel !== line.channel || JSON.stringify(origin.payload) !== JSON.stringify(payload)) {
      judge('publish made up', payload.by, `Nobody sent what is at ${where}.`, line);
    }
  }
  for (const line of [...clients.values()].flat()) {
    if (line.what !== 'published') continue;
    const { by, n, how, at } = line;
    const entries = found.get(`${by}/${n}`) ?? [];
    if (how === 'rejected' && entries.length > 0) {
      judge(
        'publish refused but there',
        by,
        `publish ${n} was rejected, and is at ${show(entries[0]!.position)}.`,
        line,
      );
    }
    if (how === 'acknowledged' && !entries.some((entry) => entry.at <= at + SLACK)) {
      judge('publish lost', by, `publish ${n} was acknowledged, and was in no log then.`, line);
    }
  }
}

/** Behind everything that somebody told to have sent, who was killed. */
function isUntold(lines: readonly ClientLine[], n: number): boolean {
  return wasKilled(lines) && lines.every((line) => !('n' in line) || line.n < n);
}

/** A handler runs once while its node lives, again on another one that is told so, and its caller is told what it said. */
export function judgeHandlers(clients: Clients, server: readonly ServerLine[], judge: Judge): void {
  const runs = new Map<string, { life: number; node: string }[]>();
  for (const line of server) {
    if (line.what !== 'handled') continue;
    const { life, node, redelivered } = line;
    const payload = line.payload as Numbered;
    const before = runs.get(idOf(payload)) ?? [];
    const again = before.filter((run) => run.life === life);
    if (again.some((run) => run.node === node))
      judge('handler ran twice', payload.by, `request ${payload.n} was handled twice.`, line);
    else if (again.length > 0 && !redelivered)
      judge(
        'handler ran twice',
        payload.by,
        `request ${payload.n} ran again, and its handler was not told so.`,
        line,
      );
    runs.set(idOf(payload), [...before, { life, node }]);
  }
  for (const [by, lines] of clients) {
    const asked = new Map(lines.flatMap((line) => (line.what === 'request' ? [[line.n, line.payload]] : [])));
    for (const line of lines) {
      if (line.what !== 'answered') continue;
      const { n, how, value } = line;
      const ran = runs.has(`${by}/${n}`);
      if (how === 'acknowledged' && (!ran || JSON.stringify(value) !== JSON.stringify(asked.get(n)))) {
        judge('reply made up', by, `request ${n} was answered with what no handler said.`, line);
      }
      if (how === 'rejected' && ran)
        judge('reply withheld', by, `request ${n} was refused, and its handler ran.`, line);
    }
  }
}
