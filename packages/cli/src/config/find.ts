/** Which file the configuration stands in. */
import path from 'node:path';
import { fileLayer } from './document.js';
import type { Layer } from './layer.js';
import type { Mistake } from './mistakes.js';
import { readText } from './world.js';
import type { Unread, World } from './world.js';

/** Names that are found by themselves, in the working directory. */
export const FOUND = ['iskra.yaml', 'iskra.yml', 'iskra.json'] as const;

/** The variable that names the file, when no flag does. */
export const FILE_VARIABLE = 'ISKRA_CONFIG';

export interface Found {
  readonly name: string;
  readonly full: string;
  /** Undefined when it cannot be read. */
  readonly layer: Layer | undefined;
}

/** The file that is named, or the one that lies here; what is wrong with it goes to `mistakes`. */
export function findFile(world: World, mistakes: Mistake[]): Found | undefined {
  const named = world.valuesOf('config');
  const wrong = (subject: string, what: string, cure: string): undefined => {
    mistakes.push({ key: '', source: subject, subject, what, cure });
  };
  if (world.valuesOf('no-config').length > 0) {
    return named.length > 0
      ? wrong('--no-config', 'does not go with --config', 'leave one of them out')
      : undefined;
  }
  const [subject, name] =
    named.length > 0
      ? (['--config', named.at(-1)!] as const)
      : ([FILE_VARIABLE, world.env[FILE_VARIABLE] || undefined] as const);
  if (name === '') return wrong(subject, 'needs a value', `write ${subject}=<file>`);
  if (name !== undefined) {
    const read = readFile(world, name);
    if (!('why' in read)) return layerOf(read, mistakes);
    return wrong(subject, `names ${name}, which ${read.why}`, 'create it, or correct the name');
  }
  const read = FOUND.map((one) => ({ name: one, ...readFile(world, one) }));
  const there = read.filter((one) => !('isAbsent' in one && one.isAbsent));
  const [first, second] = there;
  if (first === undefined) return undefined;
  if (second !== undefined) {
    const both = `${first.name} and ${second.name}`;
    return wrong(both, 'are both here', `keep one of them, or choose with --config ${first.name}`);
  }
  if ('why' in first)
    return wrong(first.name, `is a file which ${first.why}`, 'see who owns it, or use --no-config');
  return layerOf(first, mistakes);
}

interface Text {
  readonly name: string;
  readonly full: string;
  readonly text: string;
}

function readFile(world: World, name: string): Text | Unread {
  const full = path.resolve(world.cwd, name);
  const text = readText(world, full);
  return typeof text === 'string' ? { name, full, text } : text;
}

function layerOf({ name, full, text }: Text, mistakes: Mistake[]): Found {
  const layer = fileLayer(name, full, text);
  if (!('what' in layer)) return { name, full, layer };
  mistakes.push(layer);
  return { name, full, layer: undefined };
}
