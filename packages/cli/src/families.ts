/** PURE. What a server tells at its `/metrics`: Prometheus' text format, and the questions that commands have to it. */

export interface Sample {
  /** Of a histogram with its ending: `_bucket`, `_sum` or `_count`. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export type FamilyType = 'counter' | 'gauge' | 'histogram' | 'summary' | 'untyped';

export interface Family {
  readonly type: FamilyType;
  readonly samples: readonly Sample[];
}

/** Families by their names, in the order of the text. */
export type Families = ReadonlyMap<string, Family>;

/** Reads what can be read; lines that are no samples are passed over, so that a newer server has nothing to fear. */
export function readFamilies(text: string): Families {
  const families = new Map<string, { type: FamilyType; samples: Sample[] }>();
  const familyOf = (sample: string): { samples: Sample[] } => {
    const base = sample.replace(ENDING, '');
    const found =
      families.get(sample) ?? (isSpread(families.get(base)?.type) ? families.get(base) : undefined);
    if (found !== undefined) return found;
    const fresh = { type: 'untyped' as const, samples: [] };
    families.set(sample, fresh);
    return fresh;
  };
  for (const line of text.split('\n')) {
    const [, name, type] = TYPE.exec(line) ?? [];
    if (name !== undefined) families.set(name, { type: type as FamilyType, samples: [] });
    const [, sample, labels = '', value = ''] = SAMPLE.exec(line) ?? [];
    if (sample !== undefined)
      familyOf(sample).samples.push({ name: sample, labels: readLabels(labels), value: numberOf(value) });
  }
  return families;
}

/** All samples of a family together; undefined when it is not told. */
export function sumOf(families: Families, name: string): number | undefined {
  const samples = families.get(name)?.samples ?? [];
  return samples.length === 0 ? undefined : samples.reduce((sum, { value }) => sum + value, 0);
}

/** A family by the values of one label; what has no such label is left out. */
export function byLabel(families: Families, name: string, label: string): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { labels, value } of families.get(name)?.samples ?? []) {
    const key = labels[label];
    if (key !== undefined) sums[key] = (sums[key] ?? 0) + value;
  }
  return sums;
}

/** How many observations of a histogram were at most so large, over all its labels: by bound, ascending. */
export function bucketsOf(family: Family): Map<number, number> {
  const counts = new Map<number, number>();
  for (const { name, labels, value } of family.samples) {
    const bound = name.endsWith('_bucket') ? numberOf(labels['le'] ?? '') : NaN;
    if (!Number.isNaN(bound)) counts.set(bound, (counts.get(bound) ?? 0) + value);
  }
  return new Map([...counts].sort(([one], [other]) => one - other));
}

/**
 * The value that a share of the observations did not exceed, as Prometheus' histogram_quantile estimates it: evenly spread
 * within a bucket; the last bound where it lies beyond all. Undefined when nothing was observed.
 */
export function quantile(share: number, buckets: ReadonlyMap<number, number>): number | undefined {
  const all = [...buckets];
  const rank = share * (all.at(-1)?.[1] ?? 0);
  if (!(rank > 0)) return undefined;
  let below = 0;
  let bottom = 0;
  for (const [bound, count] of all) {
    if (count >= rank && bound === Infinity) return bottom;
    if (count >= rank) return bottom + ((bound - bottom) * (rank - below)) / (count - below);
    [below, bottom] = [count, bound];
  }
  return bottom;
}

const TYPE = /^# TYPE (\S+) (counter|gauge|histogram|summary|untyped)$/;
const SAMPLE = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})? (\S+)(?: -?\d+)?$/;
const LABEL = /([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"/g;
const ENDING = /_(bucket|sum|count)$/;

const isSpread = (type: FamilyType | undefined): boolean => type === 'histogram' || type === 'summary';

const readLabels = (text: string): Record<string, string> =>
  Object.fromEntries(
    [...text.matchAll(LABEL)].map(([, name = '', value = '']) => [
      name,
      value.replace(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped)),
    ]),
  );

function numberOf(text: string): number {
  if (/^[+-]?Inf$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  return text === '' ? NaN : Number(text);
}
