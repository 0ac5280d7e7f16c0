import { describe, expect, test } from 'vitest';
import { createFrames } from './frames.js';
import type { Message } from './frames.js';
import { HIDDEN, withoutSecrets } from './hide.js';

const message = (frames: unknown, more: Partial<Message> = {}): Message => ({
  at: 0,
  way: 'down',
  id: 'websocket-1',
  text: typeof frames === 'string' ? frames : JSON.stringify(frames),
  ...more,
});
const said = (text: string) => ({
  delta: 'said',
  dimension: 1,
  omega: 1,
  lambda: 'continue',
  payload: { text },
});
const many = (from: number, to: number): unknown[] =>
  Array.from({ length: to - from + 1 }, (_, at) => ['acked', from + at, 'e', 0]);

describe('frames', () => {
  test('are rows in their order, with what they are about', () => {
    const frames = createFrames(10);
    frames.add(message([['publish', 3, 'room:1', said('hi')]], { way: 'up' }));
    frames.add(
      message([
        ['acked', 3, 'e', 7],
        ['entry', 'room:1', 'e', 12, said('hi')],
      ]),
    );
    expect(frames.rows().map(({ way, tag, about, text }) => [way, tag, about, text])).toEqual([
      ['up', 'publish', 'room:1 · #3 · said', '{"text":"hi"}'],
      ['down', 'acked', '#3', '"e" 7'],
      ['down', 'entry', 'room:1 · 12 · said', '{"text":"hi"}'],
    ]);
  });

  test('are the last ones only, also of a message that has more', () => {
    const frames = createFrames(5);
    frames.add(message(many(1, 3)));
    frames.add(message(many(4, 7)));
    expect(frames.rows().map(({ about }) => about)).toEqual(['#3', '#4', '#5', '#6', '#7']);
    frames.add(message(many(8, 20)));
    expect(frames.rows().map(({ about }) => about)).toEqual(['#16', '#17', '#18', '#19', '#20']);
  });

  test('keep their numbers while others come', () => {
    const frames = createFrames(4);
    frames.add(message(many(1, 2)));
    const [, second] = frames.rows();
    frames.add(message(many(3, 4)));
    expect(frames.rows()[1]).toBe(second);
    expect(new Set(frames.rows().map(({ number }) => number)).size).toBe(4);
  });

  test('are bounded in characters as well', () => {
    const frames = createFrames(500);
    for (let at = 0; at < 10; at++) frames.add(message([['entry', 'a', 'e', at, said('x'.repeat(500_000))]]));
    expect(frames.rows().length).toBeLessThan(5);
    expect(frames.rows().at(-1)!.about).toBe('a · 9 · said');
  });

  test('are found by what is in them, and cleared', () => {
    const frames = createFrames(500);
    frames.add(
      message([
        ['ping', 1],
        ['entry', 'room:1', 'e', 1, said('Привіт')],
      ]),
    );
    expect(frames.rows('привіт').map(({ tag }) => tag)).toEqual(['entry']);
    expect(frames.rows(' ROOM:1 ')).toHaveLength(1);
    expect(frames.rows('nowhere')).toEqual([]);
    expect(frames.rows('-ping').map(({ tag }) => tag)).toEqual(['entry']);
    expect(frames.rows('entry -room:1')).toEqual([]);
    expect(frames.rows(' - ')).toHaveLength(2);
    frames.clear();
    expect(frames.rows()).toEqual([]);
  });

  test('show what is no message as it came', () => {
    const frames = createFrames(500);
    frames.add(message('<html>Please log in</html>'));
    frames.add(message([null, 7, []]));
    expect(frames.rows().map(({ tag }) => tag)).toEqual(['no message', 'null', '7', 'undefined']);
    expect(frames.rows()[0]!.text).toBe('<html>Please log in</html>');
  });
});

describe('secrets', () => {
  test('of the wire are hidden', () => {
    const secret = 'opensesame';
    const frames = [
      [
        'hello',
        { version: 1, nonce: secret, key: secret, auth: { any: secret }, cursors: { key: ['e', 1] } },
      ],
      ['continue', { nonce: secret, key: secret, generation: 1 }],
      ['welcome', { delta: 'connection_established', payload: { session: 's', key: secret, generation: 1 } }],
      ['auth', secret],
    ];
    const shown = frames.map(withoutSecrets);
    expect(JSON.stringify(shown)).not.toContain(secret);
    expect(shown[0]).toMatchObject(['hello', { version: 1, nonce: HIDDEN, key: HIDDEN, auth: HIDDEN }]);
    expect(shown[2]).toMatchObject(['welcome', { payload: { session: 's', key: HIDDEN, generation: 1 } }]);
  });

  test('of an application are hidden by their names, and nothing else is', () => {
    const payload = {
      key: 'ArrowUp',
      password: 'a',
      list: [{ accessToken: 'b', 'X-API-Key': 'c', note: 'd' }],
    };
    expect(withoutSecrets(['publish', 1, 'room:1', { delta: 'x', payload }])[3]).toEqual({
      delta: 'x',
      payload: {
        key: 'ArrowUp',
        password: HIDDEN,
        list: [{ accessToken: HIDDEN, 'X-API-Key': HIDDEN, note: 'd' }],
      },
    });
  });

  test('are neither in a row nor found by the filter', () => {
    const frames = createFrames(500);
    frames.add(message([['hello', { key: 'opensesame' }]], { way: 'up' }));
    expect(JSON.stringify(frames.rows())).not.toContain('opensesame');
    expect(frames.rows('opensesame')).toEqual([]);
  });

  test('cost no stack, however deep something is', () => {
    const deep = JSON.parse(`${'['.repeat(5_000)}${']'.repeat(5_000)}`) as unknown;
    expect(() => withoutSecrets(['entry', deep])).not.toThrow();
  });
});
