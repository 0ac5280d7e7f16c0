/** What happens on a server, read by a client over each transport, with permission. */
import { connect } from '@iskra/client';
import type { TransportName } from '@iskra/client';
import { createRealtime } from '@iskra/server';
import { serve } from '@iskra/server/node';
import { expect, it } from 'vitest';

it.each(['websocket', 'sse', 'long-poll', 'polling'] as const)(
  'is read in @system over %s, by whom it is allowed, and by nobody else (P80)',
  async (transport: TransportName) => {
    const realtime = createRealtime({
      ...{ logger: false, node: 'n1' },
      authenticate: (_request, name) => ({ subject: String(name) }),
      authorize: (_session, action) => action === 'subscribe',
      systemEvents: ({ subject }) => subject === 'operator',
    });
    const serving = await serve(realtime, { port: 0, hostname: '127.0.0.1' });
    const url = `${serving.url}/realtime`;
    const operator = connect(url, { auth: 'operator', transports: [transport] });
    const visitor = connect(url, { auth: 'visitor', transports: [transport] });
    const system = operator.channel('@system');
    const told: unknown[] = [];
    system.on('*', (payload, { envelope: { delta, lambda } }) => told.push({ delta, lambda, payload }));
    await system.subscribe();
    await expect(visitor.channel('@system').subscribe()).rejects.toMatchObject({ code: 'forbidden' });
    // What was refused is told to who may know it, with the session and the connection that it came by.
    await expect.poll(() => told, { timeout: 20_000, interval: 40 }).toHaveLength(1);
    expect(told).toMatchObject([
      {
        ...{ delta: 'forbidden', lambda: 'stop' },
        payload: { node: 'n1', category: 'security', number: 1, generation: 1, field: 'channel' },
      },
    ]);
    await Promise.all([operator.close(), visitor.close()]);
    await serving.close();
  },
);
