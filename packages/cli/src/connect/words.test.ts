import { describe, expect, test } from 'vitest';
import { readWord } from './words.js';
import type { Word } from './words.js';

const said = (text: string): Word => ({ do: 'publish', delta: 'said', payload: { text } });

test.each<[string, Word]>([
  ['', { do: 'nothing' }],
  ['   ', { do: 'nothing' }],
  ['hello there', said('hello there')],
  ['//etc/hosts', said('/etc/hosts')],
  ['/subscribe room:lobby', { do: 'subscribe', channel: 'room:lobby', last: undefined }],
  ['  /subscribe  room:lobby  20 ', { do: 'subscribe', channel: 'room:lobby', last: 20 }],
  ['/subscribe a 99999', { do: 'subscribe', channel: 'a', last: 10_000 }],
  ['/unsubscribe', { do: 'unsubscribe', channel: undefined }],
  ['/unsubscribe a', { do: 'unsubscribe', channel: 'a' }],
  ['/publish moved', { do: 'publish', delta: 'moved', payload: undefined }],
  ['/publish moved {"x": 1, "y": [2]}', { do: 'publish', delta: 'moved', payload: { x: 1, y: [2] } }],
  ['/request rename "Ada"', { do: 'request', name: 'rename', input: 'Ada' }],
  ['/status', { do: 'status' }],
  ['/quit', { do: 'quit' }],
])('%s', (typed, word) => expect(readWord(typed)).toEqual(word));

describe('what cannot be understood says what can', () => {
  test.each([
    ['/subscrbe a', 'Is /subscrbe /subscribe?'],
    ['/sub a', 'Is /sub /subscribe?'],
    ['/dance', 'There is no /dance; see /help.'],
    ['/', 'There is no /; see /help.'],
    ['/subscribe', 'as in /subscribe room:lobby 20'],
    ['/subscribe @inbox', 'takes the name of a channel'],
    ['/subscribe a b', 'it was "b"'],
    ['/unsubscribe a b', 'takes the name of a channel'],
    ['/publish', 'as in /publish moved {"x":1}'],
    ['/publish moved {x', 'the JSON cannot be read'],
    ['/request', 'as in /request rename'],
    ['/quit now', '/quit takes nothing behind it'],
  ])('%s', (typed, message) =>
    expect(readWord(typed)).toEqual({ do: 'wrong', message: expect.stringContaining(message) as string }),
  );
});
