import { FAULTS } from '@iskra/chaos';
import { CURES } from '@iskra/client/cures';
import { expect, it } from 'vitest';
import { describe, listFaults, readOptions } from './chaos.js';

const to = ['http://127.0.0.1:8000'];

it('has a default for everything but the server', () => {
  expect(readOptions({}, to)).toEqual({ to, profile: '', port: 0, host: '127.0.0.1' });
});

it('takes what the flags say', () => {
  const given = { port: '9000', host: '::1', profile: 'buffer,idle=2s', verbose: true };
  expect(readOptions(given, [...to, 'http://127.0.0.1:8001'])).toEqual({
    to: ['http://127.0.0.1:8000', 'http://127.0.0.1:8001'],
    profile: 'buffer,idle=2s',
    port: 9000,
    host: '::1',
    watch: expect.any(Function) as () => void,
  });
});

it.each([
  [{}, [], 'needs the server behind the box'],
  [{}, [''], 'needs the server behind the box'],
  [{ port: '-1' }, to, '--port is "-1"; it must be the number of a port'],
  [{ profile: '' }, to, '--profile needs a value'],
])('teaches instead of guessing: %j %j', (given, servers, message) => {
  expect(() => readOptions(given, servers)).toThrow(message);
});

it('says each event in a line', () => {
  const about = { id: 3, request: 'GET /live' };
  expect(describe({ ...about, what: 'begun' })).toBe('#3 GET /live  begun');
  expect(describe({ ...about, what: 'struck', fault: 'strip-upgrade' })).toBe('#3 GET /live  strip-upgrade');
  expect(describe({ ...about, what: 'ended', milliseconds: 12, up: 0, down: 345 })).toBe(
    '#3 GET /live  ended after 12 ms, 0 B up, 345 B down',
  );
});

it('lists every fault, and verdicts that the client can give', () => {
  const lines = listFaults().split('\n');
  expect(lines).toHaveLength(Object.keys(FAULTS).length);
  for (const [at, [name, fault]] of Object.entries(FAULTS).entries()) {
    expect(lines[at]).toMatch(new RegExp(`^${name}[ [=]`));
    expect(lines[at]).toContain(fault.does);
    if (fault.verdict) expect([...Object.keys(CURES), 'lost']).toContain(fault.verdict);
  }
});
