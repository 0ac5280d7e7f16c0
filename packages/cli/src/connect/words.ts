/** PURE. What somebody types into `iskra connect`: a text for the channel, or a word behind a slash. */
import { isReadable } from '@iskra/protocol/wire';
import { nearest } from '../usage.js';

export type Word =
  | { do: 'subscribe'; channel: string; last: number | undefined }
  | { do: 'unsubscribe'; channel: string | undefined }
  | { do: 'publish'; delta: string; payload: unknown }
  | { do: 'request'; name: string; input: unknown }
  | { do: 'members' | 'status' | 'explain' | 'ping' | 'help' | 'quit' | 'nothing' }
  /** It is not understood, for the reason given. */
  | { do: 'wrong'; message: string };

/** In the order in which `/help` shows them. */
export const WORDS = {
  subscribe: ['CHANNEL [LAST]', 'listen there, the last so many entries first; what you type goes there'],
  unsubscribe: ['[CHANNEL]', 'listen there no more'],
  publish: ['DELTA [JSON]', 'publish an envelope to the channel'],
  request: ['NAME [JSON]', 'ask a handler of the server, and print its reply'],
  members: ['', 'who is in the channel'],
  status: ['', 'transport, round trip, voices'],
  explain: ['', 'why this transport: what was tried, and what would cure it'],
  ping: ['', 'the round trip, measured now'],
  help: ['', 'this list'],
  quit: ['', 'leave when everything that was sent has its end'],
} as const satisfies Record<string, readonly [gives: string, does: string]>;

type Name = keyof typeof WORDS;

/** A text that begins with a slash is a word; `//` begins a text with one. */
export function readWord(typed: string): Word {
  const line = typed.trim();
  if (line === '') return { do: 'nothing' };
  if (!line.startsWith('/')) return said(line);
  if (line.startsWith('//')) return said(line.slice(1));
  const [, given = '', rest = ''] = /^\/(\S*)\s*([\s\S]*)$/.exec(line) ?? [];
  const names = Object.keys(WORDS) as Name[];
  const name = names.find((one) => one === given);
  if (name === undefined) {
    const close = nearest(given, names) ?? names.find((one) => given !== '' && one.startsWith(given));
    return wrong(close === undefined ? `There is no /${given}; see /help.` : `Is /${given} /${close}?`);
  }
  return READ[name](rest.trim());
}

const said = (text: string): Word => ({ do: 'publish', delta: 'said', payload: { text } });

const wrong = (message: string): Word => ({ do: 'wrong', message });

const plain =
  (name: 'members' | 'status' | 'explain' | 'ping' | 'help' | 'quit') =>
  (rest: string): Word =>
    rest === '' ? { do: name } : wrong(`/${name} takes nothing behind it.`);

const READ: Record<Name, (rest: string) => Word> = {
  subscribe(rest) {
    const [channel = '', last, ...more] = rest.split(/\s+/);
    if (!isReadable(channel) || more.length > 0)
      return wrong('/subscribe takes the name of a channel, as in /subscribe room:lobby 20.');
    if (last !== undefined && !/^\d{1,5}$/.test(last))
      return wrong(`/subscribe takes how many of the last entries to show, up to 10000; it was "${last}".`);
    return {
      do: 'subscribe',
      channel,
      last: last === undefined ? undefined : Math.min(Number(last), 10_000),
    };
  },
  unsubscribe(rest) {
    if (rest === '') return { do: 'unsubscribe', channel: undefined };
    if (isReadable(rest)) return { do: 'unsubscribe', channel: rest };
    return wrong('/unsubscribe takes the name of a channel, as in /unsubscribe room:lobby.');
  },
  publish: (rest) =>
    withJson(
      rest,
      '/publish takes a delta and its payload, as in /publish moved {"x":1}',
      (delta, payload) => ({
        do: 'publish',
        delta,
        payload,
      }),
    ),
  request: (rest) =>
    withJson(
      rest,
      '/request takes a name and its input, as in /request rename {"to":"Ada"}',
      (name, input) => ({
        do: 'request',
        name,
        input,
      }),
    ),
  members: plain('members'),
  status: plain('status'),
  explain: plain('explain'),
  ping: plain('ping'),
  help: plain('help'),
  quit: plain('quit'),
};

/** A name, and JSON behind it that may be missing. */
function withJson(rest: string, example: string, make: (name: string, value: unknown) => Word): Word {
  const [, name = '', json = ''] = /^(\S+)\s*([\s\S]*)$/.exec(rest) ?? [];
  if (name === '') return wrong(`${example}.`);
  if (json === '') return make(name, undefined);
  try {
    return make(name, JSON.parse(json));
  } catch (error) {
    return wrong(`${example}; the JSON cannot be read: ${(error as Error).message}.`);
  }
}
