/** PURE: a configuration for people, and for programs. Secrets are masked in both. */
import type { Effective, Loaded } from './load.js';
import { sentences } from './mistakes.js';

/** A table of what counts and where it is from, then all that is wrong. */
export function print({ file, effective, mistakes }: Loaded): string {
  const rows = effective.map((one) => [
    one.setting.key,
    shown(one) ?? `(${one.setting.unset ?? 'none'})`,
    one.source,
  ]);
  const table = [['setting', 'value', 'from'], ...rows];
  const widths = [0, 1].map((column) => Math.min(44, Math.max(...table.map((row) => row[column]!.length))));
  const lines = table.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd()); // prettier-ignore
  const head = file === undefined ? 'There is no configuration file.' : `The configuration file is ${file}.`;
  const end = mistakes.length === 0 ? 'The configuration is good.' : sentences(mistakes);
  return [head, '', ...lines, '', end].join('\n');
}

export function toJson({ file, effective, mistakes }: Loaded): object {
  return {
    ok: mistakes.length === 0,
    file: file ?? null,
    settings: effective.map((one) => ({
      key: one.setting.key,
      value: one.setting.secret === undefined ? (one.value ?? null) : (shown(one) ?? null),
      from: one.from,
      source: one.source,
      variable: one.setting.variable,
      flag: one.setting.flagName === undefined ? null : `--${one.setting.flagName}`,
    })),
    mistakes: mistakes.map(({ key, source, what, cure }) => ({ key, source, what, cure })),
  };
}

/** As it would be written; undefined when there is nothing. */
function shown({ setting, value, from }: Effective): string | undefined {
  if (value === undefined) return from === 'default' ? undefined : '(wrong, see below)';
  const text = setting.kind.write(value);
  if (setting.secret === 'whole') return '•••';
  // What stands before the @ of a URL: a name may be shown, its password may not.
  return setting.secret === 'password' ? text.replace(/\/\/([^:@/,]*):[^@]*@/g, '//$1:•••@') : text;
}
