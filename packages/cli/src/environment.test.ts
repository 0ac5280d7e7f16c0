// deploy/.env.example tells of each variable that the command reads, and of no other.

import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { readSettings } from './serve.js';

const example = readFileSync(new URL('../../../deploy/.env.example', import.meta.url), 'utf8');
const [ours = '', composes = ''] = example.split('# What compose.yaml alone reads.');
const compose = readFileSync(new URL('../../../deploy/compose.yaml', import.meta.url), 'utf8');

/** Name, what it is set to, and the default that its comment gives. */
const variables = [...ours.matchAll(/^# .*\[(.*)\]\n([A-Z_]+)=(.*)$/gm)].map(
  ([, otherwise = '', name = '', value = '']) => ({ name, value, otherwise }),
);
const names = (text: string): string[] => [...text.matchAll(/^([A-Z_]+)=/gm)].map(([, name]) => name!);

beforeEach(() => {
  for (const { name } of variables) vi.stubEnv(name, undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
});

/** The names that are looked for in an environment which has none of them. */
function readNames(): string[] {
  const read = new Set<string>();
  const env = new Proxy<NodeJS.ProcessEnv>(
    {},
    {
      get(_, name) {
        if (typeof name === 'string') read.add(name);
        return undefined;
      },
    },
  );
  vi.stubGlobal('process', Object.create(process, { env: { value: env } }));
  readSettings({}, []);
  // Node's own.
  read.delete('WATCH_REPORT_DEPENDENCIES');
  return [...read];
}

it('has all that the command reads, and nothing else', () => {
  expect(names(ours).sort()).toEqual(readNames().sort());
  expect(variables.map(({ name }) => name)).toEqual(names(ours));
});

it('says the default of each that has a value for one', () => {
  const without = readSettings({}, []);
  const valued = variables.filter(({ otherwise }) => !otherwise.includes(' '));
  for (const { name, otherwise } of valued) vi.stubEnv(name, otherwise);
  expect(readSettings({}, [])).toEqual(without);
  expect(valued.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['PORT', 'HOST', 'LOG_LEVEL', 'TRUSTED_PROXIES', 'SHUTDOWN_TIMEOUT']),
  );
});

it('is a good environment, once it has a secret', () => {
  for (const { name, value } of variables) vi.stubEnv(name, value);
  expect(() => readSettings({}, [])).toThrow('SECRET');
  vi.stubEnv('SECRET', 'a secret');
  expect(readSettings({}, [])).toMatchObject({
    trustedProxies: 1,
    shutdownNotice: 3_000,
    origins: undefined,
  });
});

it('has all that compose.yaml asks for, and compose.yaml hands on all that the command reads', () => {
  const asked = [...compose.matchAll(/\$\{([A-Z_]+)/g)].map(([, name]) => name!);
  const known = [...names(ours), ...names(composes)];
  expect(asked.filter((name) => !known.includes(name))).toEqual([]);
  expect(names(composes).filter((name) => !asked.includes(name) && name !== 'COMPOSE_PROJECT_NAME')).toEqual(
    [],
  );
  for (const name of names(ours)) expect(compose).toMatch(new RegExp(`^    ${name}: `, 'm'));
});
