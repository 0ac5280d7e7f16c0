/** Real browsers behind real proxies: each gets through by the best that its proxy allows, and knows why it is no better. */
import type { TransportName, VerdictCode } from '@iskra/client';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Participant } from '../browser/participant.js';
import { inBrowser } from '../browser/places.js';
import type { Remote } from '../browser/remote.js';
import { PROXIES } from '../matrix/proxies/proxies.js';
import type { ProxyName } from '../matrix/proxies/proxies.js';
import { runProxy } from '../matrix/proxies/run.js';
import type { Running } from '../matrix/proxies/run.js';
import { eventually, isConnected, newRoom, upTo, withRig } from './rig.js';
import type { Server } from './rig.js';

/** What it lets through, and what is told of that which it does not. */
const WAYS: readonly [ProxyName, TransportName, Partial<Record<TransportName, VerdictCode>>][] = [
  ['nginx-websocket', 'websocket', {}],
  ['varnish-pipe', 'websocket', {}],
  ['nginx-plain', 'sse', { websocket: 'ws-refused' }],
  ['haproxy-round-robin', 'sse', { websocket: 'ws-refused' }],
  ['apache-deflate', 'sse', { websocket: 'ws-refused' }],
  ['nginx-buffering-gzip', 'long-poll', { websocket: 'ws-refused', sse: 'sse-buffered' }],
];

/** So many numbers go each way, one every so many ms. */
const MANY = 100;
const PACE = 4;

describe.each([inBrowser('Chromium'), inBrowser('Firefox')])('a client in $name', (place) => {
  const rig = withRig(place);
  let proxy: Running | undefined;
  let client: Remote<Participant> | undefined;
  let server: Server;
  beforeAll(async () => {
    // Some of them ask with a host of their own, and the page is of another origin then.
    server = await rig.another({ origins: '*' });
  });
  afterEach(async () => {
    await client?.close();
    await proxy?.close();
    client = proxy = undefined;
  });

  it.each(WAYS)('behind %s is on %s, and loses nothing (Q5)', async (name, transport, because) => {
    const port = await server.does.port();
    proxy = await runProxy(PROXIES[name], [port, port]);
    const origin = `http://127.0.0.1:${proxy.port}`;
    await place.visit(origin);
    client = await place.open({ url: `${origin}/realtime`, patience: 2_000 });
    const [up, down] = [newRoom(), newRoom()];
    const here = client;
    await here.subscribe(down);
    await isConnected(here, transport);
    await Promise.all([
      here.publishNumbers(up, 1, MANY, PACE),
      server.does.publishNumbers(down, 1, MANY, PACE),
    ]);
    await eventually(() => here.numbers(down)).toEqual(upTo(MANY));
    await eventually(async () => (await here.settledNumbers()).acknowledged).toEqual(upTo(MANY));
    expect((await server.does.history(up)).map(({ payload }) => payload['n'])).toEqual(upTo(MANY));

    const { gaps, errors, states } = await here.report();
    expect({ gaps, errors, states }).toEqual({ gaps: [], errors: [], states: ['connecting', 'connected'] });
    // What holds a stream back is known a while later.
    await eventually(async () => {
      const { attempts } = await here.explain();
      const told = attempts.flatMap(({ transport: over, verdict }) =>
        over !== transport && verdict && !/left|superseded/.test(verdict) ? [[over, verdict]] : [],
      );
      return Object.fromEntries(told) as typeof because;
    }).toEqual(because);
  });
});
