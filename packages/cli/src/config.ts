/** `iskra config`: what a server here would be told, where each value is from, and what is wrong with it. */
import { defineCommand } from 'citty';
import type { ArgsDef } from 'citty';
import { flags, worldOf } from './config/flags.js';
import { loadConfig } from './config/load.js';
import { print, toJson } from './config/print.js';
import { jsonSchema } from './config/schema.js';
import { nearest, UsageError } from './usage.js';

const args = {
  what: {
    type: 'positional',
    required: false,
    valueHint: 'check|schema',
    description: 'check: the settings that count, and every mistake; schema: a JSON Schema for editors',
  },
  ...flags,
  json: { type: 'boolean', description: 'print one JSON document' },
} satisfies ArgsDef;

const WHATS = ['check', 'schema'] as const;

export const configCommand = defineCommand({
  meta: {
    name: 'config',
    description: 'check what iskra serve would be told, with the same flags',
  },
  args,
  run({ rawArgs, args: given }) {
    const world = worldOf('iskra config', rawArgs, args);
    if (readWhat(given.what) === 'schema') {
      // Everything but what it prints is told to a server, and there is none.
      const told = Object.keys(flags).find((flag) => world.valuesOf(flag).length > 0);
      if (told !== undefined)
        throw new UsageError(`iskra config schema takes no --${told}: it is the same for everybody.`);
      console.log(JSON.stringify(jsonSchema(), null, 2));
      return;
    }
    const loaded = loadConfig(world);
    console.log(given.json === true ? JSON.stringify(toJson(loaded), null, 2) : print(loaded));
    process.exitCode = loaded.mistakes.length === 0 ? 0 : 1;
  },
});

function readWhat(given: string | undefined): (typeof WHATS)[number] {
  const what = WHATS.find((one) => one === given);
  if (what !== undefined) return what;
  if (given === undefined)
    throw new UsageError('iskra config needs to know what: iskra config check, or iskra config schema.');
  const close = nearest(given, WHATS);
  throw new UsageError(
    `iskra config does not know "${given}". ${close === undefined ? 'It knows check and schema.' : `Is it ${close}?`}`,
  );
}
