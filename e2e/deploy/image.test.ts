// The Dockerfile, followed step by step on this machine: what is in the image starts, is healthy, and ends when it is told to.

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect } from '@iskra/client';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { freePort } from '../ports.js';
import { startRedis } from '../redis/server.js';
import { buildImage, openTo } from './image.js';
import type { Image } from './image.js';

const below = mkdtempSync(path.join(tmpdir(), 'iskra-image-'));
const running: ChildProcess[] = [];
let image: Image;

beforeAll(async () => {
  openTo(below);
  image = await buildImage(below);
}, 500_000);
afterEach(async () => {
  for (const child of running.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
});
afterAll(() => rmSync(below, { recursive: true, force: true }));

/** In the image: where it works, with nothing of this environment, and as nobody if that can be. */
function start(command: readonly [string, ...string[]], env: Record<string, string> = {}) {
  const [program, ...args] = command;
  const child = spawn(program, args, {
    cwd: image.folder,
    env: { PATH: process.env['PATH'], ...image.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(process.getuid?.() === 0 && { uid: 65_534, gid: 65_534 }),
  });
  running.push(child);
  const made = { child, said: '' };
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => void (made.said += text));
  }
  return made;
}
const ended = async ({ child }: { child: ChildProcess }): Promise<number | null> => {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.exitCode;
};
const checkHealth = (port: number): Promise<number | null> =>
  ended(start(['sh', '-c', image.healthcheck], { PORT: `${port}` }));

it('has what is needed to run, and nothing that is not', () => {
  const there = readdirSync(path.join(image.folder, 'node_modules'));
  expect(there).toEqual(expect.arrayContaining(['@iskra', 'hono', 'ws', 'zod', 'ioredis']));
  for (const name of ['typescript', 'vitest', 'esbuild', 'playwright-core'])
    expect(there).not.toContain(name);
  // What is ignored was made anew there.
  expect(existsSync(path.join(below, 'build/src/.git'))).toBe(false);
  expect(existsSync(path.join(below, 'build/src/packages/cli/dist/main.js'))).toBe(true);
});

it('runs as somebody without rights, is healthy, shares a Redis, and ends when it is told to', async () => {
  expect(image.user).toBe('node');
  const redis = await startRedis();
  const port = await freePort();
  try {
    const env = {
      PORT: `${port}`,
      HOST: '127.0.0.1',
      REDIS_URL: redis.url,
      SECRET: 'a secret',
      TRUSTED_PROXIES: '1',
    };
    const server = start(image.command, env);
    await expect.poll(() => server.said, { timeout: 40_000 }).toContain('iskra is ready');
    expect(await checkHealth(port)).toBe(0);

    const client = connect(`http://127.0.0.1:${port}/realtime`);
    await client.channel('room:1').publish('said', 'hello').settled;
    await client.close();
    expect(await redis.client.dbsize()).toBeGreaterThan(0);

    server.child.kill('SIGTERM');
    expect(await ended(server), server.said).toBe(0);
    expect(await checkHealth(port)).toBe(1);
  } finally {
    await redis.end();
  }
});

it("has all that a server of the user's asks for", async () => {
  const file = path.join(image.folder, 'server.js');
  writeFileSync(
    file,
    `import { createRealtime } from '@iskra/server';
     import { serve } from '@iskra/server/node';
     import { redisStore } from '@iskra/server/redis';
     import { defineContract } from '@iskra/protocol/wire';
     import { Hono } from 'hono';
     import { z } from 'zod';
     const realtime = createRealtime({
       contract: defineContract({ channels: { 'room:{id}': { said: z.string() } } }),
       logger: false,
     });
     const app = new Hono().get('/', (c) => c.text(typeof redisStore));
     const { url } = await serve(realtime, { port: 0, hostname: '127.0.0.1', app, signals: true });
     console.log('ready at ' + url);`,
  );
  const server = start(['node', 'server.js']);
  await expect.poll(() => server.said, { timeout: 40_000 }).toContain('ready at');
  const [url] = /http:\S+/.exec(server.said)!;
  expect(await (await fetch(url)).text()).toBe('function');
  server.child.kill('SIGTERM');
  expect(await ended(server)).toBe(0);
});
