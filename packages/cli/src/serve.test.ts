import { beforeEach, afterEach, expect, it, vi } from 'vitest';
import { readSettings } from './serve.js';

beforeEach(() => {
  const variables = [
    'PORT',
    'HOST',
    'LOG_LEVEL',
    'ORIGINS',
    'TRUSTED_PROXIES',
    'REDIS_URL',
    'SECRET',
    'SHUTDOWN_TIMEOUT',
    'SHUTDOWN_NOTICE',
  ];
  for (const name of variables) vi.stubEnv(name, undefined);
  vi.stubEnv('WATCH_REPORT_DEPENDENCIES', undefined);
});
afterEach(() => vi.unstubAllEnvs());

it('has a default for everything', () => {
  expect(readSettings({}, [])).toEqual({
    port: 8000,
    hostname: '0.0.0.0',
    path: '/realtime',
    origins: undefined,
    trustedProxies: 0,
    level: 'info',
    shutdownTimeout: 1_800_000,
    shutdownNotice: 0,
  });
});

it('takes the environment, and flags before it', () => {
  vi.stubEnv('PORT', '9000');
  vi.stubEnv('HOST', '127.0.0.1');
  vi.stubEnv('LOG_LEVEL', 'WARN');
  expect(readSettings({}, [])).toMatchObject({ port: 9000, hostname: '127.0.0.1', level: 'warn' });
  expect(readSettings({ port: '1', host: '::', 'log-level': 'silent' }, [])).toMatchObject({
    port: 1,
    hostname: '::',
    level: 'silent',
  });
});

it('takes the times of a shutdown in seconds, from flags and from the environment', () => {
  vi.stubEnv('SHUTDOWN_TIMEOUT', '25');
  vi.stubEnv('SHUTDOWN_NOTICE', '3');
  expect(readSettings({}, [])).toMatchObject({ shutdownTimeout: 25_000, shutdownNotice: 3_000 });
  const given = { 'shutdown-timeout': '60', 'shutdown-notice': '0' };
  expect(readSettings(given, [])).toMatchObject({ shutdownTimeout: 60_000, shutdownNotice: 0 });
  vi.stubEnv('SHUTDOWN_NOTICE', 'soon');
  expect(() => readSettings({}, [])).toThrow(
    'SHUTDOWN_NOTICE is "soon"; it must be a whole number of seconds',
  );
});

it('does not keep `node --watch` waiting, unless it was told to', () => {
  vi.stubEnv('WATCH_REPORT_DEPENDENCIES', '1');
  expect(readSettings({}, []).shutdownTimeout).toBe(0);
  expect(readSettings({ 'shutdown-timeout': '30' }, []).shutdownTimeout).toBe(30_000);
});

it('shares a Redis with other nodes only when all of them sign with the same secret', () => {
  expect(() => readSettings({ redis: 'redis://127.0.0.1' }, [])).toThrow('--redis needs SECRET');
  vi.stubEnv('REDIS_URL', 'redis://one:7000, redis://two:7000');
  expect(() => readSettings({}, [])).toThrow('REDIS_URL needs SECRET');
  vi.stubEnv('SECRET', 's3cret');
  expect(readSettings({}, [])).toMatchObject({
    redis: 'redis://one:7000, redis://two:7000',
    secret: 's3cret',
  });
  // A password in it is not repeated.
  expect(() => readSettings({ redis: 'http://user:pass@host' }, [])).toThrow(
    /^--redis is no URL of a Redis;/,
  );
});

it('brings origins to the form in which browsers send them', () => {
  expect(readSettings({}, ['HTTPS://App.Example/', 'http://localhost:5173']).origins).toEqual([
    'https://app.example',
    'http://localhost:5173',
  ]);
  expect(readSettings({}, ['https://app.example', '*']).origins).toBe('*');
});

it('takes origins and the number of proxies from the environment, and flags before it', () => {
  vi.stubEnv('ORIGINS', 'https://one.example, https://two.example');
  vi.stubEnv('TRUSTED_PROXIES', '2');
  expect(readSettings({}, [])).toMatchObject({
    origins: ['https://one.example', 'https://two.example'],
    trustedProxies: 2,
  });
  expect(readSettings({ 'trusted-proxies': '1' }, ['https://three.example'])).toMatchObject({
    origins: ['https://three.example'],
    trustedProxies: 1,
  });
  vi.stubEnv('ORIGINS', '*');
  expect(readSettings({}, []).origins).toBe('*');
  vi.stubEnv('ORIGINS', 'two.example');
  expect(() => readSettings({}, [])).toThrow('ORIGINS is "two.example"; it must be a scheme');
});

it.each([
  [{ port: 'http' }, [], '--port is "http"; it must be the number of a port'],
  [{ path: 'realtime' }, [], '--path is "realtime"; it must start with /'],
  [{ path: '/a/' }, [], 'not end with one'],
  [{ 'log-level': 'loud' }, [], '--log-level is "loud"; the levels are trace'],
  [{ 'shutdown-timeout': '-1' }, [], 'a whole number of seconds'],
  [{}, ['app.example'], '--origin is "app.example"; it must be a scheme'],
  [{}, ['https://app.example/chat'], 'as in https://app.example'],
  [{}, ['file:///'], 'it must be a scheme'],
])('teaches instead of guessing: %j %j', (given, origins, message) => {
  expect(() => readSettings(given, origins)).toThrow(message);
});
