/** What the commands that speak with a server are told alike: where it is, who asks, of which channel, for how long. */
import { duration as inWords } from '@iskra/client/doctor';
import { isChannel } from '@iskra/protocol/wire';
import type { Json } from '@iskra/protocol/wire';
import { serverUrl, UsageError } from './usage.js';

/** The base path of the transports, `/realtime` unless it was given; and the address as it was. */
export function readTarget(command: string, given: unknown): { url: string; target: URL } {
  const target = serverUrl(command, typeof given === 'string' ? given : undefined);
  const path = target.pathname.replace(/\/+$/, '');
  return { url: `${target.origin}${path === '' ? '/realtime' : path}`, target };
}

/** Credentials, as JSON. */
export function readAuth(text: string | undefined): Json | undefined {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as Json;
  } catch {
    // The text itself is not repeated: it is a secret.
    throw new UsageError(
      `--auth is no JSON; a text has quotes of its own, as in --auth '"my token"' or --auth '{"token":"…"}'.`,
    );
  }
}

/** The name of a channel, given as `--channel`. */
export function readChannel(name: string | undefined): string | undefined {
  const allowed: boolean = name === undefined || isChannel(name);
  if (allowed) return name;
  throw new UsageError(
    `--channel is "${name}"; a name has letters, digits and : . _ ~ -, as in --channel room:lobby.`,
  );
}

const UNITS: Readonly<Record<string, number>> = { '': 1, ms: 1, s: 1_000, m: 60_000 };

/** A time with its unit, in ms; a bare number is milliseconds. */
export function readTime(
  given: { name: string; value: string } | undefined,
  otherwise: number,
  min: number,
  max: number,
): number {
  if (given === undefined) return otherwise;
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m|)$/.exec(given.value) ?? [];
  const time = number === '' ? NaN : Number(number) * UNITS[unit]!;
  if (time >= min && time <= max) return time;
  throw new UsageError(
    `${given.name} is "${given.value}"; it must be a time such as 70s, 500ms or 2m, from ${inWords(min)} to ${inWords(max)}.`,
  );
}

/** In order of preference. */
export const TRANSPORTS = ['websocket', 'sse', 'long-poll', 'polling'] as const;

/** The transports that may be used, each given as `--transport`; undefined when none was: all of them. */
export function readTransports(given: readonly string[]): readonly (typeof TRANSPORTS)[number][] | undefined {
  const chosen = given.map((name) => {
    const found = TRANSPORTS.find((one) => one === name);
    if (found !== undefined) return found;
    throw new UsageError(`--transport is "${name}"; there are ${TRANSPORTS.join(', ')}.`);
  });
  return chosen.length > 0 ? chosen : undefined;
}
