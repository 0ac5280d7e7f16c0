/** What a whole client tells its server of its failed attempts (P85). */
import { describe, expect, test } from 'vitest';
import type { ConnectOptions } from './connect.js';
import { connect } from './core.js';
import type { PageSignal } from './environment.js';
import { code, dialogue, envelope, scene } from './testing.js';
import type { Dialogue } from './testing.js';

/** This attempt carries the session, and goes on for a second. */
function settle(d: Dialogue, attempt: number): void {
  d.connect(attempt);
  d.advance(1_000);
  d.hear(attempt, ['ping', 2]);
}

describe('news for the server', () => {
  test('is what ended attempts proved, once something has worked for a second, and each once', () => {
    const d = dialogue({ transports: ['websocket', 'sse'] });
    d.start();
    d.die(1, 1006);
    d.connect(2);
    expect(d.insight.news()).toEqual([]);
    d.advance(1_000);
    d.hear(2, ['ping', 2]);
    expect(d.insight.news()).toEqual([['websocket', 'ws-refused']]);
    expect(d.insight.news()).toEqual([]);
  });

  test('is nothing where no attempt failed', () => {
    const d = dialogue();
    d.start();
    settle(d, 1);
    expect(d.insight.news()).toEqual([]);
  });

  test('is nothing for which there is no cure', () => {
    const d = dialogue({ transports: ['websocket'] });
    d.start();
    d.connect(1);
    d.hear(1, ['close', code('draining', 'reconnect_elsewhere')]);
    settle(d, d.next(1));
    expect(d.explain().attempts[0]?.verdict).toBe('draining');
    expect(d.insight.news()).toEqual([]);
  });

  test('is no probe that fails as before', () => {
    const d = dialogue({ transports: ['websocket', 'sse'] });
    d.start();
    d.die(1, 1006);
    settle(d, 2);
    expect(d.insight.news()).toHaveLength(1);
    d.die(d.next(2), 1006);
    expect(d.explain().attempts.map(({ verdict }) => verdict)).toEqual([
      'ws-refused',
      undefined,
      'ws-refused',
    ]);
    expect(d.insight.news()).toEqual([]);
  });

  test('is what is proved again of a transport that carried the session meanwhile', () => {
    const d = dialogue({ transports: ['websocket'] });
    d.start();
    for (const [attempt, news] of [
      [1, 0],
      [2, 1],
      [3, 1],
    ] as const) {
      settle(d, attempt);
      expect(d.insight.news(), `after attempt ${attempt}`).toHaveLength(news);
      expect(d.insight.news()).toEqual([]);
      d.die(attempt, 1006);
      d.next(attempt);
    }
  });

  test('waits until somebody sees the page, and until it is not parked', () => {
    const d = dialogue({ transports: ['websocket', 'sse'] });
    const page = (signal: PageSignal): void => d.tell({ type: 'pageChanged', signal });
    d.start();
    page('hidden');
    d.die(1, 1006);
    settle(d, 2);
    page('online');
    expect(d.insight.news()).toEqual([]);
    page('parked');
    expect(d.insight.news()).toEqual([]);
    page('visible');
    expect(d.insight.news()).toEqual([]);
    settle(d, d.last().attempt);
    expect(d.insight.news()).toContainEqual(['websocket', 'ws-refused']);
  });
});

describe('a client', () => {
  /** One whose first WebSocket was refused, and whose next one is welcome. */
  async function refused(options: ConnectOptions = {}, open?: Parameters<typeof scene>[1]) {
    const s = await scene(options, open);
    const fail = async (): Promise<void> => {
      const { length } = s.sockets;
      s.sockets.at(-1)!.onclose!({ code: 1006, reason: '' });
      for (let step = 0; s.sockets.length === length; step++) {
        if (step > 100) throw new Error('No other socket is opened.');
        s.clock.advance(1_000);
        await s.turn();
      }
    };
    await fail();
    let inbox = 0;
    return {
      ...s,
      fail,
      settle() {
        s.welcome();
        s.clock.advance(1_000);
        s.hear(['ping', 2]);
      },
      told: () =>
        s.sockets
          .flatMap(({ sent }) => sent.flat())
          .filter(([tag]) => tag === 'request')
          .map(([, number, asked]) => [number, asked] as [number, { delta: string; payload: unknown }])
          .map(([number, { delta, payload }]) => [number, delta, payload]),
      async answer(number: number, outcome: object) {
        s.hear(['entry', '@', 'e', ++inbox, outcome, number], ['acked', number, 'e', inbox]);
        await s.turn();
      },
    };
  }

  test('tells it when it is connected, and not as a message of the application', async () => {
    const r = await refused();
    r.welcome();
    expect(r.told()).toEqual([]);
    r.clock.advance(1_000);
    r.hear(['ping', 2]);
    expect(r.told()).toEqual([[1, '@verdicts', [['websocket', expect.any(String)]]]]);
    expect(r.client.outbox).toEqual([]);
    r.hear(['ping', 3]);
    expect(r.told()).toHaveLength(1);
    await r.answer(1, envelope('reply'));
    expect(r.errors).toEqual([]);
  });

  test('tells what is new when the last was answered', async () => {
    const r = await refused();
    r.settle();
    await r.answer(1, envelope('reply'));
    await r.fail();
    r.settle();
    expect(r.told()).toHaveLength(2);
  });

  test('tells a server no more that does not know what it is', async () => {
    const r = await refused();
    r.settle();
    await r.answer(1, code('not_found', 'correct_input'));
    await r.fail();
    r.settle();
    expect(r.told()).toHaveLength(1);
    expect(r.errors).toEqual([]);
  });

  test('says nothing where there is no room', async () => {
    const r = await refused({ outbox: { messages: 1 } });
    r.client.channel('room').publish('said');
    r.settle();
    await r.turn();
    expect(r.told()).toEqual([]);
    expect(r.errors).toEqual([]);
  });

  test('that is the core alone says nothing', async () => {
    const r = await refused({}, connect as never);
    r.settle();
    expect(r.told()).toEqual([]);
  });
});
