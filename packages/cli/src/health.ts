/** `iskra health`: is a server well? One line for people, an exit code for cron and containers. */
import { defineCommand } from 'citty';
import type { ArgsDef } from 'citty';
import { z } from 'zod';
import { refuseUnknown, serverUrl, setting, whole } from './usage.js';

const args = {
  url: { type: 'positional', required: false, description: 'the server, as in http://localhost:8000' },
  timeout: { type: 'string', valueHint: 'ms', description: 'how long the answer may take [5000]' },
  json: { type: 'boolean', description: 'print the line as JSON' },
} satisfies ArgsDef;

/** The fields that are always there; a server may tell more. */
const Health = z.looseObject({
  status: z.string(),
  active_connections: z.number(),
  shutdown_in_progress: z.boolean(),
  timestamp: z.string(),
});

/** Characters that a health answer can have. */
const LONGEST = 65_536;

export interface Verdict {
  /** Whether to send it clients. */
  ok: boolean;
  state: 'healthy' | 'shutting_down' | 'unreachable' | 'not_iskra';
  url: string;
  /** How long the answer took. */
  milliseconds: number;
  message: string;
  /** What the server said, when it was understood. */
  health?: z.infer<typeof Health>;
}

export const healthCommand = defineCommand({
  meta: { name: 'health', description: 'ask a server how it is' },
  args,
  async run({ rawArgs, args: given }) {
    refuseUnknown('iskra health', rawArgs, args);
    const timeout = whole(setting('timeout', given.timeout), {
      otherwise: 5_000,
      min: 1,
      max: 600_000,
      what: 'a whole number of milliseconds',
    });
    const verdict = await check(healthUrl(given.url), timeout);
    console.log(given.json === true ? JSON.stringify(verdict) : verdict.message);
    process.exitCode = verdict.ok ? 0 : 1;
  },
});

/** The address of a server, however it was written, as that of its `/health`. */
export function healthUrl(given: string | undefined): string {
  const url = serverUrl('iskra health', given);
  const path = url.pathname.replace(/\/+$/, '');
  return `${url.origin}${path.endsWith('/health') ? path : `${path}/health`}`;
}

/** `stop` ends it early, as if nobody answered. */
export async function check(url: string, timeout: number, stop?: AbortSignal): Promise<Verdict> {
  const began = performance.now();
  const say = (state: Verdict['state'], message: string, health?: z.infer<typeof Health>): Verdict => ({
    ok: state === 'healthy',
    state,
    url,
    milliseconds: Math.round(performance.now() - began),
    message,
    ...(health !== undefined && { health }),
  });

  let response: Response;
  let text: string;
  try {
    const late = AbortSignal.timeout(timeout);
    const signal = stop === undefined ? late : AbortSignal.any([late, stop]);
    response = await fetch(url, { signal, redirect: 'error', headers: { connection: 'close' } });
    text = await readStart(response, LONGEST);
  } catch (error) {
    return say('unreachable', `unreachable: ${url} ${reason(error, timeout)}`);
  }
  const health = parse(text);
  if (health === undefined) {
    const type = response.headers.get('content-type') ?? 'no type';
    return say(
      'not_iskra',
      `not understood: ${url} answered ${response.status} with ${type}, not with the JSON of an Iskra server; is the address right?`,
    );
  }
  const { active_connections: count } = health;
  const connections = `${count} ${count === 1 ? 'connection' : 'connections'}`;
  if (health.shutdown_in_progress || health.status !== 'healthy') {
    return say('shutting_down', `shutting down: ${url}, ${connections} left`, health);
  }
  return say(
    'healthy',
    `healthy: ${url}, ${connections}, ${Math.round(performance.now() - began)} ms`,
    health,
  );
}

/** So many characters of a body and little more: whatever is there instead of an answer may be endless. */
export async function readStart(response: Response, most: number): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  if (response.body === null) return text;
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > most) break;
  }
  return text;
}

function parse(text: string): z.infer<typeof Health> | undefined {
  try {
    return Health.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** Why there was no answer. `fetch` hides it in the cause of its error. */
function reason(error: unknown, timeout: number): string {
  const { name, cause } = error as Error & { cause?: { code?: string; message?: string } };
  if (name === 'TimeoutError') return `did not answer within ${timeout} ms`;
  switch (cause?.code) {
    case 'ECONNREFUSED':
      return 'refused the connection; does the server run, and on this port?';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'has a host name that cannot be resolved; is it spelled right?';
    default:
      return `gave no answer (${cause?.code ?? cause?.message ?? (error as Error).message})`;
  }
}
