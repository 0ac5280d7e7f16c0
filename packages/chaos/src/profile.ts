/** PURE. A profile as it is written, `strip-upgrade,buffer,idle=20s` → what the box is to do. */
import { FAULTS, faultNames, usageOf } from './faults.js';
import type { FaultName, Faults, FaultText, Value } from './faults.js';

/** Faults, as one text with commas or as a list. Empty: none, everything passes. */
export type Profile = string | readonly FaultText[];

/** `unknown_fault`, `wrong_value`, `given_twice`, `exclude_each_other`. */
export type ProfileErrorCode = 'unknown_fault' | 'wrong_value' | 'given_twice' | 'exclude_each_other';

/** The profile cannot be read. Nothing was changed. */
export class ProfileError extends Error {
  override readonly name = 'ProfileError';
  constructor(
    readonly code: ProfileErrorCode,
    /** The part of the profile that is wrong. */
    readonly fault: string,
    message: string,
  ) {
    super(message);
  }
}

/** Reads a profile. Throws a `ProfileError` that says what is wrong, and what is meant or allowed. */
export function parseProfile(profile: Profile): Faults {
  const texts = (typeof profile === 'string' ? profile.split(',') : profile)
    .map((text) => text.trim())
    .filter((text) => text !== '');
  const faults: Partial<Record<FaultName, number>> = {};
  for (const text of texts) {
    const at = text.indexOf('=');
    const name = known(at < 0 ? text : text.slice(0, at).trimEnd(), text);
    if (faults[name] !== undefined) {
      throw new ProfileError('given_twice', text, `The profile has "${name}" twice; which one is to hold?`);
    }
    const rival = (Object.keys(faults) as FaultName[]).find((other) => excludes(name, other));
    if (rival) {
      throw new ProfileError(
        'exclude_each_other',
        text,
        `"${rival}" and "${name}" exclude each other: the box does one thing at that moment. Leave one out, or open two boxes.`,
      );
    }
    faults[name] = valueOf(name, at < 0 ? undefined : text.slice(at + 1), text);
  }
  return faults;
}

function known(name: string, text: string): FaultName {
  if (Object.hasOwn(FAULTS, name)) return name as FaultName;
  const near = nearest(name);
  throw new ProfileError(
    'unknown_fault',
    text,
    `There is no fault "${name}".${near ? ` Is it ${usageOf(near)}?` : ''} There are: ${faultNames.map(usageOf).join(', ')}.`,
  );
}

function excludes(name: FaultName, other: FaultName): boolean {
  const { moment } = FAULTS[name];
  return moment !== undefined && moment === FAULTS[other].moment;
}

function valueOf(name: FaultName, given: string | undefined, text: string): number {
  const { value } = FAULTS[name];
  const wrong = (why: string): ProfileError => new ProfileError('wrong_value', text, why);
  if (!value) {
    if (given === undefined) return 1;
    throw wrong(`"${name}" takes no value, and has "${given}": write ${name}.`);
  }
  if (given === undefined) {
    if (value.otherwise !== undefined) return value.otherwise;
    throw wrong(`"${name}" needs ${KINDS[value.kind].is}, as in ${usageOf(name)}.`);
  }
  const number = KINDS[value.kind].read(given.trim());
  if (number !== undefined) return number;
  throw wrong(`"${name}" has "${given}"; it takes ${KINDS[value.kind].is}, as in ${name}=${value.example}.`);
}

/** A number and a unit of the table, at least `least` of the smallest unit. */
function measured(units: Readonly<Record<string, number>>, least: number, most: number) {
  return (text: string): number | undefined => {
    const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)\s*([a-z%/]*)$/i.exec(text) ?? [];
    const factor = Object.hasOwn(units, unit.toLowerCase()) ? units[unit.toLowerCase()] : undefined;
    if (digits === undefined || factor === undefined) return undefined;
    const number = Number(digits) * factor;
    return number >= least && number <= most ? number : undefined;
  };
}

const BYTES = { '': 1, b: 1, k: 1024, kb: 1024, kib: 1024, m: 1_048_576, mb: 1_048_576, mib: 1_048_576 };
const RATES = Object.fromEntries(
  Object.entries(BYTES).flatMap(([unit, n]) => [
    [unit, n],
    [`${unit}/s`, n],
  ]),
);
const DAY = 86_400_000;

const KINDS: Record<Value['kind'], { is: string; read: (text: string) => number | undefined }> = {
  time: {
    is: 'a time from 1ms to 24h (ms, s, m, h; seconds without a unit)',
    read: measured({ '': 1_000, ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }, 1, DAY),
  },
  size: {
    is: 'a size from 1B to 1024MB (B, kB, MB; bytes without a unit)',
    read: measured(BYTES, 1, 2 ** 30),
  },
  rate: {
    is: 'bytes a second, from 1B to 1024MB (B, kB, MB)',
    read: measured(RATES, 1, 2 ** 30),
  },
  status: {
    is: 'an HTTP status from 400 to 599',
    read: (text) => (/^[45]\d\d$/.test(text) ? Number(text) : undefined),
  },
  share: { is: 'a share from 0% to 100%', read: measured({ '%': 0.01 }, 0, 1) },
};

/** The fault that shares most pairs of letters with the word, if they share enough to mean it. */
function nearest(word: string): FaultName | undefined {
  const pairs = (text: string): Set<string> =>
    new Set(Array.from(text.slice(1), (letter, at) => text.charAt(at) + letter));
  const asked = pairs(word.toLowerCase());
  const ranked = faultNames
    .map((name) => {
      const own = pairs(name);
      const both = [...own].filter((pair) => asked.has(pair)).length;
      return { name, likeness: (2 * both) / (own.size + asked.size) };
    })
    .sort((a, b) => b.likeness - a.likeness);
  const [best] = ranked;
  return best && best.likeness >= 0.4 ? best.name : undefined;
}
