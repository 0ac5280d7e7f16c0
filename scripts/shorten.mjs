// Looks for short names that compress better, and writes them to short-names.json: `node scripts/shorten.mjs --seconds 120`.
// Which name is whose makes no difference to what the script does, and some to its size. It begins where the last search ended,
// so more time finds more; after a change of the client it has something to do again.

import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { format } from 'prettier';
import { at } from './files.mjs';
import { minifyScript, SCRIPTS } from './script-bundle.mjs';
import { nameAll, NAMES, printScript } from './short-names.mjs';
import { fail } from './terminal.mjs';

const file = at('scripts/short-names.json');

async function search(script, seconds) {
  const { code, words } = await minifyScript(script);
  const sizeOf = (names) => gzipSync(printScript(code, names), { level: 9 }).length;
  const random = seeded(7);
  const pick = (list) => list[Math.floor(random() * list.length)];

  let best = nameAll(words, JSON.parse(readFileSync(file, 'utf8')));
  const began = sizeOf(best);
  let size = began;
  const until = performance.now() + seconds * 1_000;
  while (performance.now() < until) {
    const name = random() < 0.6 ? best.get(pick(words)) : pick(NAMES.slice(0, 54));
    const next = withName(pick(words), name, best);
    const now = next ? sizeOf(next) : Infinity;
    // What is as large may lead to what is smaller.
    if (now <= size) [best, size] = [next, now];
  }
  console.log(`${script.file}: ${began} → ${size}`);
  const part = (kind) =>
    Object.fromEntries(
      words
        .filter((word) => word.kind === kind)
        .map((word) => [word.text, best.get(word)])
        .sort(),
    );
  return { variables: part('variables'), properties: part('properties') };
}

/** One has another name; who must be told from it and had that, has its old one, and so on. Undefined, where that cannot be. */
function withName(word, name, names) {
  const old = names.get(word);
  if (old === name) return undefined;
  const next = new Map(names);
  const changed = new Set([word]);
  for (const one of changed) {
    const other = names.get(one) === old ? name : old;
    if (one.never.has(other)) return undefined;
    next.set(one, other);
    for (const beside of one.beside) if (names.get(beside) === other) changed.add(beside);
  }
  return next;
}

/** The same search finds the same. */
function seeded(state) {
  return () => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
}

try {
  const { values } = parseArgs({ options: { seconds: { type: 'string', default: '60' } } });
  const names = await search(SCRIPTS[0], Number(values.seconds));
  writeFileSync(file, await format(JSON.stringify(names), { parser: 'json', printWidth: 110 }));
} catch (error) {
  fail(error);
}
