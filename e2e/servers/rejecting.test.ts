/** Many clients of a server that opens every connection and then rejects it: real processes; exact rates are on virtual time, in policy.test.ts. */
import { setTimeout as pass } from 'node:timers/promises';
import { connect } from '@iskra/client';
import type { Client } from '@iskra/client';
import { afterEach, expect, it } from 'vitest';
import { startChild } from '../transports/child.js';
import type { Child } from '../transports/child.js';
import type { RejectVerbs } from './reject.js';

let server: Child<RejectVerbs> | undefined;
const clients: Client[] = [];

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  await server?.kill();
});

it('is asked by 200 clients ever more rarely, and each of them says why (T7, P57)', async () => {
  server = await startChild<RejectVerbs>('servers/reject');
  const url = `http://127.0.0.1:${await server.does.port()}/realtime`;
  for (let client = 0; client < 200; client++) {
    clients.push(connect(url, { reconnect: { min: 20, max: 200 } }));
  }
  await expect
    .poll(() => clients.every((client) => client.explain().breaker !== 'closed'), { timeout: 45_000 })
    .toBe(true);
  const before = await server.does.attempts();
  // Pauses double: a moment later they are longer than the one that is measured.
  await pass(8_000);
  await server.does.attempts();
  await pass(4_000);
  expect(await server.does.attempts()).toBeLessThan(before / 10);
  for (const client of clients) {
    expect(client.status.state).not.toBe('connected');
    expect(client.explain().breaker).not.toBe('closed');
  }
});
