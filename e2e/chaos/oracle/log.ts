/** PURE. What the server says that it appended: all others are measured by it. */
import type { Position, ServerLine } from '../history.js';
import type { Judge } from './oracle.js';

export type Appended = Extract<ServerLine, { what: 'appended' }>;

export interface KeptLog {
  /** Every entry, of each channel in its order. */
  readonly entries: readonly Appended[];
  at(channel: string, position: Position): Appended | undefined;
  /** The first offset behind `from` and before `to` whose entry the application is told of as an entry. */
  firstBetween(channel: string, epoch: string, from: number, to: number): number | undefined;
  /** The life of the server that this epoch belongs to, as far as anything was appended in it. */
  lifeOf(epoch: string): number | undefined;
  /** Whether a log may have dropped what came before this position, and no more. */
  mayBeginAt(channel: string, position: Position): boolean;
  /** When a life began, ms since 1970. */
  startOf(life: number): number | undefined;
  readonly lives: readonly number[];
}

export const show = ([epoch, offset]: Position): string => `${epoch}:${offset}`;

export function keptLog(server: readonly ServerLine[], retention: number, judge: Judge): KeptLog {
  const entries: Appended[] = [];
  const logs = new Map<string, Appended[]>();
  const epochs = new Map<string, number>();
  const starts = new Map<number, number>();
  const logOf = (channel: string, epoch: string): Appended[] => {
    const key = `${channel} ${epoch}`;
    let log = logs.get(key);
    if (!log) logs.set(key, (log = []));
    return log;
  };
  for (const line of server) {
    if (line.what === 'started') starts.set(line.life, line.at);
    if (line.what !== 'appended') continue;
    const { channel, position, life } = line;
    const [epoch, offset] = position;
    const log = logOf(channel, epoch);
    if (offset !== log.length + 1 || (epochs.get(epoch) ?? life) !== life) {
      judge('log broken', 'server', `${channel} got ${show(position)} behind ${epoch}:${log.length}.`, line);
    }
    epochs.set(epoch, life);
    log[offset - 1] = line;
    entries.push(line);
  }
  const at = (channel: string, [epoch, offset]: Position): Appended | undefined =>
    logOf(channel, epoch)[offset - 1];
  return {
    entries,
    at,
    firstBetween(channel, epoch, from, to) {
      for (let offset = from + 1; offset < to; offset++) {
        const entry = at(channel, [epoch, offset]);
        // Comings and goings are told as a member list.
        if (!entry || !/^member_(joined|left)$/.test(entry.delta)) return offset;
      }
      return undefined;
    },
    lifeOf: (epoch) => epochs.get(epoch),
    mayBeginAt: (channel, [epoch, offset]) =>
      offset === 0 || logOf(channel, epoch).length >= offset + retention,
    startOf: (life) => starts.get(life),
    lives: [...starts.keys()],
  };
}
