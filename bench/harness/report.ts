/** What the terminal shows: the machine, one table per piece of work, and how many goals were reached. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, cpus, release } from 'node:os';
import { stripVTControlCharacters } from 'node:util';
import { placement } from './processes.js';
import { median, reached } from './statistics.js';
import type { Goal, Reference, Row, Sample, Work } from './work.js';

const coloured = process.stdout.isTTY && !process.env['NO_COLOR'];
const paint =
  (code: number) =>
  (text: string): string =>
    coloured ? `\u001b[${code}m${text}\u001b[0m` : text;
const [bold, dim, green, red] = [paint(1), paint(2), paint(32), paint(31)];

export interface Result {
  readonly row: Row;
  readonly samples: readonly Sample[];
  readonly failure?: string;
}

/** What was measured with what, so that a figure in a paper can be found again. */
export function machine(): Record<string, string | number> {
  return {
    cores: availableParallelism(),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    system: `${process.platform} ${release()}`,
    node: process.versions.node,
    iskra: versionOf('@iskra/server'),
    ws: versionOf('ws'),
    'socket.io': versionOf('socket.io'),
    placement,
  };
}

export function showHead(rounds: number, seconds: number): void {
  const { cores, cpu, system, node, iskra, ws, ['socket.io']: socketio } = machine();
  print(`\n${bold('Iskra beside its peers')}  ${dim(`medians of ${rounds} rounds, ${seconds} s each`)}`);
  print(dim(`${cores} cores, ${cpu} · ${system} · node ${node}`));
  print(dim(`iskra ${iskra} · ws ${ws} · socket.io ${socketio} · ${placement}`));
}

/** Prints a table; gives the goals of the work as [reached, missed, not judged]. */
export function showWork(work: Work, results: readonly Result[]): [number, number, number] {
  const verdicts: [number, number, number] = [0, 0, 0];
  const medians = new Map(
    results
      .filter(({ samples }) => samples.length > 0)
      .map(({ row, samples }) => [row.key, median(samples.map(({ value }) => value))]),
  );
  const reference = (name: Reference): number | undefined => medians.get(name);

  const judge = (goal: Goal, value: number | undefined): string => {
    const verdict = value === undefined ? undefined : reached(goal, value, reference, work);
    verdicts[verdict === undefined ? 2 : verdict ? 0 : 1]++;
    const text = describe(goal);
    return verdict === undefined ? dim(`${text} ?`) : verdict ? green(`${text} ✓`) : red(`${text} ✗`);
  };

  const lines = results.map(({ row, samples, failure }): string[] => {
    const value = medians.get(row.key);
    const goals = (row.goals ?? []).map((goal) => judge(goal, value)).join(', ');
    if (value === undefined)
      return [row.label, red('failed'), '', '', '', '', '', goals || dim(failure ?? '')];
    const values = samples.map((sample) => sample.value);
    const spread = `${number(Math.min(...values), work.digits)} – ${number(Math.max(...values), work.digits)}`;
    const against = (name: Reference): string => {
      const other = reference(name);
      return other === undefined ? '' : number(value / other, 2);
    };
    const rates = samples.flatMap(({ rate }) => rate ?? []);
    const loads = samples.flatMap(({ load }) => load ?? []);
    const busy = loads.length > 0 ? Math.round(median(loads) * 100) : undefined;
    return [
      row.label,
      bold(number(value, work.digits)),
      dim(values.length > 1 ? spread : ''),
      against('socketio'),
      against('ws'),
      rates.length > 0 ? number(median(rates), 0) : '',
      busy === undefined ? '' : busy >= 95 ? red(`${busy} %`) : `${busy} %`,
      goals,
    ];
  });

  const head = ['', 'median', 'min – max', '÷ Socket.IO', '÷ raw', 'rate/s', 'load CPU', 'goal'];
  print(`\n${bold(work.name.padEnd(16))} ${work.title}`);
  print(`${' '.repeat(16)} ${dim(`${work.unit}, less is better`)}`);
  printTable([head.map(dim), ...lines]);
  for (const { row, failure } of results) if (failure) print(red(`  ${row.label}: ${failure}`));
  return verdicts;
}

export function showEnd([good, missed, open]: readonly [number, number, number], failures: number): void {
  const parts = [
    good > 0 ? green(`${good} reached`) : '',
    missed > 0 ? red(`${missed} missed`) : '',
    open > 0 ? dim(`${open} not judged`) : '',
    failures > 0 ? red(`${failures} ${failures === 1 ? 'row' : 'rows'} failed to run`) : '',
  ].filter((part) => part !== '');
  print(`\n${bold('Goals:')} ${parts.join(', ') || 'none measured'}\n`);
}

/** A line that the next one overwrites, where the output is a terminal. */
export function showProgress(text: string): void {
  if (process.stdout.isTTY) process.stdout.write(text ? `\r\u001b[K${dim(`· ${text}`)}` : '\r\u001b[K');
}

const NAMES: Record<Reference, string> = {
  ws: 'raw',
  net: 'floor',
  socketio: 'Socket.IO',
  streams: 'Streams adapter',
  alone: 'one node',
  unobserved: 'without',
};

function describe({ atMost, of }: Goal): string {
  if (of === undefined) return `≤ ${number(atMost, 0)}`;
  return `≤ ${atMost} × ${NAMES[of]}`;
}

/** Columns as wide as their widest cell: the first and the last to the left, numbers to the right. */
function printTable(lines: readonly (readonly string[])[]): void {
  const columns = lines[0]!.map((_, at) => at).filter((at) => lines.slice(1).some((line) => line[at] !== ''));
  const widths = new Map(columns.map((at) => [at, Math.max(...lines.map((line) => width(line[at]!)))]));
  for (const line of lines) {
    const cells = columns.map((at) => {
      const space = ' '.repeat(widths.get(at)! - width(line[at]!));
      return at === 0 || at === line.length - 1 ? line[at]! + space : space + line[at]!;
    });
    print(`  ${cells.join('   ').trimEnd()}`);
  }
}

const width = (text: string): number => stripVTControlCharacters(text).length;

const number = (value: number, digits: number): string =>
  value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });

const print = (text: string): boolean => process.stdout.write(`${text}\n`);

function versionOf(name: string): string {
  const file = createRequire(import.meta.url).resolve(`${name}/package.json`);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
