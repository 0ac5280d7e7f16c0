/** What a server says of its own memory and CPU time at its `/metrics`, while it is under load. */
import { byLabel, readFamilies, sumOf } from '../families.js';
import { trendOf } from './trend.js';
import type { Point, Trend } from './trend.js';

export interface Resources {
  memory: Memory;
  /** Cores in use while clients spoke. */
  cpu: number | undefined;
  /** What it refused meanwhile, by code. */
  refused: Record<string, number>;
}

export interface Memory {
  /** Bytes. */
  before: number;
  most: number;
  after: number;
  /** Bytes a minute, while clients spoke; undefined when that was too short to tell. */
  trend: Trend | undefined;
}

/** Milliseconds between looks. */
const EVERY = 2_000;

interface Look {
  at: number;
  memory: number;
  cpu: number | undefined;
  refusals: Record<string, number>;
}

export function resourcesOf(metrics: URL) {
  let before: Look | undefined;
  let speaking: Look | undefined;
  let most = 0;
  let points: Point[] = [];
  let timer: NodeJS.Timeout | undefined;

  /** Undefined when it does not tell, or not to us. */
  const look = async (): Promise<Look | undefined> => {
    try {
      const response = await fetch(metrics, { signal: AbortSignal.timeout(EVERY) });
      const families = readFamilies(await response.text());
      const memory = sumOf(families, 'process_resident_memory_bytes') ?? 0;
      if (!(memory > 0)) return undefined;
      const at = performance.now();
      most = Math.max(most, memory);
      points.push({ at, value: memory });
      return {
        ...{ at, memory },
        cpu: sumOf(families, 'process_cpu_seconds_total'),
        refusals: byLabel(families, 'iskra_refused_total', 'code'),
      };
    } catch {
      return undefined;
    }
  };

  return {
    /** Before anybody is there. */
    async begin(): Promise<void> {
      before = await look();
      if (before !== undefined) timer = setInterval(() => void look(), EVERY).unref();
    },
    /** Everybody is there: from now on it has to be flat. */
    async speak(): Promise<void> {
      points = [];
      speaking = await look();
    },
    async end(): Promise<Resources | undefined> {
      const after = await look();
      if (before === undefined || after === undefined) return undefined;
      return {
        memory: { before: before.memory, most, after: after.memory, trend: trendOf(points) },
        cpu: coresBetween(speaking, after),
        refused: risen(before.refusals, after.refusals),
      };
    },
    stop: (): void => clearInterval(timer),
  };
}

const coresBetween = (from: Look | undefined, to: Look): number | undefined =>
  from?.cpu === undefined || to.cpu === undefined || to.at <= from.at
    ? undefined
    : ((to.cpu - from.cpu) * 1_000) / (to.at - from.at);

const risen = (from: Record<string, number>, to: Record<string, number>): Record<string, number> =>
  Object.fromEntries(
    Object.entries(to)
      .map(([code, count]) => [code, count - (from[code] ?? 0)] as const)
      .filter(([, count]) => count > 0),
  );
