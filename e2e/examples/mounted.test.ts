// The examples of servers that are not ours: all transports pass, what is the application's stays its own, and a deploy is noticed by nobody.

import { connect } from '@iskra/client';
import type { TransportName } from '@iskra/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endAll, serving, start } from '../programs.js';
import type { Serving } from '../programs.js';

const TRANSPORTS: readonly TransportName[] = ['websocket', 'sse', 'long-poll', 'polling'];
/** The body parser of the application takes no other type. */
const JSON_BODY = { 'content-type': 'application/json' };

afterAll(endAll);

describe.each(['express', 'fastify', 'http'])('examples/%s', (name) => {
  let server: Serving;
  beforeAll(async () => {
    server = await serving(
      start(process.execPath, [`examples/${name}/server.mjs`], {
        ...{ PORT: '0', HOST: '127.0.0.1', SHUTDOWN_TIMEOUT: '0.3' },
      }),
    );
  });

  const say = async (text: string): Promise<unknown> => {
    const body = JSON.stringify({ text });
    return (await fetch(`${server.url}/say`, { method: 'POST', headers: JSON_BODY, body })).json();
  };

  it.each(TRANSPORTS)(
    'says over %s what a route of the application says, and takes what is said',
    async (transport) => {
      const client = connect(`${server.url}/realtime`, {
        transports: [transport],
        poll: { min: 20, max: 50 },
      });
      const room = client.channel('room:lobby');
      const got: unknown[] = [];
      room.on('said', (payload) => got.push((payload as { text: string }).text));
      await room.subscribe();
      expect(client.status.transport).toBe(transport);
      expect(await say(`by a route, to ${transport}`)).toEqual({ offset: expect.any(Number) as number });
      await room.publish('said', { text: 'by a client' }).settled;
      // Longer than a parser of bodies takes by default is no matter of the parser's.
      await room.publish('said', { text: 'x'.repeat(60_000) }).settled;
      await expect.poll(() => got.length, { timeout: 10_000, interval: 20 }).toBe(3);
      expect(got.slice(0, 2)).toEqual([`by a route, to ${transport}`, 'by a client']);
      await client.close();
    },
  );

  it('leaves the rest to the application', async () => {
    expect(await (await fetch(server.url)).text()).toBe('My application');
  });

  it('ends by itself on SIGTERM, clients or not', async () => {
    const client = connect(`${server.url}/realtime`);
    await client.channel('room:lobby').subscribe();
    server.process.kill('SIGTERM');
    expect(await server.ended).toEqual({ code: 0, signal: null });
    expect(server.stderr).toBe('');
    await client.close();
  });
});
