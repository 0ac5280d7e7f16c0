/** `iskra load`: many clients that speak with each other, what each of them saw, and what it cost the server. */
import type { ConnectOptions } from '@iskra/client';
import { defineCommand } from 'citty';
import type { ArgsDef } from 'citty';
import { INTERRUPTED, interruption } from './interruption.js';
import { createCrowd } from './load/crowd.js';
import type { Crowd } from './load/crowd.js';
import { PROFILES } from './load/plan.js';
import type { Plan, ProfileName } from './load/plan.js';
import { print, progress, reportOn } from './load/report.js';
import { resourcesOf } from './load/resources.js';
import { readAuth, readTarget, readTime, readTransports, TRANSPORTS } from './target.js';
import { Failure, refuseUnknown, setting, UsageError, valuesOf, whole } from './usage.js';

const names = Object.keys(PROFILES) as ProfileName[];

const args = {
  url: { type: 'positional', required: false, description: 'the server, as in http://localhost:8000' },
  profile: {
    type: 'string',
    valueHint: names.join('|'),
    description: `${names.map((name) => `${name} (${PROFILES[name].does})`).join(', ')} [mixed]`,
  },
  clients: { type: 'string', valueHint: 'number', description: 'how many [1000 of connections, else 100]' },
  rate: { type: 'string', valueHint: 'number', description: 'messages a second, of all together' },
  duration: { type: 'string', valueHint: 'time', description: 'how long, once all are there [30s]' },
  ramp: { type: 'string', valueHint: 'number', description: 'new clients a second [100]' },
  size: { type: 'string', valueHint: 'bytes', description: 'filling of each message [32]' },
  transport: {
    type: 'string',
    valueHint: TRANSPORTS.join('|'),
    description: 'over this one; repeatable, then in turns',
  },
  auth: { type: 'string', valueHint: 'json', description: 'the credentials that the application would send' },
  timeout: {
    type: 'string',
    valueHint: 'time',
    description: 'how long the last clients may take to come [15s]',
  },
  flat: {
    type: 'boolean',
    description: "the server's memory must be flat: known after a minute, well after five",
  },
  json: { type: 'boolean', description: 'print one JSON document' },
} satisfies ArgsDef;

export const loadCommand = defineCommand({
  meta: {
    name: 'load',
    description: 'many clients at once: how long all takes, what is lost, and what it costs the server',
  },
  args,
  async run({ rawArgs, args: given }) {
    refuseUnknown('iskra load', rawArgs, args);
    const { url } = readTarget('iskra load', given.url);
    const profile = readProfile(setting('profile', given.profile)?.value);
    const plan = readPlan(profile, given, valuesOf('transport', rawArgs, args));
    const timeout = readTime(setting('timeout', given.timeout), 15_000, 100, 600_000);
    const auth = readAuth(setting('auth', given.auth)?.value);
    const stop = interruption();
    const crowd = createCrowd(url, plan, auth === undefined ? {} : { auth }, stop.signal);
    const resources = resourcesOf(new URL('/metrics', url));
    await resources.begin();
    const shown = show(crowd);
    try {
      await crowd.gather(timeout);
      await resources.speak();
      const began = performance.now();
      await crowd.speak();
      const run = {
        ...{ profile, clients: plan.clients, flat: given.flat === true, stopped: stop.signal.aborted },
        seconds: Math.max(0.001, Math.min(performance.now() - began, plan.duration) / 1_000),
      };
      const report = reportOn(run, crowd.seen, await resources.end());
      shown.end();
      console.log(given.json === true ? JSON.stringify(report, null, 2) : print(report));
      process.exitCode = run.stopped ? INTERRUPTED : report.ok ? 0 : 1;
    } catch (error) {
      shown.end();
      throw new Failure(
        `${url} did not take all clients: ${(error as Error).message}. See what stands in the way: iskra doctor ${url}`,
      );
    } finally {
      resources.stop();
      await crowd.close();
      stop.end();
    }
  },
});

function readProfile(given: string | undefined): ProfileName {
  if (given === undefined) return 'mixed';
  const found = names.find((name) => name === given);
  if (found !== undefined) return found;
  throw new UsageError(`--profile is "${given}"; there are ${names.join(', ')}.`);
}

/** The profile, with what the flags say instead. */
export function readPlan(
  profile: ProfileName,
  given: Record<string, unknown>,
  transports: readonly string[],
): Plan {
  const base: Plan = PROFILES[profile].plan;
  const count = (flag: string, otherwise: number, min: number, max: number, what: string): number =>
    whole(setting(flag, given[flag]), { otherwise, min, max, what });
  return {
    ...base,
    clients: count('clients', base.clients, 1, 50_000, 'a number of clients'),
    ramp: count('ramp', base.ramp, 1, 10_000, 'a number of clients a second'),
    rate: count('rate', base.rate, 0, 100_000, 'a number of messages a second'),
    size: count('size', base.size, 0, 60_000, 'a number of bytes'),
    duration: readTime(setting('duration', given['duration']), base.duration, 100, 86_400_000),
    transports: (readTransports(transports) ?? base.transports) satisfies NonNullable<
      ConnectOptions['transports']
    >,
  };
}

/** To standard error, and only where somebody waits. */
function show(crowd: Crowd): { end(): void } {
  const { stderr } = process;
  if (!stderr.isTTY) return { end() {} };
  const began = performance.now();
  const timer = setInterval(() => {
    const text = progress(crowd.seen, (performance.now() - began) / 1_000);
    stderr.write(`\r\u001b[K${text.slice(0, stderr.columns - 1)}`);
  }, 1_000);
  return {
    end() {
      clearInterval(timer);
      stderr.write('\r\u001b[K');
    },
  };
}
