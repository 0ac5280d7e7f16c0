import { describe, expect, test } from 'vitest';
import { className, failureOf, ToldError } from './failure.js';

const SECRET = 'hunter2';

/** An error of a class of the application, which puts what it was given wherever it can. */
class LeakyError extends Error {
  override name = SECRET;
  query = SECRET;
  code = SECRET;
  constructor() {
    super(`${SECRET}\n    at ${SECRET} in the message\n${SECRET}`, { cause: new Error(SECRET) });
  }
}

describe('what was thrown', () => {
  test('is told by its class, and by where it was thrown', () => {
    const { type, stack } = failureOf(new LeakyError());
    expect(type).toBe('LeakyError');
    expect(stack?.[0]).toMatch(/failure\.test\.ts:\d+:\d+/);
  });

  test('never by its message, its name, what hangs on it, or that of its cause', () => {
    expect(JSON.stringify(failureOf(new LeakyError()))).not.toContain(SECRET);
    expect(failureOf(new LeakyError()).cause).toMatchObject({ type: 'Error' });
  });

  test.each([SECRET, { [SECRET]: SECRET }, [SECRET], () => SECRET, Symbol(SECRET), 7n, null, undefined])(
    'is told by its type alone, if it is no error: %#',
    (thrown) => {
      expect(Object.keys(failureOf(thrown))).toEqual(['type']);
      expect(JSON.stringify(failureOf(thrown))).not.toContain(SECRET);
    },
  );

  test.each([
    ['ECONNREFUSED', 'ECONNREFUSED'],
    ['ERR_INVALID_ARG_TYPE', 'ERR_INVALID_ARG_TYPE'],
    [SECRET, undefined],
    ['SECRET', undefined],
    [42, undefined],
  ])('has the code %s as %s', (code, told) => {
    expect(failureOf(Object.assign(new Error('x'), { code })).code).toBe(told);
  });

  test('of our own says what it has to say, which is made of constants', () => {
    expect(failureOf(new ToldError('Redis did not answer within 100 ms.'))).toMatchObject({
      ...{ type: 'ToldError', told: 'Redis did not answer within 100 ms.' },
    });
  });

  test('has so many causes and frames, however deep it is', () => {
    const deep = (left: number): Error =>
      left === 0 ? new Error('x') : new Error('x', { cause: deep(left - 1) });
    const text = JSON.stringify(failureOf(deep(50)));
    expect(text.match(/"cause"/g)).toHaveLength(2);
    expect(text.match(/failure\.test\.ts/g)!.length).toBeLessThanOrEqual(18);
  });

  test('may have no stack, or one of somebody else', () => {
    const without = Object.assign(new Error('x'), { stack: undefined });
    const foreign = Object.assign(new Error('x'), { stack: `${SECRET} (a:1:1)` });
    expect([failureOf(without), failureOf(foreign)]).toEqual([{ type: 'Error' }, { type: 'Error' }]);
  });
});

test('a class is told by its name in the code, if it is one', () => {
  expect([className(new LeakyError()), className(SECRET)]).toEqual(['LeakyError', 'string']);
  const odd = new Error('x');
  Object.defineProperty(odd, 'constructor', { value: { name: SECRET } });
  expect(className(odd)).toBe('Error');
});
