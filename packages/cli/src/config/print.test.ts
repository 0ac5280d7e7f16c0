import { describe, expect, it } from 'vitest';
import { worldWith } from './fixture.js';
import { loadConfig } from './load.js';
import { print, toJson } from './print.js';

const SECRETS = ['hunter2', 'correct-horse', 'battery-staple'];
const loaded = loadConfig(
  worldWith({
    files: { 'iskra.yaml': 'port: 1\nsecretFile: s\n', s: 'hunter2\ncorrect-horse\n' },
    env: {
      REDIS_URL: 'redis://user:battery-staple@one:7000,rediss://:battery-staple@two:7000',
      TIMES_WINDOW: '5m',
    },
  }),
);

describe('a configuration', () => {
  it('is a table of what counts and where it is from', () => {
    const lines = print(loaded).split('\n');
    expect(lines[0]).toBe('The configuration file is iskra.yaml.');
    expect(lines).toContainEqual(expect.stringMatching(/^port +1 +iskra\.yaml:1$/));
    expect(lines).toContainEqual(expect.stringMatching(/^times\.window +5m +TIMES_WINDOW$/));
    expect(lines).toContainEqual(expect.stringMatching(/^nodeName +\(drawn at each start\) +default$/));
    expect(lines.at(-1)).toBe('The configuration is good.');
  });

  it('shows no secret, to people or to programs', () => {
    const shown = print(loaded) + JSON.stringify(toJson(loaded));
    for (const secret of SECRETS) expect(shown).not.toContain(secret);
    expect(shown).toContain('redis://user:•••@one:7000,rediss://:•••@two:7000');
    expect(print(loaded)).toMatch(/^secret +••• +iskra\.yaml:2 \(\/here\/s\)$/m);
  });

  it('has values of their own type for programs: ms and bytes', () => {
    expect(toJson(loaded)).toMatchObject({ ok: true, file: 'iskra.yaml', mistakes: [] });
    expect(JSON.parse(JSON.stringify(toJson(loaded)))).toMatchObject({
      settings: expect.arrayContaining([
        {
          key: 'times.window',
          value: 300_000,
          from: 'environment',
          source: 'TIMES_WINDOW',
          variable: 'TIMES_WINDOW',
          flag: null,
        },
        {
          key: 'tls.cert',
          value: null,
          from: 'default',
          source: 'default',
          variable: 'TLS_CERT',
          flag: '--tls-cert',
        },
      ]) as unknown,
    });
  });

  it('ends with what is wrong, and marks it in the table', () => {
    const wrong = loadConfig(worldWith({ env: { PORT: 'http', LOG_LEVEL: 'loud' } }));
    const text = print(wrong);
    expect(text).toMatch(/^There is no configuration file\.$/m);
    expect(text).toMatch(/^port +\(wrong, see below\) +PORT$/m);
    expect(text).toMatch(
      /There are 2 mistakes in the configuration:\n {2}PORT is "http";.*\n {2}LOG_LEVEL is "loud";.*$/,
    );
    expect(toJson(wrong)).toMatchObject({
      ok: false,
      mistakes: [
        { key: 'port', source: 'PORT', what: 'is "http"', cure: expect.stringContaining('a port') as string },
        {},
      ],
    });
  });
});
