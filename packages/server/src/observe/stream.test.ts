import { describe, expect, test } from 'vitest';
import { createEvent } from './event.js';
import type { SystemEvent } from './event.js';
import { Stream } from './stream.js';

function world() {
  const tasks: (() => void)[] = [];
  const failed: unknown[] = [];
  const stream = new Stream(
    (task) => void tasks.push(task),
    (error) => void failed.push(error),
  );
  return {
    ...{ stream, failed },
    tell: (number: number) => stream.tell(createEvent('gap', { number }, { node: 'n', cluster: 'c', at: 0 })),
    turnEnds: () => {
      for (const task of tasks.splice(0)) task();
    },
  };
}

const numbers = (events: readonly SystemEvent[]) => events.map(({ payload }) => payload.number);

describe('the stream of events', () => {
  test('tells each listener each event, in order, when the turn is over', () => {
    const { stream, tell, turnEnds } = world();
    const one: SystemEvent[] = [];
    const two: SystemEvent[] = [];
    stream.subscribe((event) => void one.push(event));
    stream.subscribe((event) => void two.push(event));
    tell(1);
    tell(2);
    expect(one).toEqual([]);
    turnEnds();
    tell(3);
    turnEnds();
    expect([numbers(one), numbers(two)]).toEqual([
      [1, 2, 3],
      [1, 2, 3],
    ]);
  });

  test('tells nobody who has left, and keeps nothing for nobody', () => {
    const { stream, tell, turnEnds } = world();
    const told: SystemEvent[] = [];
    const leave = stream.subscribe((event) => void told.push(event));
    leave();
    leave();
    tell(1);
    turnEnds();
    stream.subscribe((event) => void told.push(event));
    turnEnds();
    expect([stream.isHeard, told]).toEqual([true, []]);
  });

  test('goes on when a listener throws', () => {
    const { stream, failed, tell, turnEnds } = world();
    const told: SystemEvent[] = [];
    const error = new Error('no');
    stream.subscribe(() => {
      throw error;
    });
    stream.subscribe((event) => void told.push(event));
    tell(1);
    turnEnds();
    expect([failed, numbers(told)]).toEqual([[error], [1]]);
  });

  test('can be read in a loop, which ends by leaving it', async () => {
    const { stream, tell, turnEnds } = world();
    const told: SystemEvent[] = [];
    const loop = (async () => {
      for await (const event of stream) if (told.push(event) === 3) break;
    })();
    tell(1);
    tell(2);
    turnEnds();
    await Promise.resolve();
    tell(3);
    turnEnds();
    await loop;
    expect([numbers(told), stream.isHeard]).toEqual([[1, 2, 3], false]);
  });

  test('keeps the newest 1,000 for a loop that does not keep up', async () => {
    const { stream, tell, turnEnds } = world();
    const events = stream[Symbol.asyncIterator]();
    for (let number = 1; number <= 1_500; number++) tell(number);
    turnEnds();
    expect((await events.next()).value?.payload.number).toBe(501);
  });

  test('ends a loop that waits when it is told to', async () => {
    const { stream } = world();
    const events = stream[Symbol.asyncIterator]();
    const next = events.next();
    await events.return?.();
    expect(await next).toEqual({ done: true, value: undefined });
  });
});
