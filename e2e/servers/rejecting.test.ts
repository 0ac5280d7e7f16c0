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
  const rates: number[] = [];
  for (let third = 0; third < 3; third++) {
    await pass(8_000);
    rates.push(await server.does.attempts());
  }
  const [first, second, last] = rates as [number, number, number];
  expect(first).toBeGreaterThan(1_000);
  expect(second).toBeLessThan(first / 2);
  expect(last).toBeLessThan(first / 5);
  for (const client of clients) {
    expect(client.status.state).not.toBe('connected');
    expect(client.explain().breaker).not.toBe('closed');
  }
});
