/** PURE. What a load came to, for people and for programs. */
import type { Histogram } from 'node:perf_hooks';
import type { Seen } from './crowd.js';

/** Milliseconds; undefined where nothing was measured. */
export interface Times {
  p50: number;
  p90: number;
  p99: number;
  longest: number;
}

export interface Report {
  profile: string;
  /** Whether everybody was there and nothing was lost, doubled or failed. */
  ok: boolean;
  clients: number;
  connected: Record<string, number>;
  away: number;
  /** Seconds of speaking. */
  seconds: number;
  sent: number;
  sentPerSecond: number;
  delivered: number;
  deliveredPerSecond: number;
  lost: number;
  doubled: number;
  failed: Record<string, number>;
  disconnects: number;
  connecting: Times | undefined;
  delivery: Times | undefined;
  acknowledged: Times | undefined;
  /** The server's own word on it, in bytes: before, at most and at the end; undefined where it does not tell. */
  memory: { before: number; most: number; after: number } | undefined;
}

export function reportOn(
  profile: string,
  clients: number,
  seen: Seen,
  seconds: number,
  memory: Report['memory'],
): Report {
  const { connected, away, sent, delivered, lost, doubled, failed, disconnects } = seen;
  return {
    profile,
    ok: away === 0 && lost === 0 && doubled === 0 && Object.keys(failed).length === 0,
    ...{ clients, connected, away, seconds, sent, delivered, lost, doubled, failed, disconnects, memory },
    sentPerSecond: Math.round(sent / seconds),
    deliveredPerSecond: Math.round(delivered / seconds),
    connecting: timesOf(seen.connecting),
    delivery: timesOf(seen.delivery),
    acknowledged: timesOf(seen.acknowledged),
  };
}

export function print(report: Report): string {
  const { clients, connected, away, sent, delivered, lost, doubled, failed, disconnects, memory } = report;
  const transports = Object.entries(connected).map(([name, count]) => `${count} ${name}`);
  const failures = Object.entries(failed).map(([code, count]) => `${number(count)} ${code}`);
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
    ['failed', failures.length === 0 ? undefined : failures.join(', ')],
    ['disconnects', `${number(disconnects)} that an application would show`],
    [
      'memory',
      memory &&
        `${megabytes(memory.before)} before, ${megabytes(memory.most)} at most, ${megabytes(memory.after)} at the end`,
    ],
  ];
  const lines = rows.flatMap(([name, value]) =>
    value === undefined ? [] : [`  ${name.padEnd(15)}${value}`],
  );
  return [
    `${report.profile}, ${Math.round(report.seconds)} s: ${report.ok ? 'all is well' : 'something is wrong'}`,
    ...lines,
  ].join('\n');
}

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

const number = (value: number): string => value.toLocaleString('en-US');
const megabytes = (bytes: number): string => `${Math.round(bytes / 1_048_576)} MB`;
const times = (value: Times | undefined): string | undefined =>
  value &&
  `${value.p50} ms half, ${value.p90} ms 90 %, ${value.p99} ms 99 %, ${value.longest} ms the longest`;
