/** What two nodes over one Redis make of hooks and of channel kinds, with real clients over every transport. */
import { connect } from '@iskra/client';
import type { TransportName } from '@iskra/client';
import { createRealtime } from '@iskra/server';
import type { Realtime } from '@iskra/server';
import { serve } from '@iskra/server/node';
import type { Serving } from '@iskra/server/node';
import { redisStore } from '@iskra/server/redis';
import { expect, onTestFinished, test } from 'vitest';
import { until } from './server.js';
import { redisFor } from './world.js';

const TRANSPORTS: readonly TransportName[] = ['websocket', 'sse', 'long-poll', 'polling'];

interface Node extends Serving {
  readonly realtime: Realtime;
}

/** Two nodes, and what the hooks of both are told. */
async function twoNodes(window: number) {
  const { url } = await redisFor();
  const told: string[] = [];
  const start = async (name: string): Promise<Node> => {
    const realtime = createRealtime({
      ...{ node: name, logger: false, secret: 'the same for both', times: { window } },
      store: redisStore({ url, window }),
      authenticate: (_request, credentials) => ({ subject: String(credentials) }),
      channels: { 'price:{symbol}': { kind: 'latest' }, 'mouse:{id}': { kind: 'volatile' } },
      hooks: {
        connect: ({ session }) => void told.push(`${session.subject} came`),
        disconnect: ({ session, reason }) => void told.push(`${session.subject}: ${reason}`),
      },
    });
    const serving = await serve(realtime, { port: 0, hostname: '127.0.0.1', shutdownTimeout: 0 });
    onTestFinished(async () => void (await serving.close()));
    return { ...serving, realtime };
  };
  return { told, nodes: [await start('one'), await start('two')] as const };
}

test('a client is given the latest of one kind, and what comes next of the other, over every transport', async () => {
  const { told, nodes } = await twoNodes(60_000);
  const [{ realtime }, { url }] = nodes;
  for (const n of [1, 2, 3]) {
    await realtime.publish('price:a', 'changed', n);
    await realtime.publish('mouse:a', 'moved', n);
  }
  const clients = TRANSPORTS.map((transport) => {
    const client = connect(`${url}/realtime`, { transports: [transport], auth: transport });
    const seen: unknown[] = [];
    const gaps: unknown[] = [];
    for (const [name, delta, options] of [
      ['price:a', 'changed', {}],
      ['mouse:a', 'moved', { last: 9 }],
    ] as const) {
      const channel = client.channel(name);
      channel.on(delta, (payload) => void seen.push(`${delta} ${String(payload)}`));
      channel.onGap((gap) => void gaps.push(gap));
      channel.subscribe(options).catch((error: unknown) => void seen.push(error));
    }
    return { client, seen, gaps };
  });
  await until(() => clients.every(({ seen }) => seen.includes('changed 3')));
  await until(() => clients.every(({ client }) => client.channel('mouse:a').position !== undefined));
  await realtime.publish('mouse:a', 'moved', 4);
  await until(() => clients.every(({ seen }) => seen.includes('moved 4')));
  for (const { seen, gaps } of clients) expect([seen, gaps]).toEqual([['changed 3', 'moved 4'], []]);
  await Promise.all(clients.map(({ client }) => client.close()));
  await until(() => told.length >= 8);
  const all = TRANSPORTS.flatMap((name) => [`${name} came`, `${name}: bye`]);
  expect([...told].sort()).toEqual(all.sort());
});

test('the end of a session whose client and node are gone is told once, by the node that is left', async () => {
  const { told, nodes } = await twoNodes(1_000);
  const [first] = nodes;
  const hello = ['hello', { version: 1, nonce: 'Zk9vY2Q3c0hVbXhQUWJ0Zw', auth: 'ann' }];
  await fetch(`${first.url}/realtime/poll`, { method: 'POST', body: JSON.stringify([hello]) });
  expect(told).toEqual(['ann came']);
  await first.close();
  await until(() => told.length > 1);
  expect(told).toEqual(['ann came', 'ann: timeout']);
});
