import { describe, expect, it } from 'vitest';
import { readExamination } from './doctor.js';

const url = 'http://localhost:8000';

describe('readExamination', () => {
  it('has a default for everything but the address', () => {
    expect(readExamination({ url }, {})).toEqual({
      url: 'http://localhost:8000/realtime',
      proxy: undefined,
      auth: undefined,
      channel: undefined,
      origin: undefined,
      timeout: 5_000,
      idle: 25_000,
      hold: 15_000,
    });
  });

  it.each([
    ['localhost:8000', 'http://localhost:8000/realtime'],
    ['https://chat.example/', 'https://chat.example/realtime'],
    ['https://chat.example/live/', 'https://chat.example/live'],
    ['https://chat.example/a/b?x=1', 'https://chat.example/a/b'],
  ])('asks at %s for %s', (given, base) => {
    expect(readExamination({ url: given }, {}).url).toBe(base);
  });

  it('takes what it is told', () => {
    const given = {
      url,
      auth: '{"token":"t"}',
      channel: 'room:1',
      origin: 'HTTPS://App.Example/',
      idle: '70s',
      timeout: '800',
    };
    expect(readExamination(given, { HTTP_PROXY: 'http://p:1' })).toMatchObject({
      auth: { token: 't' },
      channel: 'room:1',
      origin: 'https://app.example',
      idle: 70_000,
      timeout: 800,
      proxy: new URL('http://p:1'),
    });
  });

  it('is quick when it is asked to, and still watches for as long as it is told', () => {
    expect(readExamination({ url, quick: true }, {})).toMatchObject({ idle: 3_000, hold: 3_000 });
    expect(readExamination({ url, quick: true, idle: '1.5m' }, {})).toMatchObject({
      idle: 90_000,
      hold: 3_000,
    });
  });

  it.each([
    [{}, 'iskra doctor needs the URL of a server'],
    [{ url: 'ws://x' }, 'is no address of a server'],
    [{ url, idle: '70' }, '--idle is "70"; it must be a time such as 70s, 500ms or 2m, from 1 s to 3600 s'],
    [{ url, idle: 'soon' }, '--idle is "soon"'],
    [{ url, timeout: '0s' }, '--timeout is "0s"'],
    [{ url, channel: 'a b' }, '--channel is "a b"; a name has letters'],
    [{ url, origin: 'app.example' }, 'it looks like https://app.example'],
    [{ url, auth: '' }, '--auth needs a value'],
  ])('teaches instead of guessing: %j', (given, message) => {
    expect(() => readExamination(given, {})).toThrow(message);
  });

  it('does not repeat credentials that it cannot read', () => {
    const read = () => readExamination({ url, auth: 'my-secret' }, {});
    expect(read).toThrow('--auth is no JSON');
    expect(read).not.toThrow('my-secret');
  });
});
