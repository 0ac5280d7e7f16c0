/** PURE. The numbers of a node at one moment: what its metrics say, and how fast it goes since they were read last. */
import { bucketsOf, byLabel, quantile, sumOf } from '../families.js';
import type { Families, Family } from '../families.js';

export interface Figures {
  connections: number | undefined;
  byTransport: Record<string, number>;
  /** Messages a second. */
  received: number | undefined;
  sent: number | undefined;
  /** Envelopes a second that clients published. */
  published: number | undefined;
  /** Refusals a second. */
  refused: number | undefined;
  /** How many since the node began, by code. */
  refusals: Record<string, number>;
  /** Bytes. */
  memory: number | undefined;
  /** Cores in use. */
  cpu: number | undefined;
  /** 0..1 each. */
  voices: Record<string, number>;
  /** What else the server counts under `iskra_`, known here or not. */
  more: Record<string, Measure>;
}

export interface Measure {
  value: number;
  /** `rate`: a second. `p99`: what 99 % did not exceed. `level`: as it is. */
  kind: 'rate' | 'p99' | 'level';
}

export interface Reading {
  readonly families: Families;
  /** When it was read, ms. */
  readonly at: number;
}

/** `before`: the reading before this one, if there was one; without it nothing is known of rates. */
export function figuresOf({ families, at }: Reading, before: Reading | undefined): Figures {
  const seconds = before === undefined ? 0 : (at - before.at) / 1_000;
  const rate = (name: string): number | undefined =>
    before === undefined ? undefined : rateOf(sumOf(families, name), sumOf(before.families, name), seconds);
  return {
    connections: sumOf(families, CONNECTIONS),
    byTransport: byLabel(families, CONNECTIONS, 'transport'),
    received: rate('iskra_messages_received_total'),
    sent: rate('iskra_messages_sent_total'),
    published: rate('iskra_published_total'),
    // Nothing was refused yet where the family has no samples.
    refused:
      before && families.has(REFUSED)
        ? rateOf(sumOf(families, REFUSED) ?? 0, sumOf(before.families, REFUSED) ?? 0, seconds)
        : undefined,
    refusals: byLabel(families, REFUSED, 'code'),
    memory: sumOf(families, 'process_resident_memory_bytes'),
    cpu: rate('process_cpu_seconds_total'),
    voices: voicesOf(families),
    more: moreOf(families, before, seconds),
  };
}

/** Of several nodes together. What cannot be added up is that of the node where it is worst. */
export function together(all: readonly Figures[]): Figures | undefined {
  if (all.length === 0) return undefined;
  const sum = (pick: (one: Figures) => number | undefined): number | undefined => {
    const known = all.flatMap((one) => pick(one) ?? []);
    return known.length === 0 ? undefined : known.reduce((one, other) => one + other, 0);
  };
  return {
    connections: sum(({ connections }) => connections),
    byTransport: merge(
      all.map(({ byTransport }) => byTransport),
      add,
    ),
    received: sum(({ received }) => received),
    sent: sum(({ sent }) => sent),
    published: sum(({ published }) => published),
    refused: sum(({ refused }) => refused),
    refusals: merge(
      all.map(({ refusals }) => refusals),
      add,
    ),
    memory: sum(({ memory }) => memory),
    cpu: sum(({ cpu }) => cpu),
    voices: merge(
      all.map(({ voices }) => voices),
      worseVoice,
    ),
    more: merge(
      all.map(({ more }) => more),
      (one, other) => ({
        kind: one.kind,
        value: one.kind === 'p99' ? Math.max(one.value, other.value) : one.value + other.value,
      }),
    ),
  };
}

const CONNECTIONS = 'iskra_connections';
const REFUSED = 'iskra_refused_total';
/** What has a place of its own. */
const KNOWN = new Set([
  ...[CONNECTIONS, REFUSED, 'iskra_published_total'],
  ...['iskra_messages_sent_total', 'iskra_messages_received_total'],
]);

/** A counter that went back began again with its process. */
function rateOf(now: number | undefined, before: number | undefined, seconds: number): number | undefined {
  if (now === undefined || before === undefined || seconds <= 0) return undefined;
  return (now < before ? now : now - before) / seconds;
}

/** Whatever has a label `voice`: of the node where levels are told apart. */
function voicesOf(families: Families): Record<string, number> {
  const voices: Record<string, number> = {};
  for (const { samples } of families.values())
    for (const { labels, value } of samples) {
      const { voice, level = 'node' } = labels;
      if (voice !== undefined && level === 'node') voices[voice] = worseVoice(voices[voice], value, voice);
    }
  return voices;
}

/** Trust is bad when it is low, every other voice when it is high. */
const worseVoice = (one: number | undefined, other: number, voice: string): number =>
  one === undefined ? other : voice === 'trust' ? Math.min(one, other) : Math.max(one, other);

function moreOf(families: Families, before: Reading | undefined, seconds: number): Record<string, Measure> {
  const more: Record<string, Measure> = {};
  for (const [name, family] of families) {
    const isVoice = family.samples.some(({ labels }) => labels['voice'] !== undefined);
    if (!name.startsWith('iskra_') || KNOWN.has(name) || isVoice) continue;
    const measure = measureOf(name, family, before?.families, seconds);
    if (measure !== undefined && Number.isFinite(measure.value)) more[shortOf(name)] = measure;
  }
  return more;
}

function measureOf(
  name: string,
  family: Family,
  before: Families | undefined,
  seconds: number,
): Measure | undefined {
  const now = new Map([[name, family]]);
  switch (family.type) {
    case 'counter': {
      const value = rateOf(sumOf(now, name), before && sumOf(before, name), seconds);
      return value === undefined ? undefined : { kind: 'rate', value };
    }
    case 'histogram': {
      const buckets = bucketsOf(family);
      const last = before?.get(name);
      const value = quantile(0.99, last ? since(buckets, bucketsOf(last)) : buckets);
      return value === undefined ? undefined : { kind: 'p99', value };
    }
    case 'gauge':
    case 'untyped':
      return { kind: 'level', value: sumOf(now, name) ?? NaN };
    case 'summary':
      return undefined;
  }
}

/** What came since then; all of it where the process began again, or where nothing came: then the past is the best guess. */
function since(now: Map<number, number>, before: ReadonlyMap<number, number>): Map<number, number> {
  const count = (buckets: ReadonlyMap<number, number>): number => Math.max(0, ...buckets.values());
  if (count(now) <= count(before)) return now;
  return new Map([...now].map(([bound, value]) => [bound, value - (before.get(bound) ?? 0)]));
}

const shortOf = (name: string): string => name.replace(/^iskra_/, '').replace(/_total$/, '');

const add = (one: number | undefined, other: number): number => (one ?? 0) + other;

function merge<Value>(
  records: readonly Record<string, Value>[],
  join: (one: Value, other: Value, key: string) => Value,
): Record<string, Value> {
  const merged: Record<string, Value> = {};
  for (const record of records)
    for (const [key, value] of Object.entries(record))
      merged[key] = Object.hasOwn(merged, key) ? join(merged[key]!, value, key) : value;
  return merged;
}
