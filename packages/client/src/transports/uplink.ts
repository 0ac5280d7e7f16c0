/**
 * The way up over HTTP: one POST at a time. The session hands over the next
 * message only when this one was answered, and the same sends again when it was
 * not (P36).
 */
import type { Ground } from './transport.js';

/** One request. Plain text, so that no browser asks for a preflight (P60). */
export function post(
  { url, environment }: Ground,
  path: string,
  body: string,
  signal?: AbortSignal,
): Promise<Response> {
  return environment.fetch(`${url}/${path}`, {
    method: 'POST',
    body,
    signal,
    cache: 'no-store',
    // A small request outlives its page; the platform refuses more than 64 KiB of them.
    keepalive: body.length < 8_000 && signal === undefined,
  });
}

export function uplink(ground: Ground): (message: string) => void {
  const { attempt, on } = ground;
  const answered = (status: number, text: string): void =>
    on({ type: 'sendAnswered', attempt, status, text });
  return (message) => {
    post(ground, 'send', message)
      .then(async (response) => answered(response.status, await response.text()))
      .catch((error: unknown) => answered(0, String(error)));
  };
}
