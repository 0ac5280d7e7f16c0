import { afterEach, describe, expect, it, vi } from 'vitest';
import { nearest, refuseUnknown, setting, UsageError, valuesOf, whole } from './usage.js';

const args = {
  url: { type: 'positional' },
  port: { type: 'string' },
  origin: { type: 'string' },
  json: { type: 'boolean' },
} as const;

afterEach(() => vi.unstubAllEnvs());

describe('refuseUnknown', () => {
  const refuse = (...rawArgs: string[]) => refuseUnknown('iskra test', rawArgs, args);

  it('lets pass what the command knows', () => {
    expect(() => refuse('--port', '1', 'http://x', '--json', '--origin=a')).not.toThrow();
  });

  it('names the option that was probably meant', () => {
    expect(() => refuse('--prot', '1')).toThrow('iskra test has no option --prot. Is it --port?');
  });

  it('lists the options when none is near', () => {
    expect(() => refuse('--frobnicate')).toThrow('It knows --port, --origin, --json.');
  });

  it('refuses one argument too many, and takes the value of an option for none', () => {
    expect(() => refuse('--port', '1', 'a')).not.toThrow();
    expect(() => refuse('a', 'b')).toThrow('does not know what to do with "b"');
  });
});

describe('setting', () => {
  it('prefers the flag, then the variable, then nothing', () => {
    vi.stubEnv('PORT', '2');
    expect(setting('port', '1', 'PORT')).toEqual({ name: '--port', value: '1' });
    expect(setting('port', undefined, 'PORT')).toEqual({ name: 'PORT', value: '2' });
    vi.stubEnv('PORT', '');
    expect(setting('port', undefined, 'PORT')).toBeUndefined();
    expect(setting('port', undefined)).toBeUndefined();
  });

  it.each([[''], [true], [false]])('refuses %j in the place of a value', (value) => {
    expect(() => setting('port', value, 'PORT')).toThrow('--port needs a value');
  });
});

describe('whole', () => {
  const bounds = { otherwise: 8000, min: 0, max: 65_535, what: 'the number of a port' };

  it('takes numbers within the bounds, and the default for nothing', () => {
    expect(whole({ name: '--port', value: '0' }, bounds)).toBe(0);
    expect(whole({ name: '--port', value: '65535' }, bounds)).toBe(65_535);
    expect(whole(undefined, bounds)).toBe(8000);
  });

  it.each(['-1', '65536', '1.5', '1e3', ' 1', 'x', '٣'])('refuses "%s" and names who gave it', (value) => {
    const message = `PORT is "${value}"; it must be the number of a port, from 0 to 65535.`;
    expect(() => whole({ name: 'PORT', value }, bounds)).toThrow(new UsageError(message));
  });
});

describe('valuesOf', () => {
  it('keeps every value of a repeated option, in order', () => {
    const rawArgs = ['--origin', 'a', '--port', '1', '--origin=b', '--json', '--origin', 'c'];
    expect(valuesOf('origin', rawArgs, args)).toEqual(['a', 'b', 'c']);
  });
});

describe('nearest', () => {
  it.each([
    ['srve', 'serve'],
    ['helth', 'health'],
    ['sevre', 'serve'],
    ['monitor', undefined],
    ['', undefined],
  ])('%j → %j', (word, expected) => {
    expect(nearest(word, ['serve', 'health'])).toBe(expected);
  });
});
