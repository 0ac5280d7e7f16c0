import { describe, expect, it } from 'vitest';
import { worldWith } from './fixture.js';
import { loadConfig } from './load.js';
import { sentence } from './mistakes.js';

type Made = Parameters<typeof worldWith>[0];
const load = (made: Made) => loadConfig(worldWith(made));
const wrongs = (made: Made): string[] => load(made).mistakes.map(sentence);
const sourceOf = (made: Made, key: string): string | undefined =>
  load(made).effective.find(({ setting }) => setting.key === key)?.source;

describe('the order of weight', () => {
  const files = { 'iskra.yaml': 'port: 1\nhost: a.example\nlog: { level: warn }\n' };
  const env = { PORT: '2', LOG_LEVEL: 'ERROR' };

  it('is defaults, the file, the environment, the flags', () => {
    expect(load({ files, env, flags: ['--port=3'] }).config).toMatchObject({
      ...{ port: 3, host: 'a.example', path: '/realtime', log: { level: 'error' } },
    });
  });

  it('is told of each value', () => {
    const made = { files, env, flags: ['--port=3', '--set=limits.sends=5'] };
    expect(['port', 'log.level', 'host', 'path', 'limits.sends'].map((key) => sourceOf(made, key))).toEqual([
      ...['--port', 'LOG_LEVEL', 'iskra.yaml:2', 'default', '--set limits.sends'],
    ]);
  });

  it('counts the last of several flags, and every one that may be repeated', () => {
    const flags = ['--port=1', '--port=2', '--origin=https://a.example', '--origin=HTTP://B.example:5173/'];
    expect(load({ flags }).config).toMatchObject({
      port: 2,
      origins: ['https://a.example', 'http://b.example:5173'],
    });
    expect(load({ flags: [...flags, '--origin=*'] }).config?.origins).toBe('*');
  });

  it('takes an empty variable for none, and looks at no others', () => {
    const { config, mistakes } = load({
      env: { PORT: '', PATH: '/usr/bin', NODE: '/usr/bin/node', LIMITS: 'x' },
    });
    expect([config?.port, config?.path, mistakes]).toEqual([8_000, '/realtime', []]);
  });

  it('has clients of a watched server leave at once, unless somebody says otherwise', () => {
    const timeout = (made: Made) => load(made).config?.shutdown.timeout;
    const watched = { env: { WATCH_REPORT_DEPENDENCIES: '1' } };
    expect([timeout({}), timeout(watched), timeout({ flags: ['--watch'] })]).toEqual([1_800_000, 0, 0]);
    expect(timeout({ ...watched, files: { 'iskra.yaml': 'shutdown: { timeout: 5 }' } })).toBe(5_000);
    expect(timeout({ ...watched, flags: ['--shutdown-timeout=30'] })).toBe(30_000);
  });
});

describe('the file', () => {
  it('is the one that lies here, the one that is named, or none', () => {
    const files = { 'iskra.json': '{"port":1}', 'other.yml': 'port: 2', '/etc/c.yaml': 'port: 3' };
    const port = (made: Made) => load({ ...made, files }).config?.port;
    expect(port({})).toBe(1);
    expect(port({ env: { ISKRA_CONFIG: '/etc/c.yaml' } })).toBe(3);
    expect(port({ env: { ISKRA_CONFIG: '/etc/c.yaml' }, flags: ['--config=other.yml'] })).toBe(2);
    expect(port({ env: { ISKRA_CONFIG: '/etc/c.yaml' }, flags: ['--no-config'] })).toBe(8_000);
    expect(load({ files }).file).toBe('iskra.json');
  });

  it('is missed where it was named, and must be one where it was not', () => {
    expect(wrongs({ flags: ['--config=gone.yaml'] })).toEqual([
      '--config names gone.yaml, which is not there; create it, or correct the name.',
    ]);
    expect(wrongs({ env: { ISKRA_CONFIG: 'gone.yaml' } })[0]).toMatch(/^ISKRA_CONFIG names gone.yaml/);
    expect(wrongs({ files: { 'iskra.yaml': '', 'iskra.json': '{}' } })).toEqual([
      'iskra.yaml and iskra.json are both here; keep one of them, or choose with --config iskra.yaml.',
    ]);
    expect(wrongs({ flags: ['--config='] })).toEqual(['--config needs a value; write --config=<file>.']);
    expect(wrongs({ flags: ['--config=a', '--no-config'] })[0]).toMatch(
      /^--no-config does not go with --config/,
    );
  });

  it('names files from its own folder, and everybody else from here', () => {
    const files = {
      '/etc/iskra/c.yaml': 'secretFile: secret',
      '/etc/iskra/secret': 'one\n',
      secret: 'two\n',
    };
    const flags = ['--config=/etc/iskra/c.yaml'];
    expect(load({ files, flags }).config?.secret).toBe('one');
    expect(load({ files, flags, env: { SECRET_FILE: 'secret' } }).config?.secret).toBe('two');
    expect(load({ files, flags }).files).toEqual(['/etc/iskra/c.yaml', '/etc/iskra/secret']);
  });
});

describe('a secret', () => {
  it('stands in a file as well, and counts from where the file was named', () => {
    const files = { s: ' s3cret \n', r: 'redis://user:pass@one:7000, redis://two:7000\r\n' };
    const made = { files, env: { SECRET_FILE: 's', REDIS_URL_FILE: '/here/r' } };
    expect(load(made).config).toMatchObject({
      secret: 's3cret',
      redis: { url: 'redis://user:pass@one:7000,redis://two:7000' },
    });
    expect(sourceOf(made, 'secret')).toBe('SECRET_FILE (/here/s)');
    const above = { ...made, files: { ...files, 'iskra.yaml': 'secret: below' } };
    expect(load(above).config?.secret).toBe('s3cret');
    expect(load({ ...above, env: { SECRET: 'above' } }).config?.secret).toBe('above');
  });

  it.each<[Made, string]>([
    [
      { env: { SECRET_FILE: 'gone', REDIS_URL: 'redis://a' } },
      'SECRET_FILE names /here/gone, which is not there; create it',
    ],
    [
      { env: { SECRET_FILE: 's' }, files: { s: ' \n' } },
      'SECRET_FILE names /here/s, which is empty; write into it',
    ],
    [{ env: { SECRET_FILE: 's', SECRET: 'x' } }, 'SECRET_FILE stands beside SECRET; keep one of them.'],
    [
      { env: { REDIS_URL_FILE: 'r' }, files: { r: 'hunter2' } },
      'REDIS_URL_FILE names /here/r, whose text is not right; it must be the URL of a Redis',
    ],
    [{ flags: ['--set=secret=hunter2'] }, '--set secret would be seen by everybody'],
    [
      { env: { REDIS_URL: 'http://user:hunter2@host' } },
      'REDIS_URL is not right; it must be the URL of a Redis',
    ],
    [
      { files: { 'iskra.yaml': 'secret: 12345' } },
      'iskra.yaml:1: secret is not right; it must be a text of at least one character, in quotes if it is a number.',
    ],
    [{ env: { REDIS_URL: 'redis://a' } }, 'REDIS_URL needs SECRET, the same for all nodes'],
    [{ flags: ['--redis=redis://a'] }, '--redis needs SECRET'],
    [{ env: { REDIS_URL_FILE: 'r' }, files: { r: 'redis://:hunter2@a' } }, 'REDIS_URL_FILE needs SECRET'],
  ])('teaches instead of guessing, and is not repeated: %j', (made, beginning) => {
    const [first, ...more] = wrongs(made);
    expect(first).toContain(beginning);
    expect(more).toEqual([]);
    expect(first).not.toMatch(/hunter2|12345/);
  });
});

describe('what is wrong', () => {
  it('is told all at once, each with its place and its cure', () => {
    const files = {
      'iskra.yaml':
        'port: http\nshutdown:\n  timout: 5\nredis: redis://a\nlogLevel: info\nfrobnicate: 1\norigins: [app.example]\n',
    };
    const env = { LOG_LEVEL: 'loud', TIMES_WINDOW: '20000' };
    const flags = ['--trusted-proxies=-1', '--set=limits.conections=5', '--set=limits.sends', '--host='];
    expect(wrongs({ files, env, flags }).sort()).toEqual(
      [
        'iskra.yaml:1: port is "http"; it must be the number of a port, from 0 to 65535.',
        'iskra.yaml:3: shutdown.timout is no setting; is it shutdown.timeout?',
        'iskra.yaml:4: redis is no group of settings; write its settings below it, such as redis.url, redis.urlFile, redis.cluster.',
        'iskra.yaml:5: logLevel is no setting; is it log.level?',
        'iskra.yaml:6: frobnicate is no setting; iskra config check lists all settings.',
        'iskra.yaml:7: origins is ["app.example"]; it must be origins, each a scheme, a host and, unless it is the usual one, a port, as in https://app.example; or * for all.',
        'LOG_LEVEL is "loud"; it must be one of trace, debug, info, warn, error, fatal, silent.',
        '--trusted-proxies is "-1"; it must be the number of proxies in front, from 0 to 10.',
        '--set limits.conections is no setting; is it limits.connections?',
        '--set limits.sends needs a value; write --set limits.sends=<number>.',
        '--host needs a value; write --host=<address>.',
      ].sort(),
    );
  });

  it('is wrong also where another value counts', () => {
    const files = { 'iskra.yaml': 'port: http' };
    expect(wrongs({ files, flags: ['--port=1'] })).toHaveLength(1);
    expect(load({ files, flags: ['--port=1'] }).config).toBeUndefined();
  });

  it.each<[Record<string, string>, string]>([
    [
      { TIMES_HEARTBEAT: '20000' },
      'TIMES_HEARTBEAT is 20000; it must be a time such as 500ms, 30s or 2m, from 1s to 10m; a number alone is seconds.',
    ],
    [{ LIMITS_MESSAGE: '1GiB' }, 'it must be a size such as 64KiB or 1MiB, from 1KiB to 16MiB'],
    [{ METRICS: 'maybe' }, 'METRICS is "maybe"; it must be true or false.'],
    [{ ORIGINS: 'two.example' }, 'ORIGINS is "two.example"; it must be origins'],
    [{ ORIGINS: 'https://app.example/chat' }, 'as in https://app.example'],
    [{ REALTIME_PATH: 'realtime' }, 'REALTIME_PATH is "realtime"; it must be a path that starts with /'],
    [{ REALTIME_PATH: '/a/' }, 'and does not end with one'],
    [{ SHUTDOWN_TIMEOUT: '-1' }, 'SHUTDOWN_TIMEOUT is "-1"; it must be a time'],
    [
      { SHUTDOWN_NOTICE: '5', SHUTDOWN_TIMEOUT: '5' },
      'SHUTDOWN_NOTICE is not shorter than shutdown.timeout, 5s;',
    ],
    [
      { TIMES_SILENCE: '20s', TIMES_HEARTBEAT: '15s' },
      'TIMES_SILENCE is shorter than one and a half times.heartbeat, 22500ms;',
    ],
    [{ TLS_CERT: 'a.pem' }, 'TLS_CERT needs its private key; set tls.key, TLS_KEY or --tls-key.'],
    [{ TLS_KEY: 'a.pem' }, 'TLS_KEY needs its certificate'],
  ])('teaches instead of guessing: %j', (env, message) => {
    expect(wrongs({ env }).join('\n')).toContain(message);
    expect(wrongs({ env })).toHaveLength(1);
  });

  it('is each file of a certificate that is not there', () => {
    expect(wrongs({ env: { TLS_CERT: 'a.pem', TLS_KEY: '/etc/b.pem' } })).toEqual([
      'TLS_CERT is /here/a.pem, which is not there; create it, or correct the name.',
      'TLS_KEY is /etc/b.pem, which is not there; create it, or correct the name.',
    ]);
  });

  it('is not hidden by names that every object has', () => {
    const files = { 'iskra.json': '{"constructor": 1, "toString": {}, "limits": {"valueOf": 1}}' };
    expect(wrongs({ files })).toHaveLength(3);
  });
});
