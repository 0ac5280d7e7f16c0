// What holds for all settings, and that what is made from them is as they are.

import { readFileSync } from 'node:fs';
import { DEFAULT_LIMITS, DEFAULT_TIMES } from '@iskra/server';
import { describe, expect, it } from 'vitest';
import { referenceTable } from './reference.js';
import { Config, jsonSchema, SETTINGS } from './schema.js';

const root = new URL('../../../../', import.meta.url);
const fileOf = (name: string): string => new URL(name, root).pathname;

describe('the settings', () => {
  it.each(['key', 'variable', 'flagName'] as const)('have each %s once', (name) => {
    const all = SETTINGS.map((setting) => setting[name]).filter((one) => one !== undefined);
    expect(all.filter((one, index) => all.indexOf(one) !== index)).toEqual([]);
  });

  it('are named by one rule, but for the few that stood already and the path of the shell', () => {
    const kebab = (key: string): string =>
      key.replaceAll('.', '-').replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    const others = SETTINGS.filter(
      ({ key, variable, flagName }) =>
        variable !== kebab(key).replaceAll('-', '_').toUpperCase() ||
        (flagName !== undefined && flagName !== kebab(key)),
    );
    expect(others.map(({ key }) => key)).toEqual(['path', 'origins', 'redis.url']);
  });

  it('have no variable that is of a shell, of npm or of the system', () => {
    const taken =
      'PATH HOME USER SHELL TERM PWD LANG NODE HOSTNAME TZ TMPDIR EDITOR MAIL NODE_ENV NODE_OPTIONS'.split(
        ' ',
      );
    expect(SETTINGS.map(({ variable }) => variable).filter((one) => taken.includes(one))).toEqual([]);
  });

  it('have defaults that they would take', () => {
    const nothing = Config.parse({}) as Record<string, unknown>;
    for (const { path, otherwise } of SETTINGS) {
      const value = path.reduce<unknown>((tree, name) => (tree as Record<string, unknown>)[name], nothing);
      expect(value, path.join('.')).toEqual(otherwise);
    }
  });

  it('are all limits and times of a server, but for those that only code of the user needs, or tests', () => {
    const has = (key: string): boolean =>
      SETTINGS.some((one) => one.key === key || one.key.startsWith(`${key}.`));
    expect(Object.keys(DEFAULT_LIMITS).filter((name) => !has(`limits.${name}`))).toEqual(['handler']);
    expect(Object.keys(DEFAULT_TIMES).filter((name) => !has(`times.${name}`))).toEqual([
      ...['marker', 'linger', 'supersededGrace'],
    ]);
  });
});

// `npm run unit -- packages/cli/src/config/schema.test.ts -u` writes both anew.
describe('what is made of them', () => {
  it('is the JSON Schema that editors find in the package', async () => {
    await expect(`${JSON.stringify(jsonSchema(), null, 2)}\n`).toMatchFileSnapshot(
      fileOf('packages/cli/iskra.schema.json'),
    );
  });

  it('is the table of the guide', async () => {
    const guide = fileOf('docs/guide/configuration.md');
    const text = readFileSync(guide, 'utf8');
    const [before, after] = [text.split('<!-- settings -->')[0]!, text.split('<!-- /settings -->')[1]!];
    await expect(
      `${before}<!-- settings -->\n${referenceTable()}\n<!-- /settings -->${after}`,
    ).toMatchFileSnapshot(guide);
  });
});

describe('the JSON Schema', () => {
  interface Part {
    type?: string;
    description?: string;
    default?: unknown;
    properties?: Record<string, Part>;
    additionalProperties?: boolean;
  }
  const partsOf = (part: Part): Part[] => [part, ...Object.values(part.properties ?? {}).flatMap(partsOf)];

  it('explains every setting, requires none, and knows no others', () => {
    const parts = partsOf(jsonSchema() as Part);
    expect(parts.length).toBeGreaterThan(SETTINGS.length);
    for (const part of parts) {
      expect(part.description).toBeTruthy();
      expect(part).not.toHaveProperty('required');
      if (part.type === 'object') expect(part.additionalProperties).toBe(false);
    }
    expect((jsonSchema() as Part).properties!['shutdown']!.properties!['timeout']!.default).toBe('30m');
  });
});
