import { describe, expect, test } from 'vitest';
import { readPlan } from './load.js';

describe('readPlan', () => {
  test('is the profile where no flag says otherwise', () => {
    expect(readPlan('mixed', {}, [])).toMatchObject({
      clients: 100,
      rate: 1_000,
      perRoom: 10,
      duration: 30_000,
    });
    expect(readPlan('mixed', {}, []).transports).toEqual(['websocket', 'sse', 'long-poll', 'polling']);
    expect(readPlan('connections', {}, [])).toMatchObject({ clients: 1_000, rate: 0 });
  });

  test('takes what the flags say', () => {
    const given = { clients: '7', rate: '9', ramp: '3', size: '0', duration: '2m' };
    expect(readPlan('fanout', given, ['sse'])).toMatchObject({
      ...{ clients: 7, rate: 9, ramp: 3, size: 0, duration: 120_000, transports: ['sse'] },
    });
  });

  test.each([
    [{ clients: '0' }, '--clients is "0"; it must be a number of clients, from 1 to 50000.'],
    [{ rate: 'fast' }, '--rate is "fast"; it must be a number of messages a second'],
    [{ duration: '1 day' }, '--duration is "1 day"; it must be a time such as 70s'],
  ])('refuses %j', (given, message) => expect(() => readPlan('echo', given, [])).toThrow(message));
});
