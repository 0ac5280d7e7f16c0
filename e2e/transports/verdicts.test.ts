/** What a client finds out about its network, and what it does not blame on it. */
import type { TransportName, VerdictCode } from '@iskra/client';
import { describe, expect, it } from 'vitest';
import { inBrowser, inNode } from '../browser/places.js';
import type { Fault } from './proxy.js';
import { eventually, isConnected, newRoom, withRig } from './rig.js';
import type { Client } from './rig.js';

const VERDICTS: readonly [Fault, TransportName, VerdictCode, TransportName][] = [
  ['ws-refuse', 'websocket', 'ws-refused', 'sse'],
  ['ws-swallow', 'websocket', 'ws-silent', 'sse'],
  ['ws-kill', 'websocket', 'ws-killed-early', 'sse'],
  ['sse-refuse', 'sse', 'sse-refused', 'long-poll'],
  ['sse-hold', 'sse', 'sse-buffered', 'long-poll'],
  ['sse-one-behind', 'sse', 'sse-one-behind', 'long-poll'],
  ['poll-cut', 'long-poll', 'poll-cut', 'polling'],
];

const isHeldAgainst = (client: Client, transport: TransportName) =>
  eventually(
    async () => (await client.explain()).transports.find((one) => one.transport === transport)?.verdict,
  );

describe.each([inNode(), inBrowser('Chromium'), inBrowser('Firefox')])('a client in $name', (place) => {
  const rig = withRig(place);

  it.each(VERDICTS)('behind a proxy with %s judges %s as %s and works over %s (T2, T9)', async (...row) => {
    const [fault, transport, verdict, next] = row;
    await rig.proxy.block(fault);
    const client = await rig.open({ transports: [transport, next], patience: 1_000 });
    await isHeldAgainst(client, transport).toBe(verdict);
    await isConnected(client, next);
    const { why, current, attempts } = await client.explain();
    expect({ why, current }).toEqual({ why: verdict, current: next });
    const judged = attempts.find((attempt) => attempt.verdict === verdict);
    expect(judged).toMatchObject({ transport, cure: expect.any(String) as string });
    expect(judged!.omega).toBeGreaterThanOrEqual(0.5);
    expect(await client.publish(newRoom(), 'said', { text: 'works' })).toMatchObject({ ok: true });
  });

  it('blames no transport for a server that is down, and comes back on the best (T2, T7)', async () => {
    // A wait of a known length between two tries, in which the server comes back.
    const client = await rig.open({ random: 0.9, reconnect: { min: 2_000, max: 2_000 } });
    await isConnected(client, 'websocket');
    const next = await rig.another();
    await rig.kill();
    // The first is the one that was connected. On a busy machine another one may have begun beside it, and was left.
    const tried = async () =>
      (await client.explain()).attempts
        .map(({ verdict }) => verdict)
        .filter((verdict) => verdict !== 'left')
        .slice(1);
    await eventually(tried).toEqual(['server-down', 'server-down', 'server-down', 'server-down']);
    expect(await client.explain()).toMatchObject({ phase: 'waiting' });
    await rig.replaceBy(next);

    await isConnected(client, 'websocket');
    const { transports, why } = await client.explain();
    expect(why).toBeUndefined();
    for (const { verdict } of transports.slice(1)) expect(verdict).toBeUndefined();
    expect((await client.report()).transports).toEqual(['websocket']);
  });
});

describe('a server', () => {
  const rig = withRig(inNode());

  it('counts what clients found out about their way, also when they came by another one (P85, S5)', async () => {
    await rig.replaceBy(await rig.another({ times: { heartbeat: 1_000 } }));
    await rig.proxy.block('ws-refuse');
    const clients = await Promise.all(
      [1, 2].map(() => rig.open({ transports: ['websocket', 'sse', 'long-poll'] })),
    );
    for (const client of clients) await isConnected(client, 'sse');
    const numbers = `http://127.0.0.1:${await rig.server.port()}/metrics`;
    const told = async () =>
      [
        ...(await (await fetch(numbers)).text()).matchAll(
          /^iskra_client_verdicts_total(\{.*\}) ([1-9].*)$/gm,
        ),
      ].map(([, labels, count]) => `${labels} ${count}`);
    await eventually(told).toEqual(['{transport="websocket",verdict="ws-refused"} 2']);
    for (const client of clients) expect((await client.status()).unsettled).toBe(0);
  });
});
