/** Rules of connections: that they stay, that they are given up, and how they end. */
import assert from 'node:assert/strict';
import type { ClientFrame, Welcome } from '@iskra/protocol/wire';
import type { Page } from '../page.js';
import { schedule } from '../schedule.js';
import type { Schedule } from '../schedule.js';
import { TRANSPORTS } from '../words.js';
import { codesOf, connectionsOf, cut, HELLO, opened, post, request } from './by-hand.js';
import { disconnects, enters, hasRead, isOn, say } from './evidence.js';

const MINUTE = 60_000;
const PAIR = { nodes: 2, store: 'shared' } as const;

export const liveness: readonly Schedule[] = [
  ...TRANSPORTS.map((transport) =>
    schedule(`P50 ${transport}`, 'a page that has nothing to say stays where it is', {}, async (stage) => {
      // No ping of its own keeps the connection alive.
      const page = stage.page('anna', { transports: [transport], pingInterval: 60 * MINUTE });
      await enters(stage, page, 'room', transport);
      await stage.run(10 * MINUTE);
      assert.equal(page.client.explain().attempts.length, 1);
      assert.equal(disconnects(page), 0);
      await say(stage, 'room', 'e1');
      await hasRead(stage, page, 'room', 'e1', transport === 'polling' ? 6_000 : 100);
      const trip = page.client.ping();
      let isBack = false;
      trip.then(
        () => (isBack = true),
        () => {},
      );
      assert(await stage.until(() => isBack, 1_000), 'and its ping is answered (P54)');
    }),
  ),

  schedule(
    'P13 twice',
    'a hello reaches two nodes, and only one of the answers is heard',
    PAIR,
    async (stage) => {
      const hello: ClientFrame = ['hello', { ...HELLO[1], attempt: 'long-poll-1' }];
      const given: unknown[] = [];
      for (const node of stage.nodes) {
        for (const frame of await post(stage, node, 'poll', hello)) {
          if (frame[0] === 'welcome') given.push((frame[1].payload as Welcome).generation);
        }
      }
      assert.deepEqual(given, [1, 1], 'whichever is heard goes on');
    },
  ),

  schedule('P50 answer', 'each heartbeat is answered with its own value', {}, async (stage) => {
    const page = stage.page('anna', { transports: ['websocket'] });
    const [beats, answers] = [new Set<unknown>(), new Set<unknown>()];
    page.way.overhears = ({ by, text }) => {
      for (const [tag, moment] of JSON.parse(text) as unknown[][]) {
        if (by === 'node' && tag === 'ping') beats.add(moment);
        if (by === 'page' && tag === 'pong') answers.add(moment);
      }
    };
    await isOn(stage, page);
    await stage.run(3 * MINUTE);
    assert(beats.size >= 9);
    assert.deepEqual(answers, beats);
  }),

  schedule('P52', 'a poll that nobody answers is given up', {}, async (stage) => {
    const page = stage.page('anna', { transports: ['long-poll'] });
    await enters(stage, page, 'room', 'long-poll');
    cut(page, Infinity, 0);
    await say(stage, 'room', 'e1');
    await hasRead(stage, page, 'room', 'e1', 21_000);
  }),

  schedule(
    'P52 stream',
    'a quiet stream goes silent, and what asks beside it goes to another node',
    PAIR,
    async (stage) => {
      const [first, second] = stage.nodes;
      const page = stage.page('anna', { transports: ['sse'] });
      page.way.to = first;
      await enters(stage, page, 'room', 'sse');
      page.way.to = second;
      await stage.run(MINUTE);
      cut(page, Infinity, Infinity);
      await say(stage, 'room', 'e1');
      // One and a half heartbeats, and one backoff.
      await hasRead(stage, page, 'room', 'e1', 30_700);
    },
  ),

  schedule('P53', 'a node lets go of a page that is gone without a word', {}, async (stage) => {
    const pages = (['websocket', 'sse'] as const).map((transport) =>
      stage.page(transport, { transports: [transport] }),
    );
    for (const page of pages) await isOn(stage, page);
    assert.equal(connectionsOf(stage), 2);
    for (const page of pages) {
      page.actor.kill();
      cut(page, Infinity, Infinity);
    }
    await stage.run(51_000);
    assert.equal(connectionsOf(stage), 0);
  }),

  schedule('P55', 'connections that die before they are proven come ever more rarely', {}, async (stage) => {
    const page = stage.page('anna', { transports: ['websocket'] });
    page.way.webSockets = { how: 'cut', after: 100 };
    await stage.run(2 * MINUTE);
    const { attempts } = page.client.explain();
    assert(attempts.length < 25, `${attempts.length} attempts in two minutes`);
    // Also before the breaker opens (P57).
    const first = attempts[5]!.startedAt - attempts[0]!.startedAt;
    assert(first > 2_500, `six attempts in ${first} ms`);
    assert(attempts.some(({ welcomeAt }) => welcomeAt !== undefined));
  }),

  ...(['websocket', 'sse'] as const).map((transport) =>
    schedule(`P56 ${transport}`, 'a busy stream goes silent without an end', {}, async (stage) => {
      const page = stage.page('anna', { transports: [transport] });
      await enters(stage, page, 'room', transport);
      for (let number = 1; number <= 60; number++) {
        await say(stage, 'room', `e${number}`);
        await stage.run(50);
      }
      cut(page, Infinity, Infinity);
      await say(stage, 'room', 'last');
      await hasRead(stage, page, 'room', 'last', 5_000);
      assert.equal(disconnects(page), 0);
    }),
  ),

  schedule(
    'P56 successor',
    'what takes over from a silent stream is swallowed as well',
    {},
    async (stage) => {
      const page = stage.page('anna', { transports: ['sse'] });
      await enters(stage, page, 'room', 'sse');
      for (let number = 1; number <= 60; number++) {
        await say(stage, 'room', `e${number}`);
        await stage.run(50);
      }
      cut(page, Infinity, Infinity);
      let swallowed = 0;
      page.way.overhears = ({ by, wire }) => {
        if (by === 'page' && wire.carries === 'sse' && ++swallowed === 1) wire.up.hold();
      };
      await say(stage, 'room', 'last');
      await hasRead(stage, page, 'room', 'last', 5_200);
      assert.equal(swallowed, 2);
      assert.equal(disconnects(page), 0);
      await stage.run(MINUTE);
      assert.equal(swallowed, 2, 'and nothing more is attached');
    },
  ),

  schedule(
    'P58',
    'a box keeps the last piece of a stream that is never quiet for long',
    {},
    async (stage) => {
      const page = stage.page('anna', { transports: ['sse', 'long-poll'] });
      page.way.streams = { how: 'one-behind' };
      page.subscribe('room');
      let said = 0;
      for (const end = stage.world.now + 12_000; stage.world.now < end; await stage.run(300))
        await say(stage, 'room', `e${++said}`);
      assert.equal(page.client.explain().current, 'long-poll', 'it is left while it still speaks');
      assert.deepEqual(
        page.client.explain().attempts.map(({ verdict }) => verdict),
        ['sse-one-behind', undefined],
      );
      await hasRead(stage, page, 'room', `e${said}`, 100);
      assert.equal(disconnects(page), 0);
    },
  ),

  schedule(
    'P56 acknowledgement',
    'a send is not acknowledged by a WebSocket that went silent',
    {},
    async (stage) => {
      const page = stage.page('anna', { transports: ['websocket'] });
      await enters(stage, page, 'room', 'websocket');
      await stage.run(500);
      cut(page, Infinity, Infinity);
      const sent = page.publish('room');
      assert(await stage.until(() => sent.end === 'acknowledged', 5_000));
    },
  ),

  schedule('P68', 'a POST is answered while its handler still works', {}, async (stage) => {
    const [node] = stage.nodes;
    const session = await opened(stage, node!);
    const payload = { id: 'slow', takes: 10_000 };
    const slow: ClientFrame = [
      'request',
      1,
      { delta: 'echo', dimension: 1, omega: 1, lambda: 'continue', payload },
    ];
    const posted = request(node!, 'send', ['continue', session], slow);
    await stage.run(2_100);
    assert.deepEqual(posted.answer, []);
    await stage.run(8_000);
    const [answer] = await post(stage, node!, 'send', ['continue', session], slow);
    assert.deepEqual(answer?.slice(0, 2), ['acked', 1]);
    assert.equal(stage.truth.runs.length, 1, 'and its handler ran once');
  }),

  schedule('P64', 'a held poll is answered when a newer one arrives', {}, async (stage) => {
    const [node] = stage.nodes;
    const session = await opened(stage, node!);
    const held = request(node!, 'poll', ['continue', { ...session, wait: 20_000 }]);
    await stage.run(100);
    assert.equal(held.answer, undefined);
    request(node!, 'poll', ['continue', { ...session, wait: 20_000 }]);
    await stage.run(100);
    assert.deepEqual(held.answer, []);
  }),

  schedule(
    'P71',
    'a node that drains says so, answers its polls, and takes nobody new',
    PAIR,
    async (stage) => {
      const [first, second] = stage.nodes;
      const pages = TRANSPORTS.map((transport) => stage.page(transport, { transports: [transport] }));
      for (const { way } of pages) way.to = first;
      for (const page of pages) await isOn(stage, page);
      const warned = new Set<Page>();
      for (const page of pages) {
        page.way.to = second;
        page.way.overhears = ({ by, text }) => {
          if (by === 'node' && text.includes('["drain",')) warned.add(page);
        };
      }
      first!.drain(2_000);
      await stage.run(500);
      // Whoever only polls now and then has no connection that could be told before.
      assert.deepEqual([...warned].map(({ name }) => name).sort(), ['long-poll', 'sse', 'websocket'], 'told');
      await stage.run(3_500);
      assert.equal(first!.core.connections.size, 0, 'all are elsewhere');
      for (const page of pages) assert.equal(disconnects(page), 0);
      const late = await post(stage, first!, 'poll', HELLO);
      assert.deepEqual(codesOf(late), ['drain']);
    },
  ),
];
