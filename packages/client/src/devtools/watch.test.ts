import { describe, expect, test } from 'vitest';
import { ALL, code, dialogue, envelope } from '../testing.js';
import type { Dialogue } from '../testing.js';
import type { TransportName } from '../transports/transport.js';
import type { Message } from './frames.js';
import { channelsOf, courseOf, rungsOf, sendsOf, span } from './look.js';
import { watch } from './watch.js';

/** A session in a dialogue, and what is seen of it. */
function watched(transports: readonly TransportName[] = ALL) {
  const d = dialogue({ transports });
  const seen: Omit<Message, 'at'>[] = [];
  const w = watch(
    d.insight,
    (message) => seen.push(message),
    () => {},
  );
  const tell = (events: ReturnType<typeof w.cut>): void => events.forEach(d.tell);
  return { d, w, seen, tell, tags: () => seen.map(({ way, text }) => `${way} ${JSON.parse(text)[0][0]}`) };
}
const rungs = ({ d, w }: Pick<ReturnType<typeof watched>, 'd' | 'w'>) =>
  Object.fromEntries(
    rungsOf(d.explain(), d.status(), w.blocked, d.clock.now()).map(({ transport, state }) => [
      transport,
      state,
    ]),
  );
/** A minute with heartbeats. */
const live = (d: Dialogue, attempt: number): void => {
  for (let beats = 0; beats < 12; beats++) {
    d.advance(5_000);
    d.hear(attempt, ['ping', beats]);
  }
};

describe('a session that is watched', () => {
  test('shows what goes up and comes down, by attempt, and what the application is told', () => {
    const { d, seen, tags } = watched(['websocket']);
    d.start();
    d.connect(1);
    d.session.subscribe('a', {});
    d.tell({ type: 'sendAdded' });
    expect(tags()).toEqual([
      'up hello',
      'down welcome',
      'here connection_established',
      'down ping',
      'up pong',
      'up subscribe',
    ]);
    expect(new Set(seen.flatMap(({ id }) => id || []))).toEqual(new Set(['websocket-1']));
  });

  test('shows the answers of POSTs, and nothing of an attempt that is over', () => {
    const { d, seen } = watched(['sse']);
    d.start();
    d.connect(1);
    d.answer(1, 200, ['acked', 0, 'e', 0]);
    expect(seen.at(-1)!.text).toBe('[["acked",0,"e",0]]');
    const before = seen.length;
    d.hear(99, ['ping', 1]);
    expect(seen).toHaveLength(before);
  });

  test('knows how long sends wait, and counts gaps and round trips', () => {
    const { d, w } = watched(['websocket']);
    d.start();
    d.session.outbox.add('publish', 'a', envelope('said'));
    d.tell({ type: 'sendAdded' });
    d.advance(700);
    expect(sendsOf(d.session.outbox.sends, w.sinceOf, d.clock.now())).toMatchObject([
      { number: 1, tag: 'publish', about: 'a', state: 'queued', age: 700 },
    ]);
    d.connect(1);
    expect(w.roundTrips.length).toBeGreaterThan(0);
    d.session.subscribe('b', {});
    d.hear(1, ['entry', '@', 'e', 1, envelope('subscribed', { channel: 'b', position: ['x', 4] }), 2]);
    d.hear(1, ['gap', 'b', 'trimmed', ['x', 4], ['x', 9]]);
    expect(channelsOf(d.session.cursors, w.gaps, () => [{}])).toEqual([
      { name: '@', position: ['e', 1], members: undefined, gaps: 0 },
      { name: 'b', position: ['x', 9], members: 1, gaps: 1 },
    ]);
  });

  test('is as it was when nobody watches any more', () => {
    const { d, w, seen } = watched(['websocket']);
    w.stop();
    d.start();
    d.connect(1);
    expect(seen).toEqual([]);
    expect(d.status().state).toBe('connected');
  });
});

describe('cut', () => {
  test('loses the connection that carries the session, and the session connects again', () => {
    const { d, w, tell } = watched(['websocket']);
    d.start();
    d.connect(1);
    live(d, 1);
    tell(w.cut());
    expect(d.closed).toEqual([1]);
    expect(d.explain().attempts[0]).toMatchObject({ verdict: 'lost', detail: '0 cut in the devtools' });
    d.connect(d.next());
    expect(d.status()).toMatchObject({ state: 'connected', transport: 'websocket' });
    expect(d.reports()).toEqual(['connection_established', 'connection_lost', 'session_resumed']);
  });

  test('does nothing where there is no connection', () => {
    const { d, w } = watched(['websocket']);
    d.start();
    expect(w.cut()).toEqual([]);
  });
});

describe('block', () => {
  test('refuses the transport at once, and the next one takes over', () => {
    const { d, w, tell } = watched();
    d.start();
    d.connect(1);
    live(d, 1);
    tell(w.block('websocket', true));
    d.connect(d.next());
    expect(d.status().transport).toBe('sse');
    expect(rungs({ d, w })).toMatchObject({ websocket: 'blocked', sse: 'carries', polling: 'not tried' });
    expect(d.on('websocket')).toEqual([1]);
  });

  test('refuses what is tried meanwhile without opening it, until it is let through', () => {
    const { d, w, tell } = watched(['websocket', 'sse']);
    tell(w.block('websocket', true));
    d.start();
    const sse = d.connect(d.last().attempt);
    expect(d.status().transport).toBe('sse');
    expect(d.explain().attempts[0]).toMatchObject({
      verdict: 'ws-refused',
      detail: '0 blocked in the devtools',
    });
    live(d, sse);
    expect(d.on('websocket')).toEqual([]);
    expect(d.explain().attempts.length).toBeGreaterThan(2);
    tell(w.block('websocket', false));
    live(d, sse);
    expect(d.on('websocket')).toHaveLength(1);
  });

  test('ends, when everything is blocked, in waiting, and not in a circle', () => {
    const { d, w, tell } = watched();
    for (const transport of ALL) tell(w.block(transport, true));
    d.start();
    d.advance(5_000);
    expect(d.opened).toEqual([]);
    expect(d.explain().attempts.length).toBeLessThan(50);
  });
});

describe('rungs', () => {
  test('say what each transport is doing', () => {
    const { d, w } = watched(['websocket', 'sse']);
    expect(rungs({ d, w })).toEqual({ websocket: 'not tried', sse: 'not tried' });
    d.start();
    expect(rungs({ d, w })).toEqual({ websocket: 'trying', sse: 'not tried' });
    d.die(1);
    d.connect(d.last().attempt);
    expect(rungs({ d, w })).toEqual({ websocket: 'held back', sse: 'carries' });
    expect(rungsOf(d.explain(), d.status(), w.blocked, d.clock.now())[0]).toMatchObject({
      verdict: 'ws-refused',
      attempts: 1,
    });
  });

  test('hold nothing against a transport that lost the race', () => {
    const { d, w } = watched(['websocket', 'sse']);
    d.start();
    d.advance(300);
    expect(rungs({ d, w })).toEqual({ websocket: 'trying', sse: 'trying' });
    d.connect(1);
    expect(rungs({ d, w })).toEqual({ websocket: 'carries', sse: 'not needed' });
  });

  test('say that a transport worked, when the session is over', () => {
    const { d, w } = watched(['websocket']);
    d.start();
    d.connect(1);
    d.hear(1, ['close', code('forbidden', 'stop')]);
    expect(rungs({ d, w })).toEqual({ websocket: 'worked' });
  });
});

test('what became of an attempt can be read', () => {
  const { d } = watched(['websocket']);
  d.start();
  d.advance(40);
  expect(courseOf(d.explain().attempts[0]!, d.clock.now())).toBe('opening for 40 ms');
  d.connect(1);
  d.advance(90_000);
  expect(courseOf(d.explain().attempts[0]!, d.clock.now())).toMatch(/^welcome in 40 ms, /);
});

test('times can be read', () => {
  expect([3.4, 999, 1_000, 59_900, 240_000].map(span)).toEqual([
    '3 ms',
    '999 ms',
    '1.0 s',
    '59.9 s',
    '4 min',
  ]);
});
