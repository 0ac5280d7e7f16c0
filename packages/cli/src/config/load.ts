/**
 * The configuration of a server from all places together: defaults, a file, the environment, the flags, in the order of their
 * growing weight. What is outside comes in as a `World`; what comes out says of each value where it is from, and all that is wrong.
 */
import path from 'node:path';
import { findFile } from './find.js';
import { defaultLayer, environmentLayer, flagLayer, put, valueAt } from './layer.js';
import type { Layer, Tree } from './layer.js';
import { mistake, mistakesOf } from './mistakes.js';
import type { Mistake } from './mistakes.js';
import { Config, settingOf, SETTINGS } from './schema.js';
import type { Setting } from './setting.js';
import { blameTogether } from './together.js';
import { readText } from './world.js';
import type { World } from './world.js';

/** A value that counts, and where it is from. */
export interface Effective {
  readonly setting: Setting;
  /** Times in ms, sizes in bytes; undefined: not set, or wrong. */
  readonly value: unknown;
  readonly source: string;
  readonly from: Layer['kind'];
}

export interface Loaded {
  /** The configuration file, as it was named; undefined: there is none. */
  readonly file: string | undefined;
  /** Nothing, when there are mistakes. */
  readonly config: Config | undefined;
  /** Every setting, in the order of the schema; secrets are not masked. */
  readonly effective: readonly Effective[];
  readonly mistakes: readonly Mistake[];
  /** All files that it depends on, by their whole paths. */
  readonly files: readonly string[];
}

export function loadConfig(world: World): Loaded {
  const mistakes: Mistake[] = [];
  const found = findFile(world, mistakes);
  const layers = [
    ...(isWatched(world) ? [defaultLayer({ shutdown: { timeout: 0 } }, 'as files are watched')] : []),
    ...(found?.layer === undefined ? [] : [found.layer]),
    environmentLayer(world.env, world.cwd),
    flagLayer(world.valuesOf, world.cwd, mistakes),
  ];
  for (const layer of layers) mistakes.push(...mistakesOf(layer));

  const files = found === undefined ? [] : [found.full];
  const given = new Map<string, Given>();
  for (const layer of layers) {
    for (const setting of SETTINGS) {
      const value = valueAt(layer.tree, setting.path);
      if (value === undefined) continue;
      const one = { layer, setting, value, source: layer.source(setting.path) };
      if (!setting.kind.isFile || typeof value !== 'string') {
        given.set(setting.key, one);
        continue;
      }
      const file = path.resolve(layer.base, value);
      files.push(file);
      if (setting.holds === undefined) given.set(setting.key, { ...one, value: file });
      else
        given.set(setting.holds, { ...held(one, file, world, mistakes), source: `${one.source} (${file})` });
    }
  }

  const tree: Tree = {};
  for (const [key, { value }] of given) put(tree, settingOf(key)!.path, value);
  const { data } = Config.safeParse(tree);
  if (data !== undefined) {
    blameTogether(data, given.has('secret'), world, (key, what, cure) => {
      const { layer, setting } = given.get(key)!;
      mistakes.push(mistake(layer, setting, what, cure));
    });
  }
  return {
    file: found?.name,
    config: mistakes.length === 0 ? data : undefined,
    effective: SETTINGS.filter(({ holds }) => holds === undefined).map((one) =>
      effectiveOf(one, given.get(one.key)),
    ),
    mistakes,
    files,
  };
}

/** What a place says, and the setting by which it does: `secretFile` for `secret`. */
interface Given {
  readonly layer: Layer;
  readonly setting: Setting;
  readonly value: unknown;
  readonly source: string;
}

/** Whoever changes files waits for the next start, and not for clients. */
const isWatched = ({ valuesOf, env }: World): boolean =>
  [...valuesOf('watch'), ...valuesOf('watch-path')].length > 0 ||
  env['WATCH_REPORT_DEPENDENCIES'] !== undefined;

function effectiveOf(setting: Setting, given: Given | undefined): Effective {
  if (given === undefined) return { setting, value: setting.otherwise, source: 'default', from: 'default' };
  const { data } = setting.kind.schema.safeParse(given.value);
  return { setting, value: data, source: given.source, from: given.layer.kind };
}

/** With the value that the file holds, without the spaces and line ends around it; or none, if that is wrong. */
function held(given: Given, file: string, world: World, mistakes: Mistake[]): Given {
  const { layer, setting } = given;
  const target = settingOf(setting.holds!)!;
  const wrong = (what: string, cure: string): Given => {
    mistakes.push(mistake(layer, setting, what, cure));
    return { ...given, value: undefined };
  };
  if (valueAt(layer.tree, target.path) !== undefined) {
    return wrong(`stands beside ${layer.subject(target.path)}`, 'keep one of them');
  }
  const text = readText(world, file);
  if (typeof text !== 'string')
    return wrong(`names ${file}, which ${text.why}`, 'create it, or correct the name');
  const value = text.trim();
  if (value === '')
    return wrong(`names ${file}, which is empty`, `write into it what ${target.key} is to be`);
  if (target.kind.schema.safeParse(value).success) return { ...given, value };
  return wrong(`names ${file}, whose text is not right`, `it must be ${target.kind.must}`);
}
