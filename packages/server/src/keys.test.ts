import { describe, expect, test } from 'vitest';
import { sessionKeys } from './keys.js';

const nonce = 'n'.repeat(22);
const other = 'o'.repeat(22);

describe('a session key', () => {
  test('proves its session together with its nonce (P11)', () => {
    const keys = sessionKeys(['secret']);
    const key = keys.sign('session-1', nonce);
    expect(keys.verify(key, nonce)).toBe('session-1');
    expect(keys.verify(key, nonce)).toBe('session-1');
    expect(keys.sign('session-1', nonce)).toBe(key);
  });

  test('proves nothing with another nonce, also after it was verified with its own (P11)', () => {
    const keys = sessionKeys(['secret']);
    const key = keys.sign('session-1', nonce);
    expect(keys.verify(key, other)).toBeUndefined();
    keys.verify(key, nonce);
    expect(keys.verify(key, other)).toBeUndefined();
  });

  const keys = sessionKeys(['secret']);
  const good = keys.sign('session-1', nonce);
  const mac = good.slice(good.indexOf('.') + 1);
  test.each([
    ['of nothing', ''],
    ['of a session alone', 'session-1'],
    ['of a session with an empty proof', 'session-1.'],
    ['of a proof alone', `.${mac}`],
    ['of another session', `session-2.${mac}`],
    ['with one letter more', `${good}A`],
    ['with one letter less', good.slice(0, -1)],
    ['with one letter changed', `${good.slice(0, -2)}${good.at(-2) === 'A' ? 'B' : 'A'}${good.slice(-1)}`],
    ['with letters of two bytes in its proof', `session-1.${'é'.repeat(mac.length)}`],
    ['of another server', sessionKeys(['another']).sign('session-1', nonce)],
    ['of no secret', sessionKeys([]).sign('session-1', nonce)],
  ])('%s is not one (P11)', (_, key) => {
    expect(keys.verify(key, nonce)).toBeUndefined();
  });

  test('of the secret before is still good when a new one was put in front', () => {
    const before = sessionKeys(['old']);
    const after = sessionKeys(['new', 'old']);
    expect(after.verify(before.sign('s', nonce), nonce)).toBe('s');
    expect(after.verify(after.sign('s', nonce), nonce)).toBe('s');
    expect(before.verify(after.sign('s', nonce), nonce)).toBeUndefined();
  });

  test('is verified also after more keys than are remembered', () => {
    const many = sessionKeys(['secret']);
    const key = many.sign('first', nonce);
    expect(many.verify(key, nonce)).toBe('first');
    for (let n = 0; n < 10_001; n++) many.verify(many.sign(`s${n}`, nonce), nonce);
    expect(many.verify(key, nonce)).toBe('first');
  });
});
