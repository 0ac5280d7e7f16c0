/** PURE. What a load came to, for people and for programs. */
import type { Histogram } from 'node:perf_hooks';
import type { Seen } from './crowd.js';
import type { Memory, Resources } from './resources.js';

/** Milliseconds; undefined where nothing was measured. */
export interface Times {
  p50: number;
  p90: number;
  p99: number;
  longest: number;
}

export interface Run {
  profile: string;
  clients: number;
  /** Of speaking. */
  seconds: number;
  /** It was ended before its time. */
  stopped: boolean;
  /** The memory of the server has to be flat. */
  flat: boolean;
}

export interface Report extends Omit<Run, 'flat'> {
  /** Whether everybody was there and nothing was lost, doubled or failed; and memory was flat, where that was asked. */
  ok: boolean;
  connected: Record<string, number>;
  away: number;
  sent: number;
  sentPerSecond: number;
  delivered: number;
  deliveredPerSecond: number;
  lost: number;
  doubled: number;
  failed: Record<string, number>;
  /** What the server says that it refused, by code; undefined where it does not tell. Clients try most of it again. */
  refused: Record<string, number> | undefined;
  disconnects: number;
  connecting: Times | undefined;
  delivery: Times | undefined;
  acknowledged: Times | undefined;
  /** This program's own lateness: what it measures has that in it. */
  late: Times | undefined;
  /** The server's own word on it, in bytes; undefined where it does not tell. */
  memory: (Memory & { verdict: Verdict }) | undefined;
  /** Cores of the server in use; undefined where it does not tell. */
  cpu: number | undefined;
}

/** What became of memory; `unknown` where there was too little time to tell. */
export type Verdict = 'flat' | 'grows' | 'unknown';

export function reportOn(run: Run, seen: Seen, resources: Resources | undefined): Report {
  const { flat, ...about } = run;
  const { connected, away, sent, delivered, lost, doubled, failed, disconnects } = seen;
  const memory = resources && { ...resources.memory, verdict: verdictOf(resources.memory) };
  const isWell = away === 0 && lost === 0 && doubled === 0 && Object.keys(failed).length === 0;
  return {
    ...about,
    ok: isWell && (!flat || memory?.verdict === 'flat'),
    ...{ connected, away, sent, delivered, lost, doubled, failed, disconnects },
    sentPerSecond: Math.round(sent / run.seconds),
    deliveredPerSecond: Math.round(delivered / run.seconds),
    connecting: timesOf(seen.connecting),
    delivery: timesOf(seen.delivery),
    acknowledged: timesOf(seen.acknowledged),
    late: timesOf(seen.late),
    memory,
    cpu: resources?.cpu,
    refused: resources?.refused,
  };
}

export function print(report: Report): string {
  const { clients, connected, away, sent, delivered, lost, doubled, failed, disconnects } = report;
  const transports = Object.entries(connected).map(([name, count]) => `${count} ${name}`);
  const refused = report.refused ?? {};
  const rows: [name: string, value: string | undefined][] = [
    ['clients', [`${clients - away} of ${clients}`, ...transports].join(', ')],
    ['connecting', times(report.connecting)],
    ['sent', sent === 0 ? undefined : `${number(sent)}, ${number(report.sentPerSecond)} a second`],
    ['acknowledged', times(report.acknowledged)],
    [
      'delivered',
      sent === 0 ? undefined : `${number(delivered)}, ${number(report.deliveredPerSecond)} a second`,
    ],
    ['delivery', times(report.delivery)],
    ['lost, doubled', `${number(lost)}, ${number(doubled)}`],
    ['failed', byCode(failed)],
    ['refused', byCode(refused)],
    ['disconnects', `${number(disconnects)} that an application would show`],
    ['memory', report.memory && memoryText(report.memory)],
    ['CPU', report.cpu === undefined ? undefined : `${report.cpu.toFixed(2)} of a core`],
    ['this program', report.late && `late by ${times(report.late)}`],
  ];
  const lines = rows.flatMap(([name, value]) =>
    value === undefined ? [] : [`  ${name.padEnd(15)}${value}`],
  );
  return [
    `${report.profile}, ${Math.round(report.seconds)} s${report.stopped ? ', stopped' : ''}: ${report.ok ? 'all is well' : 'something is wrong'}`,
    ...lines,
    ...('rate_limited' in refused ? ['', LIMITED] : []),
  ].join('\n');
}

/** To a server all clients of this program are one address, which no crowd of real people is. */
const LIMITED =
  'The server held this program back: all its clients have one address, or each said too much. What was measured is\n' +
  'its limit. For a load it takes --set limits.requestRate.perSecond=100000 --set limits.requestRate.burst=100000\n' +
  '(HTTP requests of an address), limits.openRate (new sessions) or limits.sendRate (messages of a session).';

/** One line while it goes on. */
export function progress(
  { connected, away, sent, delivered, lost, doubled, delivery }: Seen,
  elapsed: number,
): string {
  const there = Object.values(connected).reduce((sum, count) => sum + count, 0);
  const p99 = timesOf(delivery)?.p99;
  return [
    `${Math.round(elapsed)} s`,
    `${there} clients${away > 0 ? `, ${away} away` : ''}`,
    `${number(sent)} sent`,
    `${number(delivered)} delivered`,
    ...(p99 === undefined ? [] : [`p99 ${p99} ms`]),
    ...(lost + doubled > 0 ? [`${lost} lost, ${doubled} doubled`] : []),
  ].join(' · ');
}

function timesOf(histogram: Histogram): Times | undefined {
  if (histogram.count === 0) return undefined;
  const ms = (microseconds: number): number => Math.round(microseconds / 100) / 10;
  return {
    p50: ms(histogram.percentile(50)),
    p90: ms(histogram.percentile(90)),
    p99: ms(histogram.percentile(99)),
    longest: ms(histogram.max),
  };
}

const verdictOf = ({ trend }: Memory): Verdict =>
  trend === undefined ? 'unknown' : trend.isFlat ? 'flat' : 'grows';

function memoryText({ before, most, after, trend, verdict }: NonNullable<Report['memory']>): string {
  const told = `${megabytes(before)} before, ${megabytes(most)} at most, ${megabytes(after)} at the end`;
  if (trend === undefined) return `${told}; three minutes show whether it grows`;
  const slope = (trend.slope / 1_048_576).toFixed(1);
  return `${told}; ${verdict}: ${slope} MB a minute in the last ${Math.round(trend.seconds)} s`;
}

const byCode = (counts: Record<string, number>): string | undefined =>
  Object.entries(counts)
    .map(([code, count]) => `${number(count)} ${code}`)
    .join(', ') || undefined;
const number = (value: number): string => value.toLocaleString('en-US');
const megabytes = (bytes: number): string => `${Math.round(bytes / 1_048_576)} MB`;
const times = (value: Times | undefined): string | undefined =>
  value &&
  `${value.p50} ms half, ${value.p90} ms 90 %, ${value.p99} ms 99 %, ${value.longest} ms the longest`;
