import { describe, expect, it } from 'vitest';
import { proxyAuthorization, proxyFor, shownProxy } from './proxy.js';

const find = (target: string, variables: Record<string, string>) =>
  proxyFor(new URL(target), variables)?.href;

describe('proxyFor', () => {
  it.each<[string, Record<string, string>, string | undefined]>([
    ['http://x.example', {}, undefined],
    ['http://x.example', { HTTP_PROXY: 'http://p:1' }, 'http://p:1/'],
    ['http://x.example', { http_proxy: 'http://p:1', HTTP_PROXY: 'http://p:2' }, 'http://p:1/'],
    ['http://x.example', { http_proxy: '', HTTP_PROXY: 'http://p:2' }, 'http://p:2/'],
    ['http://x.example', { HTTPS_PROXY: 'http://p:1' }, undefined],
    ['https://x.example', { HTTP_PROXY: 'http://p:1' }, undefined],
    ['https://x.example', { HTTPS_PROXY: 'https://p:1' }, 'https://p:1/'],
    ['http://x.example', { HTTP_PROXY: 'p:3128' }, 'http://p:3128/'],
  ])('%s with %j → %s', (target, variables, proxy) => expect(find(target, variables)).toBe(proxy));

  it.each<[string, string, boolean]>([
    ['http://x.example', '*', true],
    ['http://x.example', 'x.example', true],
    ['http://x.example', 'X.Example', true],
    ['http://a.x.example', 'x.example', true],
    ['http://a.x.example', '.x.example', true],
    ['http://a.x.example', '*.x.example', true],
    ['http://ax.example', 'x.example', false],
    ['http://x.example', 'localhost, x.example', true],
    ['http://x.example', 'localhost x.example', true],
    ['http://x.example', 'x.example:80', true],
    ['http://x.example:81', 'x.example:80', false],
    ['https://x.example', 'x.example:443', true],
    ['http://10.1.2.3', '10.0.0.0/8', true],
    ['http://11.1.2.3', '10.0.0.0/8', false],
    ['http://10.1.2.3', '10.0.0.0/99', false],
    ['http://127.0.0.1:8000', '127.0.0.1', true],
    ['http://[::1]:8000', '::1', true],
    ['http://[::1]:8000', '[::1]:8000', true],
    ['http://[fd00::7]', 'fd00::/8', true],
    ['http://x.example', '', false],
  ])('%s, except for "%s": %s', (target, list, excepted) => {
    expect(find(target, { HTTP_PROXY: 'http://p:1', HTTPS_PROXY: 'http://p:1', NO_PROXY: list })).toBe(
      excepted ? undefined : 'http://p:1/',
    );
  });

  it.each(['socks5://ada:secret@p:1', 'http://', 'a secret', 'http://ada:%secret@p'])(
    'refuses "%s", with an example',
    (given) => {
      const refused = () => find('http://x.example', { http_proxy: given });
      expect(refused).toThrow('HTTP_PROXY is no address of an HTTP proxy; it looks like');
      // It may hold a password.
      expect(refused).not.toThrow('secret');
    },
  );
});

it('shows a proxy without its credentials, and sends them decoded', () => {
  const proxy = new URL('http://ada:p%20w@p:1');
  expect(shownProxy(proxy)).toBe('http://p:1');
  expect(proxyAuthorization(proxy)).toBe(`Basic ${btoa('ada:p w')}`);
  expect(proxyAuthorization(new URL('http://p:1'))).toBeUndefined();
});
