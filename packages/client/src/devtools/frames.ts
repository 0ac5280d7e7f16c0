/**
 * PURE. The last frames, as rows: what came and went is kept as text, bounded, and read only when somebody looks at it.
 */
import { parseMessage } from '@iskra/protocol/wire';
import { withoutSecrets } from './hide.js';

/** `here`: nothing that went over the wire, but what the application was told by the event `system`. */
export type Way = 'up' | 'down' | 'here';

export interface Message {
  /** Time of day, ms since 1970. */
  readonly at: number;
  readonly way: Way;
  /** The attempt that carried it, as `websocket-1`; empty where none did. */
  readonly id: string;
  readonly text: string;
}

export interface Row {
  /** Grows with each row; tells rows apart. */
  readonly number: number;
  readonly at: number;
  readonly way: Way;
  readonly id: string;
  /** The first of the frame, or the name of the event. */
  readonly tag: string;
  /** What it is about, in a few words. */
  readonly about: string;
  /** The rest of it, as one line. */
  readonly text: string;
  /** All of it, without secrets. */
  readonly frame: readonly unknown[];
}

export type Frames = ReturnType<typeof createFrames>;

/** Characters of all texts together. */
const MOST = 2_000_000;
/** Of a row's line; nobody sees more. */
const LINE = 2_000;
/** More than the frames of a message, so that numbers of rows are apart. */
const STEP = 1_000;

/** Keeps the last `limit` frames. */
export function createFrames(limit: number) {
  let messages: (Message & { readonly number: number; rows?: Row[] })[] = [];
  let length = 0;
  let count = 0;

  return {
    add(message: Message): void {
      messages.push({ ...message, number: ++count * STEP });
      length += message.text.length;
      let first = 0;
      while (messages.length - first > limit || (length > MOST && first < messages.length - 1))
        length -= messages[first++]!.text.length;
      // One by one would move all of them for each that comes.
      if (first > 0) messages = first === 1 ? (messages.shift(), messages) : messages.slice(first);
    },

    /** The last of them, oldest first, that have each of these words in them, and none of those behind a minus. */
    rows(filter = ''): Row[] {
      const words = filter
        .toLowerCase()
        .split(/\s+/)
        .filter((word) => word && word !== '-');
      const found: Row[][] = [];
      let seen = 0;
      for (let at = messages.length - 1; at >= 0 && seen < limit; at--) {
        const message = messages[at]!;
        const rows = (message.rows ??= rowsOf(message, message.number));
        const last = rows.slice(-(limit - seen));
        seen += last.length;
        found.push(words.length > 0 ? last.filter((row) => fits(row, words)) : last);
      }
      return found.reverse().flat();
    },

    /** How many messages there have been. */
    get count() {
      return count;
    },

    clear(): void {
      messages = [];
      length = 0;
    },
  };
}

const fits = ({ tag, about, id, text }: Row, words: readonly string[]): boolean => {
  const whole = `${tag} ${about} ${id} ${text}`.toLowerCase();
  return words.every((word) => (word[0] === '-' ? !whole.includes(word.slice(1)) : whole.includes(word)));
};

function rowsOf(message: Message, number: number): Row[] {
  const frames = parseMessage(message.text);
  if (frames) return frames.map((value, index) => rowOf(message, number + index, () => read(value)));
  // What a box on the way answers in the server's place.
  const { text } = message;
  const line = text.slice(0, LINE);
  return [rowOf(message, number, () => ({ tag: 'no message', about: '', text: line, frame: [text] }))];
}

type Read = Pick<Row, 'tag' | 'about' | 'text' | 'frame'>;

/** Most rows go by without being seen: what it takes to show one is done when it is. */
function rowOf({ at, way, id }: Message, number: number, show: () => Read): Row {
  let known: Read | undefined;
  const whole = (): Read => (known ??= show());
  return {
    ...{ number, at, way, id },
    get tag() {
      return whole().tag;
    },
    get about() {
      return whole().about;
    },
    get text() {
      return whole().text;
    },
    get frame() {
      return whole().frame;
    },
  };
}

function read(value: unknown): Read {
  const frame = withoutSecrets(Array.isArray(value) ? value : [value]);
  const [first, ...rest] = frame;
  const tag = String(first);
  const { about, more } = told(tag, rest);
  const text = more.map((one) => JSON.stringify(one)).join(' ');
  return { tag, about, text: text.slice(0, LINE), frame };
}

/** The few words for a frame, and what of it they leave out. */
function told(tag: string, rest: unknown[]): { about: string; more: unknown[] } {
  const [first, second, third, fourth] = rest;
  switch (tag) {
    case 'entry':
      return { about: words(first, third, deltaOf(fourth)), more: inside(fourth) };
    case 'publish':
      return { about: words(second, `#${String(first)}`, deltaOf(third)), more: inside(third) };
    case 'request':
      return { about: words(deltaOf(second), `#${String(first)}`), more: inside(second) };
    case 'subscribe':
    case 'unsubscribe':
      return { about: words(second, `#${String(first)}`), more: rest.slice(2) };
    case 'gap':
      return { about: words(first, second), more: rest.slice(2) };
    case 'acked':
      return { about: `#${String(first)}`, more: rest.slice(1) };
    case 'welcome':
    case 'error':
    case 'drain':
    case 'close':
      return { about: deltaOf(first), more: inside(first) };
    default:
      return { about: '', more: rest };
  }
}

const words = (...parts: unknown[]): string => parts.map(String).filter(Boolean).join(' · ');

const deltaOf = (envelope: unknown): string => {
  const { delta } = (envelope ?? {}) as { delta?: unknown };
  return typeof delta === 'string' ? delta : '';
};

const inside = (envelope: unknown): unknown[] => {
  const { payload } = (envelope ?? {}) as { payload?: unknown };
  return payload === undefined ? [] : [payload];
};
