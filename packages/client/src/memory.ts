/**
 * What was learned of a way through the network, kept from one visit to the next: by server and kind of network, in
 * what the environment has for it, with an expiry. Whatever is kept wrongly or cannot be read counts as nothing.
 */
import { MAX_MESSAGE_BYTES, MIN_ANSWER_BYTES } from '@iskra/protocol/wire';
import type { Environment } from './environment.js';
import type { Learned, Path } from './path.js';
import type { TransportName } from './transports/transport.js';

/** Networks change; a working day is a network, ms. */
export const REMEMBERED = 12 * 3_600_000;

export interface Memory {
  /** Keeps what is known now, if it is new. */
  keep(): void;
}

/**
 * Reads what is known of the way to `url` into `path`, now and whenever the network is another one.
 * @param wallClock ms since 1970: what is kept outlives this process and its clock.
 */
export function remember(
  path: Path,
  url: string,
  transports: readonly TransportName[],
  { storage, network }: Pick<Environment, 'storage' | 'network'>,
  wallClock: () => number = Date.now,
): Memory {
  let key: string | undefined;
  let kept = '';

  const text = (): string => {
    const { heartbeat, first, request, answer } = path;
    return JSON.stringify({ heartbeat, first, request, answer } satisfies Learned);
  };

  const read = (): void => {
    const learned = parse(storage?.read(key!), transports, wallClock());
    path.heartbeat = learned.heartbeat;
    path.first = learned.first;
    path.request = learned.request;
    path.answer = learned.answer;
    kept = text();
  };

  const keep = (): void => {
    const here = `iskra ${url} ${network?.() ?? ''}`;
    if (here !== key) {
      // What was learned elsewhere says nothing of this network.
      key = here;
      return read();
    }
    const now = text();
    if (now === kept) return;
    kept = now;
    storage?.write(key, JSON.stringify({ ...(JSON.parse(now) as Learned), until: wallClock() + REMEMBERED }));
  };

  keep();
  return { keep };
}

/** What a browser has for it. Reading `localStorage` throws where a page may not store anything. */
export function pageMemory(): Pick<Environment, 'storage' | 'network'> {
  const { navigator } = globalThis as { navigator?: { connection?: { type?: string } } };
  return {
    network: () => navigator?.connection?.type ?? '',
    storage:
      'document' in globalThis
        ? {
            read(key) {
              try {
                return localStorage.getItem(key) ?? undefined;
              } catch {
                return undefined;
              }
            },
            write(key, text) {
              try {
                localStorage.setItem(key, text);
              } catch {
                // Full, or forbidden: then it is learned again.
              }
            },
          }
        : undefined,
  };
}

/** It may have been written by anybody, or by another version. */
function parse(text: string | undefined, transports: readonly TransportName[], now: number): Learned {
  try {
    const { heartbeat, first, request, answer, until } = JSON.parse(text ?? '{}') as Record<string, unknown>;
    if (!(Number(until) > now && Number(until) <= now + REMEMBERED)) return {};
    return {
      heartbeat: whole(heartbeat, 1_000, 300_000),
      first: transports.find((one) => one === first),
      request: whole(request, 256, 262_144),
      answer: whole(answer, MIN_ANSWER_BYTES, MAX_MESSAGE_BYTES),
    };
  } catch {
    return {};
  }
}

const whole = (value: unknown, least: number, most: number): number | undefined =>
  Number.isInteger(value) && (value as number) >= least && (value as number) <= most
    ? (value as number)
    : undefined;
