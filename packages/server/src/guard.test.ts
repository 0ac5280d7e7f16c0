import { describe, expect, test } from 'vitest';
import type { Limits } from './core.js';
import { Guard } from './guard.js';
import type { GuardOptions, Verdict } from './guard.js';

const limits = {
  requestRate: { perSecond: 100, burst: 100 },
  connections: 100,
  connectionsPerAddress: 3,
  strangersPerAddress: 2,
} as Limits;

const guard = (options: Partial<GuardOptions> = {}): Guard =>
  new Guard({ origins: undefined, allowNoOrigin: true, trustedProxies: 0, limits, ...options });

type Headers = Record<string, string>;
const check = (
  one: Guard,
  headers: Headers,
  url = '/realtime/poll',
  peer: string | undefined = '9.9.9.9',
): Verdict => one.check((name) => headers[name], url, peer, 0);

type Origin = 'none' | 'own' | 'listed' | 'foreign' | 'null';
type Policy = 'by default' | 'by a list' | 'by a function' | 'by *';

const policies: Record<Policy, GuardOptions['origins']> = {
  'by default': undefined,
  'by a list': ['https://listed.example'],
  'by a function': (origin) => origin.endsWith('//listed.example'),
  'by *': '*',
};
const origins: Record<Origin, Headers> = {
  none: {},
  own: { origin: 'https://host.example' },
  listed: { origin: 'https://listed.example' },
  foreign: { origin: 'https://foreign.example' },
  null: { origin: 'null' },
};
/** Without a Sec-Fetch-Site, and with `cross-site`. */
type Row = Record<Origin, [plain: boolean, crossSite: boolean]>;

const table: Record<Policy, Row> = {
  'by default': {
    none: [true, false],
    own: [true, false],
    listed: [false, false],
    foreign: [false, false],
    null: [false, false],
  },
  'by a list': {
    none: [true, false],
    own: [false, false],
    listed: [true, true],
    foreign: [false, false],
    null: [false, false],
  },
  'by a function': {
    none: [true, false],
    own: [false, false],
    listed: [true, true],
    foreign: [false, false],
    null: [false, false],
  },
  'by *': {
    none: [true, false],
    own: [true, true],
    listed: [true, true],
    foreign: [true, true],
    null: [true, true],
  },
};

const rows = (Object.entries(table) as [Policy, Row][]).flatMap(([policy, row]) =>
  (Object.entries(row) as [Origin, [boolean, boolean]][]).flatMap(([origin, [plain, crossSite]]) => [
    { policy, origin, site: undefined, passes: plain },
    { policy, origin, site: 'cross-site', passes: crossSite },
  ]),
);

describe('an origin', () => {
  test.each(rows)(
    '($origin, site $site) allowed $policy: $passes (P61)',
    ({ policy, origin, site, passes }) => {
      const headers = {
        host: 'host.example',
        ...origins[origin],
        ...(site !== undefined && { 'sec-fetch-site': site }),
      };
      const verdict = check(guard({ origins: policies[policy] }), headers);
      if (passes) expect(verdict.ok).toBe(true);
      else expect(verdict).toMatchObject({ ok: false, code: 'forbidden', field: 'origin' });
    },
  );

  test('that is missing is refused when the server wants one (P61)', () => {
    expect(check(guard({ allowNoOrigin: false }), { host: 'host.example' }).ok).toBe(false);
    expect(check(guard({ allowNoOrigin: false, origins: '*' }), { host: 'host.example' }).ok).toBe(false);
  });

  test.each([
    ['with the port', 'http://localhost:8000', 'localhost:8000', true],
    ['in other letters', 'http://Localhost:8000', 'LOCALHOST:8000', true],
    ['with another port', 'http://localhost:8001', 'localhost:8000', false],
    ['with a host that only ends alike', 'https://evil-host.example', 'host.example', false],
    ['with a host that only begins alike', 'https://host.example.evil', 'host.example', false],
    ['hidden behind a user name', 'https://host.example@evil', 'host.example', false],
  ])('is the own one, %s: %s at %s is %s (P61)', (_, origin, host, own) => {
    expect(check(guard(), { origin, host }).ok).toBe(own);
  });

  test('of others is named for CORS, the own one and none are not', () => {
    const open = guard({ origins: '*' });
    const named = (headers: Headers): unknown => {
      const verdict = check(open, { host: 'host.example', ...headers });
      return verdict.ok && verdict.crossOrigin;
    };
    expect(named({ origin: 'https://app.example' })).toBe('https://app.example');
    expect(named({ origin: 'https://host.example' })).toBeUndefined();
    expect(named({})).toBeUndefined();
  });
});

describe('an address', () => {
  const forwarded = { 'x-forwarded-for': '1.1.1.1, 2.2.2.2,3.3.3.3' };
  test.each<[string, number, Headers, string | undefined, string]>([
    ['is the socket’s without proxies, whatever the header says', 0, forwarded, '9.9.9.9', '9.9.9.9'],
    ['is what one proxy saw', 1, forwarded, '9.9.9.9', '3.3.3.3'],
    ['is what the first of two proxies saw', 2, forwarded, '9.9.9.9', '2.2.2.2'],
    ['is the first one when there are fewer hops than proxies', 9, forwarded, '9.9.9.9', '1.1.1.1'],
    ['is the socket’s when the proxy says nothing', 1, {}, '9.9.9.9', '9.9.9.9'],
    [
      'is the socket’s when the proxy says nothing of use',
      1,
      { 'x-forwarded-for': ' ' },
      '9.9.9.9',
      '9.9.9.9',
    ],
    ['is unknown without a socket', 0, {}, undefined, 'unknown'],
  ])('%s', (_, trustedProxies, headers, peer, expected) => {
    const verdict = guard({ trustedProxies }).check((name) => headers[name], '/', peer, 0);
    expect(verdict.address).toBe(expected);
  });
});

describe('a URL', () => {
  test.each(['auth', 'token', 'access_token', 'key', 'session', 'sid', 'jwt', 'password'])(
    'with a secret called %s is refused (P18)',
    (name) => {
      for (const url of [`/poll?${name}=x`, `http://host/poll?a=1&${name}=`, `/poll?${name}`]) {
        expect(check(guard(), {}, url)).toMatchObject({ ok: false, code: 'bad_frame', field: 'url' });
      }
    },
  );

  test.each(['/poll', '/poll?', '/poll?_=123', '/poll?tokens=1', '/token/poll'])(
    'that carries none passes: %s (P18)',
    (url) => {
      expect(check(guard(), {}, url).ok).toBe(true);
    },
  );

  test.each(['/poll?%74oken=x', '/poll?a=1&to%6ben=x'])('cannot hide its secret: %s (P18)', (url) => {
    expect(check(guard(), {}, url).ok).toBe(false);
  });
});

describe('the rate of requests', () => {
  test('is counted by address; over it a request is told when to come again', () => {
    const one = guard({ limits: { ...limits, requestRate: { perSecond: 3, burst: 1 } } });
    expect(check(one, {}).ok).toBe(true);
    expect(check(one, {})).toMatchObject({ ok: false, code: 'rate_limited', retryAfter: 334 });
    expect(check(one, {}, '/', '8.8.8.8').ok).toBe(true);
  });

  test('is not used up by pages that may not come at all (P61)', () => {
    const one = guard({ limits: { ...limits, requestRate: { perSecond: 1, burst: 1 } } });
    for (let n = 0; n < 5; n++) check(one, { origin: 'https://foreign.example', host: 'host' });
    expect(check(one, {}).ok).toBe(true);
  });
});

describe('a place', () => {
  test('is given to so many strangers of an address, and again when one said hello', () => {
    const one = guard({ limits: { ...limits, connectionsPerAddress: 10 } });
    const first = one.admit('a');
    expect(one.admit('a')).toBeDefined();
    expect(one.admit('a')).toBeUndefined();
    first?.known();
    first?.known();
    expect(one.admit('a')).toBeDefined();
    expect(one.admit('a')).toBeUndefined();
  });

  test('is given to so many connections of an address, and to others besides', () => {
    const one = guard();
    const seats = [1, 2, 3].map(() => {
      const place = one.admit('a');
      place?.known();
      return place;
    });
    expect(one.admit('a')).toBeUndefined();
    expect(one.admit('b')).toBeDefined();
    seats[0]?.release();
    expect(one.admit('a')).toBeDefined();
  });

  test('is given to so many connections of the node', () => {
    const one = guard({ limits: { ...limits, connections: 2 } });
    const first = one.admit('a');
    expect(one.admit('b')).toBeDefined();
    expect(one.admit('c')).toBeUndefined();
    first?.release();
    expect(one.admit('c')).toBeDefined();
  });

  test('of a stranger that left is free for another stranger', () => {
    const one = guard();
    for (let n = 0; n < 10; n++) {
      const place = one.admit('a');
      expect(place).toBeDefined();
      place?.release();
    }
  });
});
