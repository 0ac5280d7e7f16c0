import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { faultNames, FAULTS, usageOf } from './faults.js';

const guide = readFileSync(new URL('../../../docs/guide/chaos.md', import.meta.url), 'utf8');
const rowOf = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`.replace('|  |', '| |');

it('are the table of the guide, row by row', () => {
  const rows = guide.match(/(?<=^\| fault \| does \| verdict \|\n\|---\|---\|---\|\n)(\|.*\|\n)+/m)?.[0];
  const expected = faultNames.map((name) => {
    const { does, verdict } = FAULTS[name];
    return rowOf([`\`${usageOf(name)}\``, does, verdict === undefined ? '' : `\`${verdict}\``]);
  });
  expect(rows?.trim().split('\n')).toEqual(expected);
});

it.each(faultNames)('%s is told in one sentence', (name) => {
  expect(FAULTS[name].does).toMatch(/^[A-Z](?!.*\. ).*\.$/);
});
