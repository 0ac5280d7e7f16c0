import { describe, expect, test } from 'vitest';
import { createPath } from './path.js';
import type { Path } from './path.js';
import { dialogue, envelope } from './testing.js';
import type { Dialogue } from './testing.js';

const publish = (d: Dialogue, text: string): void => {
  d.session.outbox.add('publish', 'room', envelope('said', text));
  d.tell({ type: 'sendAdded' });
};

describe('an answer to a poll that does not come', () => {
  const LEAST = 1_024;
  const polling = (path: Path = createPath()) => {
    const d = dialogue({ transports: ['long-poll'], path });
    d.start();
    d.connect(1);
    return d;
  };
  const asked = (d: Dialogue) => d.last().message[0]![1];

  test('is asked for again at once, and less of it, on the same connection (P69)', () => {
    const d = polling();
    expect(asked(d)).not.toHaveProperty('answer');
    d.die(1, 200);
    expect(asked(d)).toMatchObject({ answer: LEAST, cursors: { '@': ['e', 0] } });
    expect(d.last().message[0]![0]).toBe('continue');
    d.hear(1, ['entry', '@', 'e', 1, envelope('news', 'x'.repeat(900))]);
    expect(asked(d)).toMatchObject({ answer: LEAST, cursors: { '@': ['e', 1] } });
    expect(d.on('long-poll')).toEqual([1]);
    expect(d.closed).toEqual([]);
  });

  test('ends the attempt when nothing small comes either (P69)', () => {
    const d = polling();
    d.die(1, 502);
    d.die(1, 502);
    expect(asked(d)).toMatchObject({ answer: LEAST, entry: LEAST });
    expect(d.closed).toEqual([]);
    d.die(1, 502);
    expect(d.closed).toEqual([1]);
  });

  test('ends the attempt of a client that learns nothing', () => {
    const d = polling({});
    d.die(1, 200);
    expect(d.closed).toEqual([1]);
  });

  test('is opened again with less, without the sends, which come when it is welcome (P36, P69)', () => {
    const d = polling();
    d.die(1, 403);
    publish(d, 'hi');
    d.next();
    expect(d.last().message.map(([tag]) => tag)).toEqual(['hello', 'publish']);
    d.die(2, 502);
    expect(d.last()).toMatchObject({ attempt: 2, message: [['hello', { answer: LEAST, key: 'key-1' }]] });
    expect(d.last().message).toHaveLength(1);
    d.connect(2);
    expect(d.sent.at(-1)!.message.map(([tag]) => tag)).toEqual(['continue', 'publish']);
  });

  test('leaves what it asks of streams as it is', () => {
    const d = dialogue({ transports: ['websocket', 'sse'], path: createPath({ answer: 4_096 }) });
    d.start();
    d.open(1);
    d.next();
    expect(
      [d.sent[0]!.message[0]![1], asked(d)].map((hello) => Object.hasOwn(hello as object, 'answer')),
    ).toEqual([false, false]);
  });

  test('is a gap only where the entry did not come five times (P23, P69)', () => {
    const d = polling();
    d.session.subscribe('room', {});
    d.tell({ type: 'sendAdded' });
    d.answer(1, 200, ['acked', 1, 'e', 1]);
    const outcome = envelope('subscribed', { channel: 'room', position: ['r', 7] });
    d.hear(1, ['entry', '@', 'e', 1, outcome, 1]);
    const skipped = () => {
      d.die(1, 200);
      d.hear(1, ['gap', 'room', 'too_big', ['r', 7], ['r', 8]]);
      return d.session.cursors.get('room');
    };
    d.die(1, 200);
    for (let times = 0; times < 4; times++) expect(skipped()).toEqual(['r', 7]);
    expect(skipped()).toEqual(['r', 8]);
    expect(d.handed()).toEqual(['members', 'gap']);
    expect(d.closed).toEqual([]);
  });

  test('asks for the channels in turn, so that none of them waits for ever', () => {
    const d = polling();
    for (const channel of ['a', 'b']) d.session.subscribe(channel, {});
    d.tell({ type: 'sendAdded' });
    d.answer(1, 200, ['acked', 2, 'e', 2]);
    const outcome = (channel: string, n: number) =>
      ['entry', '@', 'e', n, envelope('subscribed', { channel, position: ['r', 0] }), n] as const;
    d.hear(1, [...outcome('a', 1)], [...outcome('b', 2)]);
    const order = () => Object.keys((asked(d) as { cursors: object }).cursors).filter((one) => one !== '@');
    expect(order()).toEqual(['a', 'b']);
    d.hear(1, ['entry', 'a', 'r', 1, envelope('news')]);
    expect(order()).toEqual(['b', 'a']);
  });
});
