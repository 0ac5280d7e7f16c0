import { decodeBody } from '@iskra/protocol/wire';
import { describe, expect, test } from 'vitest';
import { Events } from './events.js';
import { SystemLog } from './system-log.js';

/** A node whose store answers when the test says so. */
function world() {
  const time = { now: 0 };
  const tasks: (() => void)[] = [];
  const events = new Events({
    ...{ node: 'n', cluster: 'c', now: () => time.now, wallClock: () => 0 },
    defer: (task) => void tasks.push(task),
  });
  const written: string[] = [];
  const asked: { resolve(): void; reject(error: Error): void }[] = [];
  const store = {
    append: (log: string, body: string) =>
      new Promise<void>((resolve, reject) => {
        asked.push({ resolve: () => (written.push(`${log} ${body}`), resolve()), reject });
      }),
  };
  const log = new SystemLog(store as never, events, () => time.now);
  const turn = async (): Promise<void> => {
    for (const task of tasks.splice(0)) task();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return {
    ...{ events, log, time, asked },
    turn,
    /** The store answers all that it is asked. */
    async answers() {
      for (await turn(); asked.length > 0; await turn()) asked.shift()?.resolve();
    },
    /** What was written since this was asked last. */
    entries: () => written.splice(0).map((line) => decodeBody(line.slice('@system '.length)).envelope),
  };
}

const deltas = (entries: readonly { delta: string }[]) => entries.map(({ delta }) => delta);

describe('the log @system', () => {
  test('has what happens, as envelopes, in order (P80)', async () => {
    const { events, answers, entries } = world();
    events.tell('drain_began', { active_connections: 2, timeout: 5 });
    events.tell('client_left', { session: 's', active_connections: 1 });
    await answers();
    const [one, two] = entries();
    expect(one).toMatchObject({
      ...{ delta: 'drain_began', dimension: 4, omega: 1, lambda: 'reconnect_elsewhere' },
      payload: { node: 'n', cluster: 'c', active_connections: 2 },
    });
    expect(two?.delta).toBe('client_left');
  });

  test('has nothing of what is told at level debug: there is too much of it', async () => {
    const { events, answers, entries } = world();
    events.tell('connection_welcomed', { attempt: 'sse-1' });
    events.tell('store_back');
    await answers();
    expect(deltas(entries())).toEqual(['store_back']);
  });

  test('has a sample of a flood, by sender, and then how many were left out', async () => {
    const { events, answers, entries, time } = world();
    for (let n = 0; n < 50; n++) events.tell('forbidden', { address: '6.6.6.6' });
    events.tell('forbidden', { address: '1.2.3.4' });
    await answers();
    expect(entries().map(({ payload }) => (payload as { address: string }).address)).toEqual([
      ...new Array<string>(5).fill('6.6.6.6'),
      '1.2.3.4',
    ]);
    time.now = 10_000;
    events.tell('store_back');
    await answers();
    expect(entries()).toMatchObject([
      { delta: 'left_out', payload: { of: 'forbidden', count: 45, senders: 1, address: '6.6.6.6' } },
      { delta: 'store_back' },
    ]);
  });

  test('asks a slow store one thing at a time, keeps 200 meanwhile, and says how many were lost', async () => {
    const { events, turn, answers, entries, asked } = world();
    for (let n = 0; n < 500; n++) events.tell('client_left', { address: `10.0.${n >> 8}.${n & 255}` });
    for (let n = 0; n < 500; n++) events.tell('gap', { address: `10.1.${n >> 8}.${n & 255}` });
    for (let n = 0; n < 500; n++) events.tell('timeout', { address: `10.2.${n >> 8}.${n & 255}` });
    await turn();
    expect(asked).toHaveLength(1);
    await answers();
    const written = entries();
    expect(written).toHaveLength(202);
    expect(written.at(-1)).toMatchObject({ delta: 'left_out', payload: { count: 99 } });
  });

  test('tells nobody that it could not be written: that would have to be written, too', async () => {
    const { events, turn, answers, entries, asked } = world();
    const told: string[] = [];
    events.stream.subscribe(({ delta }) => told.push(delta));
    events.tell('store_away', { active_connections: 0, evidence: 4 });
    await turn();
    asked.shift()?.reject(new Error('away'));
    await turn();
    expect([told, asked.length]).toEqual([['store_away'], 0]);
    events.tell('store_back');
    await answers();
    expect(entries()).toMatchObject([{ delta: 'store_back' }, { delta: 'left_out', payload: { count: 1 } }]);
  });

  test('is settled when nothing is being written', async () => {
    const { events, log, turn, answers, asked } = world();
    events.tell('store_back');
    await turn();
    let isSettled = false;
    void log.settled.then(() => (isSettled = true));
    await turn();
    expect([isSettled, asked.length]).toEqual([false, 1]);
    await answers();
    expect(isSettled).toBe(true);
  });
});
