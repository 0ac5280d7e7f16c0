/** What a process had begun when it was killed, or stopped for a while, is done by another one: soon, and once. */
import { connect } from '@iskra/client';
import { afterEach, expect, test } from 'vitest';
import { pause } from '../matrix/speak.js';
import { compiled, endAll, serving, start } from '../programs.js';
import { openDoor } from './door.js';
import { until } from './server.js';
import { follow, headOf, redisFor, storeAt } from './world.js';

afterEach(endAll);

/** Ms of the handler. */
const TAKES = 2_000;
/** Ms until it is answered: the claim of a node that is gone lasts 5 s, then it runs again; and what a busy machine needs. */
const SOON = 5_000 + TAKES + 5_000;

/** The first of two processes is sent a signal inside a handler, and its client goes to the other one. */
async function struckInside(signal: 'SIGKILL' | 'SIGSTOP') {
  const redis = await redisFor();
  const startNode = (name: string) =>
    serving(start(process.execPath, [compiled('rolling/serve-redis'), name], { REDIS_URL: redis.url }));
  const [first, second] = [await startNode('one'), await startNode('two')];
  const door = await openDoor(first.port);
  const client = connect(door.url.replace('redis:', 'http:') + '/realtime');
  try {
    await client.channel('room').subscribe();
    const answered = client.request('work', { takes: TAKES, channel: 'room' }, { timeout: 60_000 });
    const { session = '' } = client.status;
    await until(async () => (await redis.client.hget(`iskra:{s:${session}}:m`, 'c')) !== null);
    first.process.kill(signal);
    const began = performance.now();
    door.leadTo(second.port);
    const answer = await answered;
    const took = performance.now() - began;
    const store = storeAt(redis.url);
    const inbox = async () => (await headOf(store, `@${session}`)).offset;
    const before = await inbox();
    first.process.kill('SIGCONT');
    // What it still had to do takes as long as its handler.
    await pause(TAKES + 1_000);
    const { epoch } = await headOf(store, 'room');
    const done = (await follow(store, 'room', epoch, 0)).filter((body) => body.includes('done'));
    return { answer, took, entries: done.length, late: (await inbox()) - before };
  } finally {
    await client.close();
    await door.end();
  }
}

test.each(['SIGKILL', 'SIGSTOP'] as const)(
  'a request whose process is sent %s inside its handler is answered by another one, which is told so',
  { timeout: 120_000 },
  async (signal) => {
    const { answer, took, entries, late } = await struckInside(signal);
    expect(answer).toEqual({ redelivered: true });
    expect(took).toBeLessThan(SOON);
    expect(entries, 'what both handlers published').toBe(1);
    expect(late, 'outcomes of the one that woke up').toBe(0);
  },
);
