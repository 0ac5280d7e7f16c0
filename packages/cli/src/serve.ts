/** `iskra serve`: a realtime server without a line of code. Everything may be said in it, by everybody. */
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { validTo } from '@iskra/server/node';
import type { Renewal, Serving } from '@iskra/server/node';
import { defineCommand } from 'citty';
import type { ArgsDef } from 'citty';
import { flags, worldOf } from './config/flags.js';
import { loadConfig } from './config/load.js';
import type { Loaded } from './config/load.js';
import { sentences } from './config/mistakes.js';
import type { Config } from './config/schema.js';
import type { World } from './config/world.js';
import { startServing } from './serve/start.js';
import { watch } from './serve/watch.js';
import { Failure, UsageError } from './usage.js';

const args = {
  ...flags,
  watch: { type: 'boolean', description: 'start again when the configuration changes: for development' },
  'watch-path': {
    type: 'string',
    valueHint: 'path',
    description: 'the same, and when this file changes, or anything below this folder; repeatable',
  },
} satisfies ArgsDef;

export const serveCommand = defineCommand({
  meta: { name: 'serve', description: 'start a realtime server' },
  args,
  async run({ rawArgs }) {
    const world = worldOf('iskra serve', rawArgs, args);
    const watched = world.valuesOf('watch-path');
    if (world.valuesOf('watch').length + watched.length > 0) {
      return serveAgainAndAgain(world, ...readWatched(watched));
    }
    const config = good(loadConfig(world));
    await start(config);
    tellLeaving(() => config.shutdown.timeout);
  },
});

/** The configuration, or all that is wrong with it. */
function good({ config, mistakes }: Loaded): Config {
  if (config !== undefined) return config;
  throw new UsageError(sentences(mistakes));
}

async function start(config: Config): Promise<Serving> {
  const serving = await startServing(config, tellRenewal);
  announce(serving, config);
  return serving;
}

/** What is wrong with a change is told, and what was there goes on. */
async function serveAgainAndAgain(
  world: World,
  folders: readonly string[],
  files: readonly string[],
): Promise<void> {
  let loaded = loadConfig(world);
  let serving: Serving | undefined;
  let stop = (): void => {};
  const look = (): void => {
    stop();
    stop = watch([...files, ...loaded.files], folders, () => void (turn = turn.then(restart)));
  };
  const begin = async (config: Config): Promise<void> => {
    serving = undefined;
    serving = await start(config);
  };
  const restart = async (): Promise<void> => {
    loaded = loadConfig(world);
    // Before anything is awaited: what changes meanwhile is the next change.
    look();
    if (loaded.config === undefined) {
      console.error(
        `${sentences(loaded.mistakes)}\niskra goes on as it was, and looks again when a file changes`,
      );
      return;
    }
    console.error('iskra starts again: a file has changed');
    await serving?.close({ timeout: 0, notice: 0 });
    await begin(loaded.config).catch((error: unknown) => {
      if (!(error instanceof Failure)) throw error;
      console.error(`${error.message}\niskra looks again when a file changes`);
    });
  };
  // One after the other.
  let turn = begin(good(loaded));
  look();
  await turn.catch((error: unknown) => {
    stop();
    throw error;
  });
  tellLeaving(() => loaded.config?.shutdown.timeout ?? 0);
}

/** What `--watch-path` names. */
function readWatched(given: readonly string[]): [folders: string[], files: string[]] {
  const folders: string[] = [];
  const files: string[] = [];
  for (const name of given) {
    const stat = name === '' ? undefined : statSync(name, { throwIfNoEntry: false });
    if (stat === undefined) {
      throw new UsageError(
        `--watch-path is "${name}", which is not there; name a file or a folder, as in --watch-path src.`,
      );
    }
    (stat.isDirectory() ? folders : files).push(path.resolve(name));
  }
  return [folders, files];
}

/** To standard error: standard output carries the log and nothing but the log. */
function announce({ url, port }: Serving, { path, tls, metrics }: Config): void {
  const scheme = tls.cert === undefined ? 'ws' : 'wss';
  console.error(
    `iskra is ready at ${url}\n` +
      `  transports  ${url}${path}\n` +
      `  try it      ${scheme}://localhost:${port}/ws/you\n` +
      `  watch it    ${url}/health${metrics ? `  ${url}/metrics` : ''}` +
      (tls.cert === undefined ? '' : `\n  certificate ${goodUntil(readFileSync(tls.cert, 'utf8'))}`),
  );
}

/** @param timeout in ms, when the signal comes */
function tellLeaving(timeout: () => number): void {
  const leave = (): void => {
    const seconds = timeout() / 1000;
    console.error(`iskra is shutting down: clients have ${seconds} s to leave; once more ends it at once`);
  };
  process.once('SIGINT', leave);
  process.once('SIGTERM', leave);
}

function tellRenewal(renewal: Renewal): void {
  console.error(
    renewal.ok
      ? `iskra has a new certificate, good until ${renewal.validTo.toISOString()}`
      : `iskra goes on with the certificate that it has: ${renewal.error.message}`,
  );
}

/** One that is over is no reason not to start: those who look at it say so themselves. */
function goodUntil(cert: string): string {
  const end = validTo(cert);
  const until = `good until ${end.toISOString()}`;
  return end.getTime() > Date.now() ? until : `was ${until}: clients refuse it, renew it`;
}
