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
import { wrongTogether } from './together.js';
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
  // Whoever changes files waits for the next start, and not for clients.
  const isWatched =
    ['watch', 'watch-path'].some((flag) => world.valuesOf(flag).length > 0) ||
    world.env['WATCH_REPORT_DEPENDENCIES'] !== undefined;
  const layers = [
    ...(isWatched ? [defaultLayer({ shutdown: { timeout: 0 } }, 'as files are watched')] : []),
    ...(found?.layer === undefined ? [] : [found.layer]),
    environmentLayer(world.env, world.cwd),
    flagLayer(world.valuesOf, world.cwd, mistakes),
  ];
  for (const layer of layers) mistakes.push(...mistakesOf(layer));

  const files = found === undefined ? [] : [found.full];
  const winners = new Map<string, { layer: Layer; value: unknown; source: string }>();
  for (const layer of layers) {
    for (const setting of SETTINGS) {
      const value = valueAt(layer.tree, setting.path);
      if (value === undefined) continue;
      const source = layer.source(setting.path);
      const full =
        setting.kind.isFile && typeof value === 'string' ? path.resolve(layer.base, value) : undefined;
      if (full !== undefined) files.push(full);
      if (setting.holds === undefined) {
        winners.set(setting.key, { layer, value: full ?? value, source });
        continue;
      }
      const held = full === undefined ? undefined : readHeld(layer, setting, full, world, mistakes);
      winners.set(setting.holds, { layer, value: held, source: `${source} (${full ?? 'no file'})` });
    }
  }

  const tree: Tree = {};
  const effective = SETTINGS.filter(({ holds }) => holds === undefined).map((setting): Effective => {
    const winner = winners.get(setting.key);
    if (winner === undefined)
      return { setting, value: setting.otherwise, source: 'default', from: 'default' };
    put(tree, setting.path, winner.value);
    const { data } = setting.kind.schema.safeParse(winner.value);
    return { setting, value: data, source: winner.source, from: winner.layer.kind };
  });

  const { data } = Config.safeParse(tree);
  if (data !== undefined) mistakes.push(...wrongTogether(data, (key) => winners.get(key)?.layer, world));
  return { file: found?.name, config: mistakes.length === 0 ? data : undefined, effective, mistakes, files };
}

/** What a file holds that stands in for a value: without the line end that editors and `echo` leave. */
function readHeld(
  layer: Layer,
  setting: Setting,
  full: string,
  world: World,
  mistakes: Mistake[],
): string | undefined {
  const target = settingOf(setting.holds!)!;
  const wrong = (what: string, cure: string): undefined =>
    void mistakes.push(mistake(layer, setting, what, cure));
  if (valueAt(layer.tree, target.path) !== undefined) {
    return wrong(`stands beside ${layer.subject(target.path)}`, 'keep one of them');
  }
  const text = readText(world, full);
  if (typeof text !== 'string')
    return wrong(`names ${full}, which ${text.why}`, 'create it, or correct the name');
  const held = text.trim();
  if (held === '') return wrong(`names ${full}, which is empty`, `write into it what ${target.key} is to be`);
  if (target.kind.schema.safeParse(held).success) return held;
  return wrong(`names ${full}, whose text is not right`, `it must be ${target.kind.must}`);
}
