/** What every command shares: how wrong use is answered. A message says what was given, what is allowed, and shows a right one. */
import { parseArgs } from 'node:util';
import type { ArgsDef } from 'citty';

/** The command line is wrong. Told without a stack, and ends with exit code 2. */
export class UsageError extends Error {}

/** The command could not do its work. Told without a stack, and ends with exit code 1. */
export class Failure extends Error {}

/**
 * Refuses what the command does not know: an option that is ignored in silence is worse than none. `places`: how many
 * arguments that are no options it takes; by default as many as it has names for.
 */
export function refuseUnknown(
  command: string,
  rawArgs: readonly string[],
  args: ArgsDef,
  places = Object.values(args).filter(({ type }) => type === 'positional').length,
): void {
  const { tokens } = readTokens(rawArgs, args);
  const known = Object.keys(args).filter((name) => args[name]?.type !== 'positional');
  for (const token of tokens) {
    if (token.kind !== 'option' || known.includes(token.name)) continue;
    const close = nearest(token.name, known);
    throw new UsageError(
      `${command} has no option ${token.rawName}. ` +
        (close === undefined
          ? `It knows ${known.map((name) => `--${name}`).join(', ')}.`
          : `Is it --${close}?`),
    );
  }
  const given = tokens.filter((token) => token.kind === 'positional');
  const extra = given[places];
  if (extra !== undefined) {
    throw new UsageError(`${command} does not know what to do with "${extra.value}". See ${command} --help.`);
  }
}

/** The address of a server, however it was written. */
export function serverUrl(command: string, given: string | undefined): URL {
  if (!given) {
    throw new UsageError(`${command} needs the URL of a server, as in ${command} http://localhost:8000.`);
  }
  const written = /^[a-z][a-z\d+.-]*:\/\//i.test(given) ? given : `http://${given}`;
  const url = URL.canParse(written) ? new URL(written) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new UsageError(
      `"${given}" is no address of a server; it looks like http://localhost:8000 or https://chat.example.`,
    );
  }
  return url;
}

/** All values of one option, in order: the parser below the commands keeps the last one only. */
export function valuesOf(name: string, rawArgs: readonly string[], args: ArgsDef): string[] {
  return readTokens(rawArgs, args).tokens.flatMap((token) =>
    token.kind === 'option' && token.name === name ? [token.value ?? ''] : [],
  );
}

/** All arguments that are no options, in order. */
export const placesOf = (rawArgs: readonly string[], args: ArgsDef): string[] =>
  readTokens(rawArgs, args).tokens.flatMap((token) => (token.kind === 'positional' ? [token.value] : []));

/** The value of a flag, else of its environment variable, else undefined; with the name to blame. */
export function setting(
  flag: string,
  value: unknown,
  variable?: string,
): { name: string; value: string } | undefined {
  if (value !== undefined) {
    if (typeof value === 'string' && value !== '') return { name: `--${flag}`, value };
    throw new UsageError(`--${flag} needs a value, as in --${flag} <value>.`);
  }
  const fromEnvironment = variable === undefined ? undefined : process.env[variable];
  // An empty variable is how shells and compose files say "not set".
  return variable !== undefined && fromEnvironment ? { name: variable, value: fromEnvironment } : undefined;
}

/** A whole number within bounds. */
export function whole(
  given: { name: string; value: string } | undefined,
  bounds: { otherwise: number; min: number; max: number; what: string },
): number {
  if (given === undefined) return bounds.otherwise;
  const number = /^\d+$/.test(given.value) ? Number(given.value) : NaN;
  if (number >= bounds.min && number <= bounds.max) return number;
  throw new UsageError(
    `${given.name} is "${given.value}"; it must be ${bounds.what}, from ${bounds.min} to ${bounds.max}.`,
  );
}

/** Of the words that somebody may have meant, the one that is at most two edits away. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const ranked = candidates
    .map((candidate) => ({ candidate, distance: distance(word, candidate) }))
    .sort((a, b) => a.distance - b.distance);
  const [best] = ranked;
  return best !== undefined && best.distance <= 2 ? best.candidate : undefined;
}

function readTokens(rawArgs: readonly string[], args: ArgsDef) {
  const options = Object.entries(args)
    .filter(([, { type }]) => type !== 'positional')
    .map(([name, { type }]) => [name, { type: type === 'boolean' ? 'boolean' : 'string' }] as const);
  return parseArgs({
    args: [...rawArgs],
    options: Object.fromEntries(options),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
}

/** Levenshtein's, for words as short as options are. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
