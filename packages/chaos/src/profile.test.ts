import { describe, expect, it } from 'vitest';
import { faultNames, usageOf } from './faults.js';
import { parseProfile, ProfileError } from './profile.js';

/** The error, as data. */
function refused(profile: string): { code: string; fault: string; message: string } {
  try {
    parseProfile(profile);
  } catch (error) {
    if (error instanceof ProfileError) return error;
  }
  throw new Error(`"${profile}" was taken`);
}

describe('parseProfile', () => {
  it('reads a text and a list alike', () => {
    const faults = { 'strip-upgrade': 1, buffer: 64 * 1_048_576, idle: 20_000 };
    expect(parseProfile('strip-upgrade,buffer,idle=20s')).toEqual(faults);
    expect(parseProfile(['strip-upgrade', 'buffer', 'idle=20s'])).toEqual(faults);
    expect(parseProfile(' strip-upgrade , buffer, idle = 20s,')).toEqual(faults);
    expect(parseProfile('')).toEqual({});
    expect(parseProfile([])).toEqual({});
  });

  it.each([
    ['idle=20', { idle: 20_000 }],
    ['idle=200ms', { idle: 200 }],
    ['idle=1.5s', { idle: 1_500 }],
    ['idle=2m', { idle: 120_000 }],
    ['buffer=64kB', { buffer: 65_536 }],
    ['buffer=10', { buffer: 10 }],
    ['limit-bodies=1MB', { 'limit-bodies': 1_048_576 }],
    ['bandwidth=8kB/s', { bandwidth: 8_192 }],
    ['bandwidth=8kB', { bandwidth: 8_192 }],
    ['refuse-upgrade', { 'refuse-upgrade': 403 }],
    ['refuse-upgrade=502', { 'refuse-upgrade': 502 }],
    ['resets=2%', { resets: 0.02 }],
    ['resets=0%', { resets: 0 }],
  ])('takes %s as %j', (text, faults) => expect(parseProfile(text)).toEqual(faults));

  it.each(faultNames)('takes the example of %s that it shows', (name) => {
    const example = usageOf(name).replace(/[[\]]/g, '');
    expect(parseProfile(example)[name]).toBeGreaterThan(0);
  });

  it.each([
    ['strip-upgrades', 'Is it strip-upgrade?'],
    ['upgrade-strip', 'Is it strip-upgrade?'],
    ['buffered', 'Is it buffer[=64kB]?'],
    ['websocket-kill=3s', 'Is it kill-websocket=3s?'],
    ['half_open=3s', 'Is it half-open=5s?'],
    ['Idle=3s', 'Is it idle=20s?'],
  ])('names what was probably meant by %s', (text, sentence) => {
    expect(refused(text)).toMatchObject({ code: 'unknown_fault', fault: text });
    expect(refused(text).message).toContain(sentence);
  });

  it.each(['frobnicate', 'constructor', '=3s'])('lists what there is for %s', (text) => {
    const { code, message } = refused(text);
    expect(code).toBe('unknown_fault');
    expect(message).not.toContain('Is it');
    for (const name of faultNames) expect(message).toContain(usageOf(name));
  });

  it.each([
    ['idle', '"idle" needs a time from 1ms to 24h (ms, s, m, h; seconds without a unit), as in idle=20s.'],
    ['idle=', '"idle" has ""'],
    ['idle=soon', '"idle" has "soon"; it takes a time from 1ms'],
    ['idle=0s', '"idle" has "0s"'],
    ['idle=-1s', '"idle" has "-1s"'],
    ['idle=25h', '"idle" has "25h"'],
    ['idle=20kB', '"idle" has "20kB"'],
    ['idle=1constructor', '"idle" has "1constructor"'],
    ['buffer=0', '"buffer" has "0"; it takes a size'],
    ['refuse-upgrade=200', '"refuse-upgrade" has "200"; it takes an HTTP status from 400 to 599'],
    ['resets=2', '"resets" has "2"; it takes a share from 0% to 100%, as in resets=2%.'],
    ['resets=101%', '"resets" has "101%"'],
    ['strip-upgrade=1', '"strip-upgrade" takes no value, and has "1": write strip-upgrade.'],
  ])('says what is wrong with the value of %s', (text, sentence) => {
    expect(refused(text)).toMatchObject({ code: 'wrong_value', fault: text });
    expect(refused(text).message).toContain(sentence);
  });

  it.each([
    ['idle=1s,idle=2s', 'given_twice', 'idle=2s', 'The profile has "idle" twice'],
    [
      'strip-upgrade,swallow-upgrade',
      'exclude_each_other',
      'swallow-upgrade',
      '"strip-upgrade" and "swallow-upgrade"',
    ],
    [
      'limit-bodies=1kB,limit-bodies-cut=2kB',
      'exclude_each_other',
      'limit-bodies-cut=2kB',
      'exclude each other',
    ],
  ])('does not guess which part of %s is meant', (text, code, fault, sentence) => {
    expect(refused(text)).toMatchObject({ code, fault });
    expect(refused(text).message).toContain(sentence);
  });
});
