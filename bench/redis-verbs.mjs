// What the verbs of the Redis store carry on this machine, and what Redis keeps: `node bench/redis-verbs.mjs`. Starts a
// redis-server of its own, without persistence, and asks it from one process, 1 and 100 questions at a time, for two
// seconds each. The figures of docs/guide/sizing.md come from here.

import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { redisStore } from '@iskra/server/redis';
import { Redis } from 'ioredis';

const port = process.env.REDIS_PORT ?? '7799';
const server = spawn('redis-server', ['--port', port, '--save', '', '--dir', tmpdir()], { stdio: 'ignore' });
process.once('exit', () => server.kill('SIGKILL'));
const store = redisStore({ url: `redis://127.0.0.1:${port}`, timeout: 10_000 });

const info = (section) => execFileSync('redis-cli', ['-p', port, 'info', section], { encoding: 'utf8' });
/** Microseconds of CPU that Redis has used, what it reads and writes included. */
const spent = () =>
  [...info('cpu').matchAll(/used_cpu_(?:sys|user):([\d.]+)/g)].reduce((sum, [, used]) => sum + used * 1e6, 0);
/** Bytes that it holds for its data. */
const held = () => Number(/used_memory:(\d+)/.exec(info('memory'))?.[1]);

const envelope = {
  delta: 'said',
  dimension: 1,
  omega: 1,
  lambda: 'continue',
  payload: { text: 'x'.repeat(120) },
};
const body = JSON.stringify(envelope);
const NODES = 20;
const room = (lane) => `room:${lane % 10}`;
const key = ({ session, claim }, number) => ({ session, claim, number, part: 0 });

const verbs = {
  append: (lane) => store.append(room(lane), body),
  'append for a send': (lane, own, n) => store.append(room(lane), body, key(own, n)),
  touch: (_, { session }) => store.touch(session),
  renew: async (_, { session, claim }, n) => {
    if (n === 1) await store.begin(session, n, claim, 5_000);
    await store.renew(session, claim, 5_000);
  },
  'a send: begin, append, commit': async (lane, own, n) => {
    await store.begin(own.session, n, own.claim, 5_000);
    await store.append(room(lane), body, key(own, n));
    await store.commit(own.session, n, n, own.claim, []);
  },
};

const CROWD = 2_000;
const open = async () => {
  const opened = await store.openSession(randomBytes(16).toString('base64url'), { subject: 'somebody' });
  await store.attach(opened.state.session, undefined, 'websocket-1');
  return opened.state.session;
};

await store.append('warm', body);
const empty = held();
const crowd = await Promise.all(Array.from({ length: CROWD }, open));
const withCrowd = held();
console.log(`a session at rest: ${Math.round((withCrowd - empty) / CROWD)} bytes in Redis`);
const [asked, used] = [spent(), process.cpuUsage()];
await Promise.all(crowd.map((session) => store.watch(`@${session}`)));
const { user, system } = process.cpuUsage(used);
const each = [held() - withCrowd, spent() - asked, user + system].map((sum) => Math.round(sum / CROWD));
console.log(
  `its inbox, subscribed to: ${each[0]} bytes in Redis, once ${each[1]} µs of Redis and ${each[2]} µs of node`,
);
const watched = held();
for (let n = 0; n < 50_000; n += 100) {
  await Promise.all(Array.from({ length: 100 }, (_, at) => store.append(`log:${(n + at) % 100}`, body)));
}
console.log(`an entry of ${body.length} bytes: ${Math.round((held() - watched) / 50_000)} bytes in Redis`);
// Other nodes that have subscribers of one channel, as far as Redis is concerned.
const others = Array.from({ length: NODES }, () => new Redis(Number(port)));
await Promise.all(others.map((other) => other.ssubscribe('iskra:{c:heard}')));
verbs[`append where ${NODES} nodes listen`] = () => store.append('heard', body);
const inboxes = crowd.slice(0, 200).map((session) => `@${session}`);
verbs['heads of 200 inboxes'] = () => store.heads(inboxes);

for (const [name, verb] of Object.entries(verbs)) {
  for (const lanes of [1, 100]) {
    const owns = [];
    for (let lane = 0; lane < lanes; lane++) {
      const opened = await store.openSession(randomBytes(16).toString('base64url'), {});
      owns.push({ session: opened.state.session, claim: `${name} ${lanes} ${lane}` });
    }
    const before = spent();
    const cpu = process.cpuUsage();
    const began = performance.now();
    let done = 0;
    await Promise.all(
      owns.map(async (own, lane) => {
        for (let n = 1; performance.now() < began + 2_000; n++, done++) await verb(lane, own, n);
      }),
    );
    const seconds = (performance.now() - began) / 1_000;
    const { user, system } = process.cpuUsage(cpu);
    const redis = (spent() - before) / done;
    console.log(
      `${name}, ${lanes} at a time: ${Math.round(done / seconds)}/s, node ${((user + system) / done).toFixed(1)} µs each, Redis ${redis.toFixed(1)} µs each`,
    );
  }
}
for (const other of others) other.disconnect();
await store.end();
process.exit(0);
