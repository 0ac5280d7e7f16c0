/** PURE: one place where settings come from, as a tree of what it says: the defaults, the file, the environment, the flags. */
import { nearest } from '../usage.js';
import type { Kind } from './kinds.js';
import type { Mistake } from './mistakes.js';
import { SETTINGS, settingOf } from './schema.js';
import type { Setting } from './setting.js';

export type Tree = Record<string, unknown>;
export type Path = readonly PropertyKey[];

export interface Layer {
  readonly kind: 'default' | 'file' | 'environment' | 'flag';
  readonly tree: Tree;
  /** The folder that names of files are relative to. */
  readonly base: string;
  /** Where a value came from: `iskra.yaml:3`, `PORT`, `--port`. */
  source(path: Path): string;
  /** How a sentence about it begins: `iskra.yaml:3: port`, `PORT`, `--port`. */
  subject(path: Path): string;
}

/** Other defaults than those of the schema, and whose they are. */
export function defaultLayer(tree: Tree, source: string): Layer {
  return { kind: 'default', tree, base: '', source: () => source, subject: () => source };
}

/** An empty variable is how shells and compose files say "not set". What is no setting of ours is not looked at. */
export function environmentLayer(env: Readonly<Record<string, string | undefined>>, base: string): Layer {
  const tree: Tree = {};
  for (const { variable, path, kind } of SETTINGS) {
    const given = env[variable];
    if (given) put(tree, path, kind.read(given));
  }
  const name = named(({ variable }) => variable);
  return { kind: 'environment', tree, base, source: name, subject: name };
}

/**
 * @param valuesOf all values of a flag, in order
 * @param mistakes takes what is wrong with `--set`
 */
export function flagLayer(
  valuesOf: (flag: string) => readonly string[],
  base: string,
  mistakes: Mistake[],
): Layer {
  const tree: Tree = {};
  for (const said of valuesOf('set')) {
    const found = readSet(said);
    if ('what' in found) {
      mistakes.push(found);
      continue;
    }
    put(tree, found.setting.path, found.setting.kind.read(found.value));
  }
  for (const { key, flagName, path, kind, repeatable } of SETTINGS) {
    const values = flagName === undefined ? [] : valuesOf(flagName);
    if (values.length === 0) continue;
    if (values.includes('')) mistakes.push(withoutValue(key, `--${flagName}`, kind));
    else put(tree, path, kind.read(repeatable ? values.join(',') : values.at(-1)!));
  }
  const name = named(({ key, flagName }) =>
    flagName !== undefined && valuesOf(flagName).length > 0 ? `--${flagName}` : `--set ${key}`,
  );
  return { kind: 'flag', tree, base, source: name, subject: name };
}

/** The setting that a path leads to, or into. */
export function settingAt(path: Path): Setting | undefined {
  return SETTINGS.find((setting) => setting.path.every((name, index) => path[index] === name));
}

export function valueAt(tree: Tree, path: Path): unknown {
  let value: unknown = tree;
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[name];
  }
  return value;
}

export function put(tree: Tree, path: readonly string[], value: unknown): void {
  const [name = '', ...rest] = path;
  if (rest.length === 0) tree[name] = value;
  else put((tree[name] ??= {}) as Tree, rest, value);
}

/** What somebody may have meant by a name that is none, however they would write it. */
export function likelyKey(given: string): string | undefined {
  const plain = (name: string): string => name.replace(/[^a-z0-9]/gi, '').toLowerCase();
  const same = SETTINGS.find(({ key, variable, flagName = key }) =>
    [key, variable, flagName].some((name) => plain(name) === plain(given)),
  );
  return same?.key ?? nearest(given, SETTINGS.map(({ key }) => key)); // prettier-ignore
}

const named =
  (nameOf: (setting: Setting) => string) =>
  (path: Path): string => {
    const setting = settingAt(path);
    return setting === undefined ? path.join('.') : nameOf(setting);
  };

function readSet(said: string): { setting: Setting; value: string } | Mistake {
  const [key = '', ...rest] = said.split('=');
  const setting = settingOf(key);
  const wrong = (what: string, cure: string): Mistake => {
    return { key, source: '--set', subject: `--set ${key}`, what, cure };
  };
  if (setting === undefined) {
    const likely = likelyKey(key);
    return wrong(
      'is no setting',
      likely === undefined ? 'iskra config check lists them' : `is it ${likely}?`,
    );
  }
  if (setting.secret === 'whole') {
    return wrong(
      'would be seen by everybody who lists the processes of this machine',
      `use ${setting.variable} or ${setting.variable}_FILE`,
    );
  }
  const value = rest.join('=');
  return value === '' ? withoutValue(key, `--set ${key}`, setting.kind) : { setting, value };
}

function withoutValue(key: string, flag: string, { hint }: Kind): Mistake {
  return { key, source: flag, subject: flag, what: 'needs a value', cure: `write ${flag}=<${hint}>` };
}
