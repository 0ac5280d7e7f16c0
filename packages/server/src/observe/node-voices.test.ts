import { describe, expect, test } from 'vitest';
import { raisedBy } from '@iskra/protocol/wire';
import type { Measured } from '@iskra/protocol/wire';
import { Heartbeats } from '../heartbeats.js';
import { NodeVoices } from './node-voices.js';
import type { Measuring } from './node-voices.js';

const SECOND = 1_000;

/** A stream that was asked once a second, and answered after so many ms or not. */
class Stream implements Measuring {
  readonly #heartbeats = new Heartbeats();
  constructor(readonly session: string | undefined) {}
  beat(...answers: (number | undefined)[]): this {
    for (const answer of answers) {
      this.#heartbeats.sent();
      if (answer !== undefined) this.#heartbeats.answered(answer);
    }
    return this;
  }
  get measured(): Measured | undefined {
    return this.#heartbeats.measured(SECOND);
  }
}

const many = (count: number, answer: number | undefined): (number | undefined)[] =>
  Array.from({ length: count }, () => answer);

function node(...streams: Stream[]) {
  const clock = { at: 1_000, now: () => clock.at };
  const connections = new Set<Measuring>(streams);
  return { clock, connections, voices: new NodeVoices(connections, clock) };
}

describe('the voices of a session', () => {
  test('are unknown before its first heartbeat was answered, and where there are none', () => {
    const { voices } = node();
    expect(voices.ofSession([])).toBeUndefined();
    expect(voices.ofSession([new Stream('s'), { session: 's', measured: undefined }])).toBeUndefined();
  });

  test('cross each threshold as its line gets worse, and come back as it heals', () => {
    const { voices } = node();
    const stream = new Stream('s').beat(...many(20, 5));
    const raised = (): string[] => raisedBy(voices.ofSession([stream])!);
    expect(raised()).toEqual(['Celebration']);
    // 300 ms of latency: the first heartbeat that is late tells.
    expect((stream.beat(300), raised())).toContain('Curiosity');
    // It gets used to it.
    stream.beat(...many(30, 300));
    expect(voices.ofSession([stream])).toMatchObject({ roundTrip: 295 });
    expect(raised()).not.toContain('Curiosity');
    // Loss: nothing comes back.
    stream.beat(undefined, undefined, 300);
    expect(raised()).toEqual(expect.arrayContaining(['Alarm', 'Concern']));
    stream.beat(...many(60, 5));
    expect(raised()).toEqual(['Celebration']);
  });

  test('are those of its newest stream, and of what befell it here', () => {
    const { voices, clock } = node();
    const [old, fresh] = [new Stream('s').beat(...many(5, 900)), new Stream('s').beat(...many(5, 20))];
    expect(voices.ofSession([old, fresh])).toMatchObject({ pain: 0, roundTrip: 20 });
    voices.setbacks.count('s', 'failed', clock.at);
    voices.setbacks.count('s', 'switched', clock.at);
    expect(voices.ofSession([fresh])).toMatchObject({ pain: 0.39, chaos: 0.53 });
    expect(voices.ofSession([new Stream('other').beat(20)])).toMatchObject({ pain: 0, chaos: 0 });
  });
});

describe('the voices of a node', () => {
  test('are unknown while nobody who was measured is there', () => {
    const { voices } = node(new Stream('young'));
    expect(voices.of('node')).toBeUndefined();
    expect(voices.of('cluster')).toBeUndefined();
  });

  test('have the pain of the worst tenth of its connections', () => {
    const well = Array.from({ length: 18 }, (_, n) => new Stream(`s${n}`).beat(...many(20, 5)));
    const hurt = Array.from({ length: 2 }, (_, n) => new Stream(`h${n}`).beat(5, undefined, undefined, 5));
    expect(raisedBy(node(...well, ...hurt).voices.of('node')!)).toContain('Alarm');
    expect(raisedBy(node(...well).voices.of('node')!)).toEqual(['Celebration']);
  });

  test('hurt when its store does not answer: missed questions are its heartbeats', () => {
    const { voices, clock } = node(new Stream('s').beat(...many(20, 5)));
    for (let beat = 0; beat < 4; beat++) {
      voices.storeAsked();
      voices.storeAnswered(2);
      clock.at += 1_500;
    }
    expect(voices.of('node')).toMatchObject({ pain: 0 });
    for (let beat = 0; beat < 4; beat++) {
      voices.storeAsked();
      clock.at += 1_500;
    }
    expect(raisedBy(voices.of('node')!)).toEqual(expect.arrayContaining(['Alarm', 'Concern']));
  });

  test('are counted anew after two seconds, and not for everybody who asks', () => {
    const stream = new Stream('s').beat(...many(20, 5));
    const { voices, clock } = node(stream);
    expect(voices.of('node')?.pain).toBe(0);
    stream.beat(undefined, undefined, 5);
    clock.at += 1_999;
    expect(voices.of('node')?.pain).toBe(0);
    clock.at += 1;
    expect(voices.of('node')?.pain).toBeGreaterThan(0.7);
  });

  test('of 10,000 connections are found in a part of them, which stands for all', () => {
    let looked = 0;
    const connections = new Set<Measuring>();
    const { measured } = new Stream('s').beat(...many(20, 5));
    for (let n = 0; n < 10_000; n++) {
      connections.add({
        session: undefined,
        get measured() {
          looked++;
          return measured;
        },
      });
    }
    const voices = new NodeVoices(connections, { now: () => 0 });
    expect(voices.of('node')).toMatchObject({ connections: 10_000, roundTrip: 5 });
    expect(looked).toBe(2_000);
  });
});

describe('the voices of the cluster', () => {
  test('are those of all connections of all nodes, by what the others told', () => {
    const small = node(new Stream('a').beat(...many(20, 5)));
    const hurt = Array.from({ length: 9 }, (_, n) => new Stream(`h${n}`).beat(5, undefined, undefined, 5));
    const large = node(...hurt);
    small.voices.heard([large.voices.text], 15_000);
    expect(small.voices.of('node')).toMatchObject({ pain: 0, connections: 1 });
    expect(small.voices.of('cluster')).toMatchObject({ connections: 10 });
    expect(raisedBy(small.voices.of('cluster')!)).toContain('Alarm');
    expect(large.voices.of('cluster')).toEqual(large.voices.of('node'));
  });

  test('forget who told nothing for a lease, and what is no tally', () => {
    const { voices, clock } = node(new Stream('a').beat(20));
    voices.heard([node(new Stream('b').beat(900)).voices.text, 'of another version', '[]'], 15_000);
    expect(voices.of('cluster')).toMatchObject({ connections: 2 });
    clock.at += 15_000;
    expect(voices.of('cluster')).toEqual(voices.of('node'));
  });
});

test('an event has the voices of its level: below the node those of its session, if it is here', () => {
  const stream = new Stream('s').beat(...many(20, 900));
  const { voices } = node(stream, new Stream('other').beat(...many(20, 5)));
  expect(voices.at(2, [stream])).toEqual(voices.ofSession([stream]));
  expect(voices.at(3, [])).toBeUndefined();
  expect(voices.at(4, [])).toEqual(voices.of('node'));
  expect(voices.at(5, [stream])).toEqual(voices.of('cluster'));
});
