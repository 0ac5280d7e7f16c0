// The examples of deploy/ are good configurations, and say nothing that is not so.

import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { describe, expect, it } from 'vitest';
import { worldWith } from './fixture.js';
import { loadConfig } from './load.js';
import { sentence } from './mistakes.js';
import { SETTINGS } from './schema.js';

const textOf = (name: string): string =>
  readFileSync(new URL(`../../../../deploy/${name}`, import.meta.url), 'utf8');
const namesIn = (text: string): string[] => [...text.matchAll(/^([A-Z_]+)=/gm)].map(([, name]) => name!);
const KNOWN = SETTINGS.map(({ variable }) => variable);

describe('.env.example', () => {
  const [ours = '', composes = ''] = textOf('.env.example').split('# What compose.yaml alone reads.');
  const compose = textOf('compose.yaml');
  /** Name, what it is set to, and the default that its comment gives. */
  const variables = [...ours.matchAll(/^# .*\[(.*)\]\n([A-Z_]+)=(.*)$/gm)].map(
    ([, otherwise = '', name = '', value = '']) => ({ name, value, otherwise }),
  );

  it('has a default for each variable, all of which the command knows', () => {
    expect(variables.map(({ name }) => name)).toEqual(namesIn(ours));
    expect(namesIn(ours).filter((name) => !KNOWN.includes(name))).toEqual([]);
  });

  it('says the default of each that has a value for one', () => {
    const valued = variables.filter(({ otherwise }) => !otherwise.includes(' '));
    const env = Object.fromEntries(valued.map(({ name, otherwise }) => [name, otherwise]));
    expect(loadConfig(worldWith({ env })).config).toEqual(loadConfig(worldWith({})).config);
    expect(valued.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['PORT', 'HOST', 'LOG_LEVEL', 'TRUSTED_PROXIES', 'SHUTDOWN_TIMEOUT']),
    );
  });

  it('is a good environment, once it has a secret', () => {
    const env = Object.fromEntries(variables.map(({ name, value }) => [name, value]));
    expect(loadConfig(worldWith({ env })).mistakes.map(sentence).join()).toContain('needs SECRET');
    expect(loadConfig(worldWith({ env: { ...env, SECRET: 'a secret' } })).config).toMatchObject({
      trustedProxies: 1,
      shutdown: { notice: 3_000 },
    });
  });

  it('has all that compose.yaml asks for, and compose.yaml hands on all that is in it', () => {
    const asked = [...compose.matchAll(/\$\{([A-Z_]+)/g)].map(([, name]) => name!);
    const there = [...namesIn(ours), ...namesIn(composes)];
    expect(asked.filter((name) => !there.includes(name))).toEqual([]);
    expect(
      namesIn(composes).filter((name) => !asked.includes(name) && name !== 'COMPOSE_PROJECT_NAME'),
    ).toEqual([]);
    for (const name of namesIn(ours)) expect(compose).toMatch(new RegExp(`^    ${name}: `, 'm'));
  });
});

describe('the others', () => {
  const secrets = {
    '/run/secrets/iskra_secret': 'a secret\n',
    '/run/secrets/iskra_redis_url': 'redis://user:password@10.0.0.5:6379\n',
    '/etc/iskra/secret': 'a secret\n',
    '/etc/iskra/redis-url': 'redis://user:password@10.0.0.5:6379\n',
  };

  it.each(['.env.development', '.env.production'])(
    '%s has only what the command knows, and is good',
    (name) => {
      const env = parseEnv(textOf(name)) as Record<string, string>;
      expect(Object.keys(env).sort()).toEqual(namesIn(textOf(name)).sort());
      expect(Object.keys(env).filter((variable) => !KNOWN.includes(variable))).toEqual([]);
      const { config, mistakes } = loadConfig(worldWith({ env, files: secrets }));
      expect(mistakes.map(sentence)).toEqual([]);
      expect(config?.log.level).toBe(name === '.env.production' ? 'info' : 'debug');
      expect(config?.redis.url).toBe(
        name === '.env.production' ? 'redis://user:password@10.0.0.5:6379' : undefined,
      );
    },
  );

  it.each(['iskra.yaml', 'iskra.development.json'])('%s is good, and names its schema', (name) => {
    const files = { [`deploy/${name}`]: textOf(name), ...secrets };
    const { config, mistakes } = loadConfig(worldWith({ files, flags: [`--config=deploy/${name}`] }));
    expect(mistakes.map(sentence)).toEqual([]);
    expect(config?.host).toBe('127.0.0.1');
    expect(textOf(name)).toMatch(/schema"?(=|": ")\.\.\/packages\/cli\/iskra\.schema\.json/);
  });
});
