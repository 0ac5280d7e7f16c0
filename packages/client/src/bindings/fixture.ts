/** For tests: a client over a WebSocket that the test plays, and frames that the test draws. */
import { defineContract } from '@iskra/protocol/wire';
import type { Schema } from '@iskra/protocol/wire';
import { envelope, scene } from '../testing.js';
import { createBinding } from './binding.js';
import type { ClientSource } from './binding.js';

const schema = <T>() => ({}) as Schema<T>;

export const contract = defineContract({
  channels: {
    'room:{id}': { said: schema<{ text: string }>(), left: schema<undefined>() },
    news: { item: schema<number>() },
  },
  requests: {
    rename: { input: schema<{ to: string }>(), output: schema<{ was: string }>() },
    time: { input: schema<undefined>(), output: schema<{ now: number }>() },
  },
  messages: { signed_out: schema<{ why: string }>() },
});
export type TestContract = typeof contract;

/** Frames that come when the test says so. */
export function manualFrames() {
  let waiting: (() => void)[] = [];
  return {
    frame: (show: () => void) => void waiting.push(show),
    /** How many callbacks there were. */
    draw(): number {
      const due = waiting;
      waiting = [];
      for (const show of due) show();
      return due.length;
    },
  };
}

/** `owned`: the binding opens and closes the client itself. */
export async function bound({ owned = false } = {}) {
  const s = await scene<TestContract>();
  const frames = manualFrames();
  let opened = 0;
  let closed = 0;
  const { close } = s.client;
  s.client.close = () => {
    closed++;
    return close();
  };
  const source: ClientSource<TestContract> = owned ? () => (opened++, s.client) : s.client;
  let number = 0;
  let inbox = 0;
  return {
    ...s,
    ...frames,
    binding: createBinding(source as unknown as ClientSource, frames.frame),
    source,
    get opened() {
      return opened;
    },
    get closed() {
      return closed;
    },
    /** What went up so far, without controls: `['subscribe', 'room:1', { last: 5 }]`. */
    sends: (): unknown[][] =>
      s.sockets
        .flatMap(({ sent }) => sent.flat())
        .filter(([tag]) => /^(publish|request|(un)?subscribe)$/.test(String(tag)))
        .map(([tag, , ...rest]) => [tag, ...rest]),
    /** Answers the next send, which has no number of its own here. */
    answer(delta: string, payload: unknown, more: object = {}) {
      number++;
      inbox++;
      s.hear(
        ['entry', '@', 'e', inbox, { ...envelope(delta, payload), ...more }, number],
        ['acked', number, 'e', inbox],
      );
    },
    /** The next send was a subscribe, and is taken. */
    subscribed(channel: string, offset = 0, more: object = {}) {
      this.answer('subscribed', { channel, position: ['r', offset], ...more });
    },
    say: (channel: string, offset: number, text: string) =>
      s.hear(['entry', channel, 'r', offset, envelope('said', { text })]),
    refuse(delta = 'forbidden') {
      this.answer(delta, { code: 4403, message: 'no' }, { lambda: 'stop' });
    },
  };
}
