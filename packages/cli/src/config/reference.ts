/** PURE: the table of docs/guide/configuration.md. */
import { SETTINGS } from './schema.js';
import type { Setting } from './setting.js';

export function referenceTable(): string {
  const head = [
    '| in a file | environment | flag | default | what it is | what it takes |',
    '|---|---|---|---|---|---|',
  ];
  return [...head, ...SETTINGS.map(row)].join('\n');
}

function row({ key, variable, flagName, otherwise, unset, kind, is }: Setting): string {
  const flag = flagName === undefined ? '' : `\`--${flagName}\``;
  const value = otherwise === undefined ? (unset ?? '') : `\`${kind.write(otherwise)}\``;
  return `| \`${key}\` | \`${variable}\` | ${flag} | ${value} | ${is} | ${kind.brief ?? kind.must} |`;
}
