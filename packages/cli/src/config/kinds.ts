/**
 * PURE: the kinds of values that a setting can have. Each says what it takes, in words and as a schema, how a text from an
 * environment or a command line is read, and how a value is written so that it would be read again.
 */
import { z } from 'zod';

export interface Kind<Value = unknown> {
  /** From what stands in a file. A text that is none of its kind fails there. */
  readonly schema: z.ZodType<Value>;
  /** What a value must be, as the rest of a sentence. */
  readonly must: string;
  /** The same, where a table explains what is common to all of its kind. */
  readonly brief?: string;
  /** What stands for a value in a help text. */
  readonly hint: string;
  /** What a text says, in the form in which a file would have it. */
  read(text: string): unknown;
  write(value: Value): string;
  /** Those that there are. */
  readonly words?: readonly string[];
  /** Names a file: relative to where it was named. */
  readonly isFile?: boolean;
}

interface Bounds {
  readonly min: number;
  readonly max: number;
}

export function whole(what: string, { min, max }: Bounds, hint = 'number'): Kind<number> {
  return {
    schema: z.int().min(min).max(max),
    must: `${what}, from ${min} to ${max}`,
    hint,
    read: numberOr,
    write: String,
  };
}

/** In ms. */
export function time(bounds: Bounds): Kind<number> {
  return {
    schema: z
      .union([z.number(), z.string().regex(TIME)])
      .transform((given) => measure(given, TIME, TIME_UNITS, 1_000))
      .refine(within(bounds)),
    must: `a time such as 500ms, 30s or 2m, from ${writeTime(bounds.min)} to ${writeTime(bounds.max)}; a number alone is seconds`,
    brief: `a time, from ${writeTime(bounds.min)} to ${writeTime(bounds.max)}`,
    hint: 'time',
    read: numberOr,
    write: writeTime,
  };
}

/** In bytes. */
export function size(bounds: Bounds): Kind<number> {
  return {
    schema: z
      .union([z.int(), z.string().regex(SIZE)])
      .transform((given) => measure(given, SIZE, SIZE_UNITS, 1))
      .refine(within(bounds)),
    must: `a size such as 64KiB or 1MiB, from ${writeSize(bounds.min)} to ${writeSize(bounds.max)}; a number alone is bytes`,
    brief: `a size, from ${writeSize(bounds.min)} to ${writeSize(bounds.max)}`,
    hint: 'size',
    read: numberOr,
    write: writeSize,
  };
}

/** In any case of letters. */
export function choice<const Word extends string>(words: readonly Word[], hint: string): Kind<Word> {
  return {
    schema: z.enum(words),
    must: `one of ${words.join(', ')}`,
    hint,
    words,
    read: (text) => text.toLowerCase(),
    write: String,
  };
}

export const yesOrNo: Kind<boolean> = {
  schema: z.boolean(),
  must: 'true or false',
  hint: 'true|false',
  read: (text) => WORDS_FOR[text.toLowerCase()] ?? text,
  write: String,
};

export function text(must: string, hint: string, shape: RegExp = /./): Kind<string> {
  return { schema: z.string().regex(shape), must, hint, read: (given) => given, write: String };
}

/** The name of a file, which need not be there yet. */
export const file: Kind<string> = { ...text('the name of a file', 'file'), isFile: true };

/** Texts with commas between, or a list of them in a file. What `read` answers `undefined` to is wrong. */
export function list<Value>(parts: {
  must: string;
  hint: string;
  read(items: readonly string[]): Value | undefined;
  write(value: Value): string;
}): Kind<Value> {
  return {
    schema: z.union([z.string(), z.array(z.string()).min(1)]).transform((given, context): Value => {
      const items = [given].flat().flatMap((one) => one.split(',')).map((one) => one.trim()); // prettier-ignore
      const value = parts.read(items.filter((one) => one !== ''));
      if (value !== undefined) return value;
      context.issues.push({ code: 'custom', input: given, message: parts.must });
      return z.NEVER;
    }),
    must: parts.must,
    hint: parts.hint,
    read: (given) => given,
    write: parts.write,
  };
}

const TIME = /^(\d+(?:\.\d+)?) ?(ms|s|m|h|d)$/;
const TIME_UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const SIZE = /^(\d+(?:\.\d+)?) ?(B|[kK]i?B|[MG]i?B)$/;
const SIZE_UNITS: Readonly<Record<string, number>> = {
  ...{ B: 1, kB: 2 ** 10, KB: 2 ** 10, kiB: 2 ** 10, KiB: 2 ** 10 },
  ...{ MB: 2 ** 20, MiB: 2 ** 20, GB: 2 ** 30, GiB: 2 ** 30 },
};
const WORDS_FOR: Readonly<Record<string, boolean>> = {
  ...{ true: true, yes: true, on: true, 1: true },
  ...{ false: false, no: false, off: false, 0: false },
};

/** A number, where the text is one and nothing else: `1e3` and ` 1` are texts. */
const numberOr = (given: string): unknown => (/^\d+(\.\d+)?$/.test(given) ? Number(given) : given);

const within =
  ({ min, max }: Bounds) =>
  (value: number): boolean =>
    value >= min && value <= max;

function measure(
  given: number | string,
  shape: RegExp,
  units: Readonly<Record<string, number>>,
  alone: number,
): number {
  if (typeof given === 'number') return Math.round(given * alone);
  const [, number = '', unit = ''] = shape.exec(given) ?? [];
  return Math.round(Number(number) * (units[unit] ?? NaN));
}

/** In the largest unit of which it is a whole number. */
function writeIn(units: readonly (readonly [unit: string, worth: number])[], value: number): string {
  const [unit, worth] = units.find(([, worth]) => value >= worth && value % worth === 0) ?? units.at(-1)!;
  return `${value / worth}${unit}`;
}

function writeTime(ms: number): string {
  const units = [['d', 86_400_000], ['h', 3_600_000], ['m', 60_000], ['s', 1_000], ['ms', 1]] as const; // prettier-ignore
  return ms === 0 ? '0s' : writeIn(units, ms);
}

function writeSize(bytes: number): string {
  return writeIn([['GiB', 2 ** 30], ['MiB', 2 ** 20], ['KiB', 2 ** 10], ['B', 1]], bytes); // prettier-ignore
}
