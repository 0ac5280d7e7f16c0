/** PURE: what is wrong with a configuration: where, what, and what to do; and how all of it is told at once. */
import type { z } from 'zod';
import { nearest } from '../usage.js';
import { likelyKey, settingAt, valueAt } from './layer.js';
import type { Layer, Path } from './layer.js';
import { Config, SETTINGS } from './schema.js';
import type { Setting } from './setting.js';

export interface Mistake {
  /** The setting, as far as there is one: `shutdown.timeout`. */
  readonly key: string;
  /** Where it was said: `iskra.yaml:3`, `PORT`, `--port`. */
  readonly source: string;
  /** How the sentence begins. */
  readonly subject: string;
  readonly what: string;
  /** What to do, without a full stop. */
  readonly cure: string;
}

/** Everything that a layer says and that is no setting, or not right for it. */
export function mistakesOf(layer: Layer): Mistake[] {
  const { error } = Config.safeParse(layer.tree);
  return (error?.issues ?? []).flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => unknown(layer, [...issue.path, key]))
      : wrongValue(layer, issue),
  );
}

/** As one sentence. */
export function sentence({ subject, what, cure }: Mistake): string {
  return `${subject} ${what}; ${cure}${cure.endsWith('?') ? '' : '.'}`;
}

/** All of them, a line each. */
export function sentences(mistakes: readonly Mistake[]): string {
  const lines = mistakes.map(sentence);
  if (lines.length === 1) return lines.join();
  return [
    `There are ${lines.length} mistakes in the configuration:`,
    ...lines.map((line) => `  ${line}`),
  ].join('\n');
}

/** A mistake about a setting, wherever it was said. */
export function mistake(layer: Layer, { key, path }: Setting, what: string, cure: string): Mistake {
  return { key, source: layer.source(path), subject: layer.subject(path), what, cure };
}

function unknown(layer: Layer, path: Path): Mistake {
  const key = path.join('.');
  const likely = likelyName(path) ?? likelyKey(key);
  const cure = likely === undefined ? 'iskra config check lists all settings' : `is it ${likely}?`;
  return { key, source: layer.source(path), subject: layer.subject(path), what: 'is no setting', cure };
}

/** Of the names that stand beside it. */
function likelyName(path: Path): string | undefined {
  const above = path.slice(0, -1);
  const beside = SETTINGS.filter((setting) => above.every((name, at) => setting.path[at] === name));
  const names = [...new Set(beside.map((setting) => setting.path[above.length] ?? ''))];
  const likely = nearest(String(path.at(-1)), names);
  return likely === undefined ? undefined : [...above, likely].join('.');
}

function wrongValue(layer: Layer, { path }: z.core.$ZodIssue): Mistake {
  const setting = settingAt(path);
  if (setting !== undefined) {
    return mistake(
      layer,
      setting,
      isGiven(setting, valueAt(layer.tree, setting.path)),
      `it must be ${setting.kind.must}`,
    );
  }
  const key = path.join('.');
  const inside = SETTINGS.filter((one) => one.key.startsWith(key === '' ? '' : `${key}.`));
  const some = inside.slice(0, 3).map((one) => one.key);
  return {
    ...{ key, source: layer.source(path), subject: layer.subject(path) },
    ...(some.length > 0
      ? { what: 'is no group of settings', cure: `write its settings below it, such as ${some.join(', ')}` }
      : { what: 'is not right', cure: 'it must be a text' }),
  };
}

/** Secrets are not repeated. */
function isGiven({ secret }: Setting, value: unknown): string {
  if (secret !== undefined) return 'is not right';
  const text = JSON.stringify(value) ?? 'nothing';
  return `is ${text.length > 80 ? `${text.slice(0, 79)}…` : text}`;
}
