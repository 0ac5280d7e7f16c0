/** The flags of everything that reads a configuration: those of the schema, and those that say where it stands. */
import { readFileSync } from 'node:fs';
import type { ArgDef, ArgsDef } from 'citty';
import { refuseUnknown, valuesOf } from '../usage.js';
import { FILE_VARIABLE, FOUND } from './find.js';
import { SETTINGS } from './schema.js';
import type { Setting } from './setting.js';
import type { World } from './world.js';

export const flags = {
  config: {
    type: 'string',
    valueHint: 'file',
    description: `the file to read, JSON or YAML [${FILE_VARIABLE}, ${FOUND.join(' or ')} here]`,
  },
  'no-config': { type: 'boolean', description: 'read no file, also when there is one here' },
  ...Object.fromEntries(SETTINGS.flatMap((setting) => flagOf(setting))),
  set: {
    type: 'string',
    valueHint: 'key=value',
    description:
      'any other setting, as in --set limits.connections=20000; repeatable; see iskra config check',
  },
} satisfies ArgsDef;

/** What a command line and the process around it are, for `loadConfig`. Refuses flags that are not in `args`. */
export function worldOf(command: string, rawArgs: readonly string[], args: ArgsDef): World {
  refuseUnknown(command, rawArgs, args);
  return {
    cwd: process.cwd(),
    env: process.env,
    valuesOf: (flag) => valuesOf(flag, rawArgs, args),
    read: (file) => readFileSync(file, 'utf8'),
  };
}

function flagOf(setting: Setting): [name: string, flag: ArgDef][] {
  const { flagName, is, kind, otherwise, unset, repeatable, variable } = setting;
  if (flagName === undefined) return [];
  const value = otherwise === undefined ? unset : kind.write(otherwise);
  const told = [variable, value].filter((one) => one !== undefined).join(', ');
  const description = `${is.replaceAll('`', '')}${repeatable ? '; repeatable' : ''} [${told}]`;
  return [[flagName, { type: 'string', valueHint: kind.words?.join('|') ?? kind.hint, description }]];
}
