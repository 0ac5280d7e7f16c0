import { manualClock } from '@iskra/protocol/testing';
import { expect, test } from 'vitest';
import type { Core } from './core.js';
import type { EventDetail } from './observe/event.js';
import { createMetrics } from './observe/metrics.js';
import { NodeVoices } from './observe/node-voices.js';
import { createPlain } from './plain.js';
import { Pulse } from './pulse.js';
import { CLAIM_LEASE, makeRounds } from './rounds.js';

/** What the heartbeats of its one stream show. */
const WELL = { roundTrip: 10, jitter: 0, missed: 0, failed: 0, switched: 0, proved: 9 };

/** A node whose store answers as the test says. */
function node() {
  const time = manualClock();
  let slept = 0;
  // While a process sleeps nothing is called back; then everything that was due is, once.
  const clock = {
    now: () => time.now() + slept,
    at: (moment: number, callback: () => void) => time.at(moment - slept, callback),
  };
  const told: string[] = [];
  const store = {
    answer: (): Promise<void> => Promise.resolve(),
    ping: (): Promise<void> => store.answer(),
    renew: (session: string, claim: string, lease: number) => {
      told.push(`renew ${session} ${claim} ${lease}`);
      return Promise.resolve();
    },
    sweep: () => Promise.resolve([]),
  };
  const part = { sweep() {} };
  const core = {
    ...{ clock, store, pulse: new Pulse(), opens: part, sends: part, channels: part },
    hub: { checkHeads: () => Promise.resolve() },
    connections: new Set([{ refuse: (code: string) => void told.push(`refuse ${code}`) }]),
    performing: new Set<{ session: string; claim: string }>(),
    metrics: createMetrics(),
    whereabouts: part,
    voices: new NodeVoices(new Set([{ session: 's', measured: WELL }]), clock),
    events: {
      ...part,
      fail() {},
      tell: (name: string, { active_connections: active, evidence }: EventDetail = {}) =>
        void told.push(name === 'store_away' ? `away ${active} after ${evidence}` : name),
    },
  } as unknown as Core;
  const plain = createPlain({ core } as never);
  const stop = makeRounds(core);
  return {
    ...{ core, store, told, stop },
    isReady: async () => (await plain.request('/ready')).status === 200,
    /** Time passes, and what was asked is answered in between. */
    async pass(ms: number) {
      for (let passed = 0; passed < ms; passed += 100) {
        time.advance(100);
        for (let turn = 0; turn < 5; turn++) await Promise.resolve();
      }
    },
    sleep: (ms: number) => void (slept += ms),
  };
}

const fails = (): Promise<void> => Promise.reject(new Error('ECONNREFUSED'));
const hangs = (): Promise<void> => new Promise(() => {});

test.each([
  { answer: fails, does: 'fails' },
  { answer: hangs, does: 'hangs' },
])(
  'a node whose store $does is not ready after some seconds, and its clients are sent elsewhere',
  async ({ answer }) => {
    const { store, told, isReady, pass } = node();
    await pass(3_000);
    store.answer = answer;
    await pass(4_000);
    expect([await isReady(), told]).toEqual([true, []]);
    await pass(2_000);
    expect(await isReady()).toBe(false);
    expect(told.slice(0, 2)).toEqual(['away 1 after 4', 'refuse overload']);

    store.answer = () => Promise.resolve();
    await pass(1_500);
    expect(await isReady()).toBe(true);
    expect(told.filter((line) => !line.startsWith('re'))).toEqual(['away 1 after 4', 'store_back']);
  },
);

test('a node that slept stays ready', async () => {
  const { told, isReady, pass, sleep } = node();
  await pass(1_000);
  sleep(60_000);
  await pass(1_500);
  sleep(60_000);
  expect([await isReady(), told]).toEqual([true, []]);
});

test('what is being performed keeps its claim: two renewals may fail before it runs out', async () => {
  const { core, told, pass, stop } = node();
  core.performing.add({ session: 's', claim: 'c' });
  await pass(CLAIM_LEASE - 100);
  expect(told).toEqual(Array.from({ length: 3 }, () => `renew s c ${CLAIM_LEASE}`));
  stop();
  await pass(10_000);
  expect(told).toHaveLength(3);
});

test('lets whoever is connected feel that the store does not answer, and that it does again', async () => {
  const { core, store, pass } = node();
  await pass(6_000);
  expect(core.voices.of('node')).toMatchObject({ pain: 0, trust: 0.9 });
  store.answer = hangs;
  await pass(6_000);
  expect(core.voices.of('node')?.pain).toBeGreaterThan(0.7);
  store.answer = () => Promise.resolve();
  await pass(240_000);
  expect(core.voices.of('node')?.pain).toBeLessThan(0.1);
});
