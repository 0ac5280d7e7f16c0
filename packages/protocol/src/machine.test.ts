import { describe, expect, test } from 'vitest';
import { drive } from './machine.js';
import type { DeadlinePassed, Machine } from './machine.js';
import { manualClock } from './testing.js';

interface Step {
  readonly type: 'step';
  readonly name: string;
}
const step = (name: string): Step => ({ type: 'step', name });

/** A machine that notes what it is told, and does what the test says. */
class Scripted implements Machine<Step, string> {
  readonly told: [name: string, now: number][] = [];
  deadline = Infinity;
  readonly #answer: (name: string, now: number, self: Scripted) => string[];

  constructor(answer: (name: string, now: number, self: Scripted) => string[] = () => []) {
    this.#answer = answer;
  }

  handle(event: Step | DeadlinePassed, now: number): string[] {
    const name = event.type === 'step' ? event.name : event.type;
    this.told.push([name, now]);
    return this.#answer(name, now, this);
  }
}

describe('events and effects', () => {
  test('are handled at the time of the clock, and performed in order', () => {
    const clock = manualClock(100);
    const machine = new Scripted((name) => [`${name}1`, `${name}2`]);
    const performed: string[] = [];
    const running = drive(machine, clock, (effect) => performed.push(effect));
    running.tell(step('a'));
    clock.advance(5);
    running.tell(step('b'));
    expect(machine.told).toEqual([
      ['a', 100],
      ['b', 105],
    ]);
    expect(performed).toEqual(['a1', 'a2', 'b1', 'b2']);
  });

  test('told from within an effect wait until all effects before them are performed', () => {
    const order: string[] = [];
    const machine = new Scripted((name) => {
      order.push(`handle ${name}`);
      return name === 'a' ? ['a1', 'a2'] : [`${name}1`];
    });
    const running = drive(machine, manualClock(), (effect) => {
      order.push(`perform ${effect}`);
      if (effect === 'a1') {
        running.tell(step('b'));
        running.tell(step('c'));
        order.push('told');
      }
    });
    running.tell(step('a'));
    expect(order).toEqual([
      ...['handle a', 'perform a1', 'told', 'perform a2'],
      ...['handle b', 'perform b1', 'handle c', 'perform c1'],
    ]);
  });

  test('go on after an effect that failed, with the deadline and with what was waiting', () => {
    const clock = manualClock(0);
    const machine = new Scripted((name, now, self) => {
      self.deadline = name === 'deadlinePassed' ? Infinity : now + 10;
      return [name];
    });
    const running = drive(machine, clock, (effect) => {
      if (effect !== 'a') return;
      running.tell(step('b'));
      throw new Error('no socket');
    });
    expect(() => running.tell(step('a'))).toThrow('no socket');
    clock.advance(10);
    expect(machine.told).toEqual([
      ['a', 0],
      ['b', 10],
      ['deadlinePassed', 10],
    ]);
  });
});

describe('deadline', () => {
  test('is told once, at its moment', () => {
    const clock = manualClock(0);
    const machine = new Scripted((name, now, self) => {
      self.deadline = name === 'a' ? now + 50 : Infinity;
      return [];
    });
    const running = drive(machine, clock, () => {});
    running.tell(step('a'));
    clock.advance(49);
    expect(machine.told).toHaveLength(1);
    clock.advance(1000);
    expect(machine.told.slice(1)).toEqual([['deadlinePassed', 50]]);
    expect(clock.waiting).toEqual([]);
  });

  test('of a machine that has none arms no timer', () => {
    const clock = manualClock();
    drive(new Scripted(), clock, () => {}).tell(step('a'));
    expect(clock.waiting).toEqual([]);
  });

  test('that moves away with every event costs one timer, which is armed again when it fires', () => {
    const clock = manualClock(0);
    const machine = new Scripted((name, now, self) => {
      self.deadline = name === 'deadlinePassed' ? Infinity : now + 100;
      return [];
    });
    let armings = 0;
    const counting = {
      now: clock.now,
      at: (...args: Parameters<typeof clock.at>) => {
        armings++;
        return clock.at(...args);
      },
    };
    const running = drive(machine, counting, () => {});
    for (let at = 0; at < 1_000; at++) {
      running.tell(step('message'));
      expect(clock.waiting).toHaveLength(1);
      clock.advance(1);
    }
    expect(armings).toBeLessThanOrEqual(12);
    clock.advance(500);
    expect(machine.told.at(-1)).toEqual(['deadlinePassed', 999 + 100]);
    expect(machine.told.filter(([name]) => name === 'deadlinePassed')).toHaveLength(1);
  });

  test('that comes nearer takes the place of the timer', () => {
    const clock = manualClock(0);
    const machine = new Scripted((name, now, self) => {
      self.deadline = name === 'slow' ? now + 100 : name === 'quick' ? now + 10 : Infinity;
      return [];
    });
    const running = drive(machine, clock, () => {});
    running.tell(step('slow'));
    running.tell(step('quick'));
    expect(clock.waiting).toEqual([10]);
    clock.advance(200);
    expect(machine.told.at(-1)).toEqual(['deadlinePassed', 10]);
    expect(machine.told).toHaveLength(3);
  });

  test('that the machine takes back is not told', () => {
    const clock = manualClock(0);
    const machine = new Scripted((name, now, self) => {
      self.deadline = name === 'arm' ? now + 10 : Infinity;
      return [];
    });
    const running = drive(machine, clock, () => {});
    running.tell(step('arm'));
    running.tell(step('disarm'));
    clock.advance(100);
    expect(machine.told.map(([name]) => name)).toEqual(['arm', 'disarm']);
    expect(clock.waiting).toEqual([]);
  });

  test('follows the next one at once, so that a heartbeat goes on', () => {
    const clock = manualClock(0);
    const machine = new Scripted((_, now, self) => {
      self.deadline = now + 20;
      return ['ping'];
    });
    let pings = 0;
    drive(machine, clock, () => pings++).tell(step('start'));
    clock.advance(100);
    expect(pings).toBe(1 + 5);
    expect(clock.waiting).toEqual([120]);
  });

  test('that has passed already is told with the next turn of the clock', () => {
    const clock = manualClock(100);
    const machine = new Scripted((name, _, self) => {
      self.deadline = name === 'a' ? 40 : Infinity;
      return [];
    });
    drive(machine, clock, () => {}).tell(step('a'));
    expect(machine.told).toHaveLength(1);
    clock.advance(0);
    expect(machine.told.at(-1)).toEqual(['deadlinePassed', 100]);
  });

  test('is not told before its moment by a timer that fires early', () => {
    const clock = manualClock(0);
    let early = 1;
    const hasty = {
      now: clock.now,
      at: (moment: number, call: () => void) => clock.at(moment - early--, call),
    };
    const machine = new Scripted((name, _, self) => {
      self.deadline = name === 'a' ? 10 : Infinity;
      return [];
    });
    drive(machine, hasty, () => {}).tell(step('a'));
    clock.advance(9);
    expect(machine.told).toHaveLength(1);
    clock.advance(1);
    expect(machine.told.at(-1)).toEqual(['deadlinePassed', 10]);
  });
});

describe('stop', () => {
  test('ends the timer and every event', () => {
    const clock = manualClock(0);
    const machine = new Scripted((_, now, self) => {
      self.deadline = now + 10;
      return [];
    });
    const running = drive(machine, clock, () => {});
    running.tell(step('a'));
    running.stop();
    expect(clock.waiting).toEqual([]);
    running.tell(step('b'));
    clock.advance(100);
    expect(machine.told).toEqual([['a', 0]]);
    running.stop();
  });

  test('from within an effect lets the other effects of its event happen, and nothing after them', () => {
    const clock = manualClock(0);
    const machine = new Scripted((name, now, self) => {
      self.deadline = now + 10;
      return [`${name}: stop`, `${name}: tidy up`];
    });
    const performed: string[] = [];
    const running = drive(machine, clock, (effect) => {
      performed.push(effect);
      if (effect !== 'a: stop') return;
      running.tell(step('b'));
      running.stop();
    });
    running.tell(step('a'));
    clock.advance(100);
    expect(performed).toEqual(['a: stop', 'a: tidy up']);
    expect(machine.told).toEqual([['a', 0]]);
    expect(clock.waiting).toEqual([]);
  });
});
