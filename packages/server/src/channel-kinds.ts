/**
 * PURE. What channels are kept like. A kind is what its log keeps and where a subscription begins; nothing else knows
 * of it, so each has the guarantees of a log for what it keeps, and a gap for what it does not.
 */
import { patternExpression } from '@iskra/protocol/wire';
import type { Contract, Position, Untyped } from '@iskra/protocol/wire';
import type { Head, Retention } from './store.js';

/**
 * - `log`: entries for who comes later and for who was away.
 * - `latest`: the newest entry only, which a subscription begins with. A state, as of a device or a document.
 * - `volatile`: what a running stream and a reconnect need. A subscription begins with what comes next. Cursors of a mouse.
 */
export type ChannelKind = 'log' | 'latest' | 'volatile';

/** What is not said is as the kind has it. */
export type ChannelOptions =
  | ({ kind?: 'log' | 'volatile' } & Partial<Retention>)
  // One entry, however large.
  | { kind: 'latest'; age?: number; entries?: never; bytes?: never };

/** By pattern of the contract. Where two patterns cover a name, the first one counts. */
export type ChannelTable<C extends Contract = Untyped> = C extends { channels: infer Found }
  ? { readonly [Pattern in keyof Found & string]?: ChannelOptions }
  : Readonly<Record<string, ChannelOptions>>;

export interface ChannelKinds {
  kindOf(channel: string): ChannelKind;
  /** Undefined: as the store keeps all others. */
  retentionOf(channel: string): Partial<Retention> | undefined;
}

/** Milliseconds that a state is kept which nobody changes. */
const STATE = 30 * 24 * 3_600_000;
/** Milliseconds behind a session's window. */
const MARGIN = 30_000;

/** @param window milliseconds that a session lives on after its last contact */
export function compileChannels(
  table: Readonly<Record<string, ChannelOptions>>,
  window: number,
): ChannelKinds {
  const defaults: Record<ChannelKind, Partial<Retention>> = {
    log: {},
    latest: { entries: 1, age: STATE },
    // Two reads of a log, so that whoever has to read it once is not behind already.
    volatile: { entries: 256, bytes: 256 * 1024, age: window + MARGIN },
  };
  const rows = Object.entries(table).map(([pattern, { kind = 'log', ...own }]) => {
    check(pattern, kind, own);
    return { expression: patternExpression(pattern), kind, retention: { ...defaults[kind], ...own } };
  });
  // The same table all the time, and few rows: a look costs less than remembering every name.
  const find = (channel: string) => rows.find(({ expression }) => expression.test(channel));
  return {
    kindOf: (channel) => find(channel)?.kind ?? 'log',
    retentionOf: (channel) => find(channel)?.retention,
  };
}

/** Where a subscription begins that asked for so many of the last entries, or for none in particular. */
export function beginning(kind: ChannelKind, { epoch, offset, first }: Head, last?: number): Position {
  const wanted = kind === 'volatile' ? 0 : (last ?? (kind === 'latest' ? 1 : 0));
  return [epoch, Math.max(first - 1, offset - wanted)];
}

/** For those who have no compiler, and for configurations. */
function check(pattern: string, kind: string, own: Partial<Retention>): void {
  const where = `channels["${pattern}"]`;
  if (!['log', 'latest', 'volatile'].includes(kind)) {
    throw new TypeError(`${where} has a kind that there is not; it is one of log, latest and volatile.`);
  }
  for (const [name, value] of Object.entries(own) as [string, unknown][]) {
    if (kind === 'latest' && name !== 'age') {
      throw new TypeError(
        `${where} keeps one entry, as latest does; leave ${name} out, or choose the kind log.`,
      );
    }
    if (!['entries', 'bytes', 'age'].includes(name)) {
      throw new TypeError(`${where} knows no "${name}"; it takes kind, entries, bytes and age (ms).`);
    }
    if (!Number.isSafeInteger(value) || (value as number) < 1) {
      throw new RangeError(`${where}.${name} must be a whole number from 1 on.`);
    }
  }
}
