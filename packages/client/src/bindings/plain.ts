/**
 * Any WebSocket that speaks texts, as `/ws/<name>` of the server does: opened while somebody looks, again with pauses
 * when it was lost. No session: what is lost with a connection is lost.
 */
import { platform } from '../environment.js';
import type { Environment, Socket } from '../environment.js';
import { nextFrame } from './frame.js';
import type { Frame } from './frame.js';
import { createStore } from './store.js';
import type { Store } from './store.js';

export interface PlainMessage {
  /** 1, 2, 3 … */
  id: number;
  text: string;
}

export interface PlainState {
  /** What was received, oldest first. */
  messages: readonly PlainMessage[];
  isConnected: boolean;
  /** Sends, or waits for the connection with up to 100 others. False when it was not taken. */
  sendMessage(text: string): boolean;
}

export interface PlainOptions {
  /** How many messages are kept; the newest stay. Default 200. */
  limit?: number;
}

/** Exponential backoff with full jitter, ms. */
const RECONNECT = { min: 500, max: 20_000 };
const MAX_WAITING = 100;

export function createPlainStore(
  url: string,
  { limit = 200 }: PlainOptions = {},
  environment: Pick<Environment, 'clock' | 'random' | 'WebSocket' | 'base'> = platform(),
  frame: Frame = nextFrame,
): Store<PlainState> {
  const { clock, random, base } = environment;
  // Without a subprotocol, of which the sessions of Iskra have one.
  const WebSocket = environment.WebSocket as unknown as new (url: string) => Socket;
  let socket: Socket | undefined;
  let news: readonly PlainMessage[] = [];
  let waiting: string[] = [];
  let count = 0;
  /** Since it last proved to be of use. */
  let failures = 0;
  let cancel = (): void => {};

  const received = (text: string): void => {
    failures = 0;
    if (news.length === 0) frame(show);
    news = [...news, { id: ++count, text }].slice(-limit);
  };

  const show = (): void => {
    store.show({ messages: [...store.snapshot().messages, ...news].slice(-limit) });
    news = [];
  };

  const open = (): void => {
    const one = (socket = new WebSocket(new URL(url, base).href.replace(/^http/, 'ws')));
    one.onopen = () => {
      store.show({ isConnected: true });
      for (const text of waiting) one.send(text);
      waiting = [];
    };
    one.onmessage = ({ data }) => {
      if (typeof data === 'string') received(data);
    };
    one.onclose = () => {
      store.show({ isConnected: false });
      cancel = clock.at(
        clock.now() + random() * Math.min(RECONNECT.max, RECONNECT.min * 2 ** failures++),
        open,
      );
    };
  };

  const store = createStore<PlainState>(
    {
      messages: news,
      isConnected: false,
      sendMessage(text) {
        if (store.snapshot().isConnected) socket!.send(text);
        else if (waiting.length < MAX_WAITING) waiting.push(text);
        else return false;
        return true;
      },
    },
    () => {
      open();
      return [
        () => {
          cancel();
          socket!.onopen = socket!.onmessage = socket!.onclose = null;
          socket!.close();
          waiting = [];
          news = [];
        },
      ];
    },
  );
  return store;
}
