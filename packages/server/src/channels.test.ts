import { describe, expect, test } from 'vitest';
import { Channels } from './channels.js';

/** A session that may have three channels, and its connection, when there is one. */
function world(delivers?: string[]) {
  const followed = new Set(delivers);
  const connection = {
    follows: (channel: string) => followed.has(channel),
    get channels() {
      return followed.size;
    },
  };
  const channels = new Channels(() => (delivers === undefined ? [] : [connection]), 3, 1_000);
  return {
    channels,
    take: (...names: string[]) => names.map((name) => channels.take('s', name, 0)),
    drop: (name: string) => channels.drop('s', name, 0),
    /** The connection obeys the outcomes so far. */
    obey(taken: string[], left: string[]) {
      for (const name of left) {
        followed.delete(name);
        channels.obeyed('s', name, 'left');
      }
      for (const name of taken) {
        followed.add(name);
        channels.obeyed('s', name, 'taken');
      }
    },
  };
}

describe('the channels of a session', () => {
  test('are counted without a connection: of a client that only posts', () => {
    const { take, drop } = world();
    expect(take('a', 'b', 'c', 'd', 'a')).toEqual([true, true, true, false, true]);
    drop('b');
    expect(take('d', 'b')).toEqual([true, false]);
  });

  test('are those that its connection delivers, and those that it does not deliver yet', () => {
    const { take, obey } = world(['a']);
    expect(take('a', 'b', 'c', 'd')).toEqual([true, true, true, false]);
    obey(['b', 'c'], []);
    expect(take('c', 'd')).toEqual([true, false]);
  });

  test('make room at once for the next when one is left, though it is delivered for a moment more', () => {
    const { take, drop, obey } = world(['a', 'b', 'c']);
    drop('a');
    expect(take('d', 'e', 'a')).toEqual([true, false, false]);
    drop('d');
    expect(take('a', 'd')).toEqual([true, false]);
    obey(['a'], ['a']);
    expect(take('a', 'b', 'd')).toEqual([true, true, false]);
  });

  test('are made no more by leaving what it never had', () => {
    const { take, drop } = world(['a', 'b', 'c']);
    for (const name of ['x', 'y', 'z']) drop(name);
    expect(take('d')).toEqual([false]);
  });

  test('are those of its cursors when it is attached again (P42)', () => {
    const { channels, take } = world();
    take('a', 'b', 'c');
    channels.forget('s');
    expect(take('d')).toEqual([true]);
  });

  test('are kept between two polls, for what is posted meanwhile', () => {
    const { channels, take } = world();
    channels.keep('s', ['a', 'b'], 0);
    expect(take('a', 'c', 'd')).toEqual([true, true, false]);
    const held = world(['a', 'b']);
    held.channels.keep('s', ['b', 'c'], 0);
    expect(held.take('d', 'e')).toEqual([true, false]);
  });

  test('are forgotten with the session, not before', () => {
    const { channels, take } = world();
    take('a', 'b', 'c');
    channels.sweep(1_000);
    expect(take('d')).toEqual([false]);
    channels.sweep(1_001);
    expect(take('d')).toEqual([true]);
  });
});
