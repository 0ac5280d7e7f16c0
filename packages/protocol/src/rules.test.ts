import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** The rules of PROTOCOL.md: `- **P20** …`. */
const rules = [...readFileSync(path.join(root, 'PROTOCOL.md'), 'utf8').matchAll(/^- \*\*(P\d+)\*\*/gm)].map(
  ([, rule]) => rule!,
);

const testFiles = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name === 'node_modules' || entry.name === 'dist') return [];
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) return testFiles(file);
    return entry.name.endsWith('.test.ts') && file !== import.meta.filename ? [file] : [];
  });

/** By rule, a file whose text cites it as `(P20)` or among others, as in `(P20, P21)`. */
const cited = new Map<string, string>();
for (const folder of ['packages', 'e2e', 'examples']) {
  for (const file of testFiles(path.join(root, folder))) {
    for (const [, list] of readFileSync(file, 'utf8').matchAll(/\((P\d+(?:, P\d+)*)\)/g)) {
      for (const rule of list!.split(', ')) cited.set(rule, path.relative(root, file));
    }
  }
}

test('every rule of PROTOCOL.md has a number of its own, in ascending order', () => {
  const numbers = rules.map((rule) => Number(rule.slice(1)));
  expect(numbers.length).toBeGreaterThan(50);
  expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
});

test('every rule of PROTOCOL.md is cited by a test', () => {
  expect(rules.filter((rule) => !cited.has(rule))).toEqual([]);
});

test('every rule that a test cites is in PROTOCOL.md', () => {
  expect([...cited].filter(([rule]) => !rules.includes(rule))).toEqual([]);
});
