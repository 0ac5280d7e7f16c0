import { envelopeSchema } from '@iskra/protocol';
import { CODES } from '@iskra/protocol/wire';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { EVENTS } from './catalogue.js';
import type { EventName } from './catalogue.js';
import { printable, sessionLabel } from './event.js';
import type { SystemEvent } from './event.js';
import { Events } from './events.js';
import type { EventsOptions } from './events.js';
import { ToldError } from './failure.js';

type Line = SystemEvent & { level: number; msg: string; err?: Record<string, unknown> };

function world(more: Partial<EventsOptions> = {}) {
  const lines: Line[] = [];
  const logger = pino(
    { level: 'trace', base: null, timestamp: false },
    { write: (line: string) => void lines.push(JSON.parse(line) as Line) },
  );
  const time = { now: 1_000 };
  const events = new Events({
    ...{ node: 'n1', cluster: 'c1', logger, now: () => time.now, wallClock: () => 1_700_000_000_000 },
    defer: (task) => task(),
    ...more,
  });
  const told: SystemEvent[] = [];
  events.stream.subscribe((event) => told.push(event));
  return { events, lines, told, time, text: () => JSON.stringify([lines, told]) };
}

/** Patterns are made of what was found, and not of what somebody tells: patterns.test.ts. */
const NAMES = (Object.keys(EVENTS) as EventName[]).filter((name) => EVENTS[name].category !== 'pattern');

describe('an event', () => {
  test.each(NAMES)('%s is an envelope, and its line is the same envelope with its sentence (P1)', (name) => {
    const { events, lines, told } = world();
    const detail = {
      session: 's',
      generation: 2,
      transport: 'sse',
      active_connections: 1,
      closed: 2,
      elapsed: 3,
    };
    events.tell(name, { ...detail, left: 4, timeout: 5, missed: 2, count: 3, senders: 1, window: 10 });
    const [event] = told;
    expect(envelopeSchema.safeParse(event).success).toBe(true);
    expect(event).toMatchObject({
      ...{ delta: name, lambda: EVENTS[name].lambda },
      payload: { at: 1_700_000_000_000, category: EVENTS[name].category },
    });
    expect(lines).toMatchObject([event!]);
    expect(lines[0]!.msg).not.toMatch(/[{}?]/);
  });

  test('names its parents, from the message up to the cluster', () => {
    const { events, told } = world();
    const from = { session: 'id', generation: 3, attempt: 'sse-2', trace: 'a'.repeat(32), transport: 'sse' };
    events.tell('too_big', { ...from, address: '1.2.3.4', number: 7, field: 'envelope' });
    expect(told).toEqual([
      {
        ...{ delta: 'too_big', dimension: 1, omega: 1, lambda: 'split_message' },
        payload: {
          ...{ at: 1_700_000_000_000, category: 'message', code: 'too_big', field: 'envelope', number: 7 },
          ...{ generation: 3, attempt: 'sse-2', trace: 'a'.repeat(32), transport: 'sse', address: '1.2.3.4' },
          ...{ session: sessionLabel('id'), node: 'n1', cluster: 'c1' },
        },
      },
    ]);
  });

  test('of a refusal has the level of what was refused: a message, or a connection', () => {
    const { events, told } = world();
    events.tell('forbidden', { number: 1 });
    events.tell('forbidden', { field: 'origin' });
    events.tell('session_unknown');
    expect(told.map(({ dimension }) => dimension)).toEqual([1, 2, 3]);
  });

  test('is as sure as its evidence: each piece of it halves the doubt', () => {
    const { events, told } = world();
    for (const evidence of [1, 2, 3]) events.tell('heartbeat_missed', { missed: evidence, evidence });
    expect(told.map(({ omega }) => omega)).toEqual([0.5, 0.75, 0.88]);
  });

  test('has numbers in its sentence, and nouns that go with them', () => {
    const { events, lines } = world();
    events.tell('store_away', { active_connections: 1, evidence: 4 });
    events.tell('drain_forced', { closed: 2 });
    expect(lines.map(({ msg }) => msg)).toEqual([
      'The store has not answered for some seconds: not ready, 1 connection sent away.',
      'The time is over: 2 connections closed.',
    ]);
  });

  test('has the levels of lines that the catalogue gives it', () => {
    const { events, lines } = world();
    events.tell('connection_welcomed', { attempt: 'websocket-1' });
    events.tell('drain_began');
    events.tell('rate_limited');
    events.fail('handler_failed', new Error('x'));
    expect(lines.map(({ level }) => level)).toEqual([20, 30, 40, 50]);
  });

  test('names a session by a label that opens nothing, the same in every line', () => {
    const { events, lines, text } = world();
    events.tell('forbidden', { session: 'the-session-id' });
    events.tell('gap', { session: 'the-session-id' });
    events.tell('gap', { session: 'another' });
    expect(text()).not.toContain('the-session-id');
    const [one, two, other] = lines.map(({ payload }) => payload.session);
    expect([one, two]).toEqual([sessionLabel('the-session-id'), one]);
    expect(other).not.toBe(one);
  });

  test('repeats a field of the protocol, never a name that came from outside', () => {
    const { events, lines, text } = world();
    events.tell('bad_frame', { field: 'fractal_metadata.voice_pain' });
    events.tell('bad_frame', { field: 'password=hunter2' });
    events.tell('invalid', { field: 'payload.my secret key' });
    expect(lines.map(({ payload }) => payload.field)).toEqual(['fractal_metadata', 'unknown', 'payload']);
    expect(text()).not.toMatch(/hunter2|secret/);
  });

  test.each([
    ['1.2.3.4', '1.2.3.4'],
    ['2001:db8::7', '2001:db8::7'],
    ['::ffff:10.0.0.1', '::ffff:10.0.0.1'],
    ['fe80::1%hunter2', 'fe80::1'],
    ['hunter2', 'unknown'],
    ['1.1.1.1\n{"delta":"fake"}', 'unknown'],
  ])('says of the address %j that it is %s', (given, told) => {
    const { events, lines } = world();
    events.tell('forbidden', { address: given });
    expect(lines.map(({ payload }) => payload.address)).toEqual([told]);
  });

  test('calls an attempt as our client does, and any other name by a label', () => {
    const { events, lines, text } = world();
    for (const attempt of ['long-poll-12', 'hunter2', 'sse-2\u001b[2J'])
      events.tell('connection_welcomed', { attempt });
    const [ours, theirs] = lines.map(({ payload }) => payload.attempt);
    expect([ours, theirs?.length]).toEqual(['long-poll-12', 8]);
    expect(text()).not.toMatch(/hunter2|2J/);
  });
});

describe('what was thrown', () => {
  test('is told by its class and its place, and given whole to onError', () => {
    const given: unknown[] = [];
    const { events, lines, told, text } = world({
      onError: (error, { delta }) => void given.push(error, delta),
    });
    class RowMissing extends Error {}
    const error = Object.assign(new RowMissing('no row for hunter2'), { query: 'hunter2', name: 'hunter2' });
    events.fail('handler_failed', error, { request: 'rename', number: 3 });
    expect(told).toMatchObject([
      { delta: 'handler_failed', payload: { request: 'rename', number: 3, error: 'RowMissing' } },
    ]);
    expect(lines).toMatchObject([
      {
        err: {
          type: 'RowMissing',
          stack: expect.arrayContaining([expect.stringContaining('events.test.ts')]) as string[],
        },
      },
    ]);
    expect(text()).not.toContain('hunter2');
    expect(given).toEqual([error, 'handler_failed']);
  });

  test('of our own store says in its line what it has to say, and not what it quotes', () => {
    const { events, lines, text } = world();
    events.fail('store_failed', new ToldError('ERR unknown command, with args: hunter2', 'Redis said ERR.'));
    expect(lines).toMatchObject([{ err: { type: 'ToldError', told: 'Redis said ERR.' } }]);
    expect(text()).not.toContain('hunter2');
  });

  test.each([undefined, null, 'hunter2', { hunter2: 1 }])('may be no error: %j', (thrown) => {
    const { events, lines, text } = world();
    events.fail('handler_failed', thrown);
    expect(lines).toMatchObject([
      { delta: 'handler_failed', level: 50, err: { type: expect.any(String) as string } },
    ]);
    expect(text()).not.toContain('hunter2');
  });

  test('in onError itself is only written', () => {
    const { events, lines, told } = world({
      onError: () => {
        throw new Error('again');
      },
    });
    events.fail('store_failed', new Error('x'));
    expect(told.map(({ delta }) => delta)).toEqual(['store_failed']);
    expect(lines.map(({ delta, payload }) => [delta, payload.hook])).toEqual([
      ['store_failed', undefined],
      ['handler_failed', 'events'],
    ]);
  });
});

describe('lines', () => {
  test('are not made where nobody reads them, nor events where nobody listens', () => {
    let clocks = 0;
    const quiet = new Events({
      ...{ node: 'n', cluster: 'c', now: () => 0, defer: () => {} },
      wallClock: () => ++clocks,
    });
    quiet.tell('forbidden');
    expect(clocks).toBe(0);
  });

  test('of one attacker hide nobody else, and end with how many were left out', () => {
    const { events, lines, time } = world();
    for (let n = 0; n < 1_000; n++) events.tell('unauthorized', { address: '6.6.6.6', field: 'key' });
    events.tell('unauthorized', { address: '1.2.3.4', field: 'auth' });
    const from = (address: string) => lines.filter(({ payload }) => payload.address === address);
    expect([from('6.6.6.6').length, from('1.2.3.4').length]).toEqual([20, 1]);
    time.now += 10_000;
    events.sweep(time.now);
    expect(lines.at(-1)).toMatchObject({
      ...{ delta: 'left_out', level: 40 },
      payload: { of: 'unauthorized', count: 980, senders: 1, window: 10, address: '6.6.6.6' },
      msg: 'More of the same came, and 980 of them were left out, of 1 sender within 10 s.',
    });
  });

  test('are all written where nothing is to be left out', () => {
    const { events, lines } = world({ sampling: false });
    for (let n = 0; n < 500; n++) events.tell('unauthorized', { address: '6.6.6.6' });
    expect(lines).toHaveLength(500);
  });

  test('of clients that leave are all written: an operator counts them', () => {
    const { events, lines } = world();
    for (let n = 0; n < 500; n++) events.tell('client_left', { session: `${n}`, active_connections: 0 });
    expect(lines).toHaveLength(500);
  });

  test('have the sentence of the code of each refusal', () => {
    const { events, lines } = world();
    events.tell('too_big', { address: '1.2.3.4' });
    expect(lines[0]?.msg).toBe(CODES.too_big.sentence);
  });
});

test('a text from outside is cut at 256 characters and keeps no control character', () => {
  expect(printable('x'.repeat(1_000))).toHaveLength(256);
  expect(printable('a\u0000b\r\nc\u007fd\u0085e\u2066f')).toBe('abcdef');
  expect(printable('Привіт 👋')).toBe('Привіт 👋');
});
