/** What a node makes of what real boxes do to its clients. */
import { openBox } from '@iskra/chaos';
import type { Box } from '@iskra/chaos';
import { connect } from '@iskra/client';
import type { Client, TransportName } from '@iskra/client';
import { createRealtime, memoryStore } from '@iskra/server';
import type { SystemEvent } from '@iskra/server';
import { serve } from '@iskra/server/node';
import type { Serving } from '@iskra/server/node';
import { afterEach, beforeEach, expect, test } from 'vitest';

let server: Serving;
let box: Box;
const clients: Client[] = [];
const patterns: SystemEvent[] = [];

beforeEach(async () => {
  patterns.splice(0);
  const realtime = createRealtime({ logger: false, node: 'n1' });
  realtime.events.subscribe((event) => {
    if (event.payload.category === 'pattern') patterns.push(event);
  });
  server = await serve(realtime, { port: 0, hostname: '127.0.0.1' });
  box = await openBox({ to: server.url });
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  await box.close();
  await server.close();
});

/** So many clients, one after another. */
async function come(count: number, pause: number, transports: readonly TransportName[]): Promise<void> {
  for (let n = 0; n < count; n++) {
    clients.push(connect(`${box.url}/realtime`, { transports }));
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

test('a box that cuts what is quiet for 4 s is found, with a heartbeat that is short enough (E6)', async () => {
  await box.set('idle=4s');
  await come(5, 1_100, ['websocket']);
  const found = () => patterns.find(({ delta }) => delta === 'idle_cut');
  await expect.poll(found, { timeout: 40_000, interval: 100 }).toBeDefined();
  expect(found()).toMatchObject({
    ...{ delta: 'idle_cut', dimension: 3, lambda: 'shorten_heartbeat' },
    payload: { node: 'n1', network: '127.0.0.0/24', heartbeat: 2_000 },
  });
  const { silence, cuts } = found()!.payload;
  expect(silence).toBeGreaterThan(3_500);
  expect(silence).toBeLessThan(5_000);
  expect(cuts).toBeGreaterThanOrEqual(5);
  expect(found()!.omega).toBeGreaterThan(0.5);
});

test('a proxy that collects answers is found by the event streams that bring nothing (E6)', async () => {
  await box.set('buffer');
  await come(3, 100, ['sse', 'polling']);
  await expect
    .poll(() => patterns, { timeout: 40_000, interval: 100 })
    .toMatchObject([
      {
        ...{ delta: 'buffering_proxy', dimension: 3, omega: 0.88, lambda: 'switch_off_buffering' },
        payload: { network: '127.0.0.0/24', sessions: 3, share: 1 },
      },
    ]);
});

test('nothing is found when a node is replaced in good order, and its clients move to another (E6)', async () => {
  const store = memoryStore();
  const nodes = await Promise.all(
    ['old', 'new'].map(async (node) => {
      const realtime = createRealtime({ logger: false, node, store, secret: 'the same on both' });
      realtime.events.subscribe((event) => {
        if (event.payload.category === 'pattern') patterns.push(event);
      });
      return { realtime, server: await serve(realtime, { port: 0, hostname: '127.0.0.1' }) };
    }),
  );
  const balancer = await openBox({ to: nodes.map(({ server: { url } }) => url), profile: 'round-robin' });
  for (let n = 0; n < 40; n++) {
    const transports = [(['websocket', 'sse', 'long-poll'] as const)[n % 3]!];
    clients.push(connect(`${balancer.url}/realtime`, { transports }));
  }
  const connected = () => clients.filter(({ status }) => status.state === 'connected').length;
  await expect.poll(connected, { timeout: 20_000 }).toBe(40);
  const [old, fresh] = nodes;
  await old!.realtime.drain({ spread: 2_000, timeout: 30_000 });
  await expect.poll(connected, { timeout: 20_000 }).toBe(40);
  expect(fresh!.realtime.activeConnections).toBeGreaterThan(20);
  expect(patterns).toEqual([]);
  await Promise.all(clients.splice(0).map((client) => client.close()));
  await balancer.close();
  for (const { server: each } of nodes) await each.close();
});
