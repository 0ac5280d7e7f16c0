// Looks for short names and orders that compress better, and writes them to found-short.json: `node scripts/shorten.mjs --seconds 120`.
// Which of them are taken makes no difference to what the script does, and some to its size. It begins where the last search ended,
// so more time finds more; after a change of the client it has something to do again.

import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { format } from 'prettier';
import { at } from './files.mjs';
import { sortAll } from './free-orders.mjs';
import { found, minifyScript, SCRIPTS } from './script-bundle.mjs';
import { printScript } from './script-parts.mjs';
import { nameAll, NAMES, placed } from './short-names.mjs';
import { fail } from './terminal.mjs';

/** How much larger something may become for a while, to begin with, in bytes. */
const HEAT = 0.25;

async function search(script, seconds) {
  const { parts, words, lists } = await minifyScript(script);
  const sizeOf = ({ names, order }) => {
    sortAll(lists, order);
    return gzipSync(printScript(parts, names), { level: 9 }).length;
  };
  const { random } = Math;
  const pick = (list) => list[Math.floor(random() * list.length)];
  const withOtherName = ({ names, order }) => {
    const word = pick(words);
    const alike = words.filter(
      (other) => other.text === word.text && other.kind === word.kind && names.get(other) === names.get(word),
    );
    const name = random() < 0.6 ? names.get(pick(words)) : pick(NAMES.slice(0, 54));
    const next = withName(random() < 0.7 ? [word] : alike, name, names);
    return next && { names: next, order };
  };
  const withOtherPlace = ({ names, order }) => {
    const word = random() < 0.5 ? pick(order) : placed(pick(pick(lists).elements));
    const next = order.filter((other) => other !== word);
    const place = random() < 0.5 ? order.indexOf(word) + random() * 9 - 4 : random() * order.length;
    // Without a place of its own in one function, it has that which it has everywhere.
    if (random() < 0.8 || !word.includes('@')) next.splice(Math.max(0, Math.floor(place)), 0, word);
    return { names, order: next };
  };

  const movable = new Set(
    lists.flatMap(({ elements }) => elements.flatMap((one) => [one.text, placed(one)])),
  );
  const known = new Set([
    ...found.order,
    ...lists.flatMap(({ elements }) => elements.map(({ text }) => text)),
  ]);
  let best = { names: nameAll(words, found), order: [...known].filter((word) => movable.has(word)) };
  const began = sizeOf(best);
  let [size, last, lastSize] = [began, best, began];
  const start = performance.now();
  for (let share; (share = (performance.now() - start) / seconds / 1_000) < 1;) {
    const next = random() < 0.5 ? withOtherName(last) : withOtherPlace(last);
    const now = next ? sizeOf(next) : Infinity;
    // What is larger may lead to what is smaller.
    if (now > lastSize && random() > Math.exp((lastSize - now) / (1 - share) / HEAT)) continue;
    [last, lastSize] = [next, now];
    if (now < size) [best, size] = [next, now];
  }
  console.log(`${script.file}: ${began} → ${size}`);
  const { names, order } = best;
  return { variables: chosenOf('variables', names), properties: chosenOf('properties', names), order };
}

/** By word the name that it has most often, and where it has another one. */
function chosenOf(kind, names) {
  const words = [...names.keys()].filter((word) => word.kind === kind);
  const chosen = new Map();
  for (const [word, name] of [...names].sort(([one], [other]) => other.count - one.count))
    if (word.kind === kind && !chosen.has(word.text)) chosen.set(word.text, name);
  for (const word of words)
    if (chosen.get(word.text) !== names.get(word)) chosen.set(placed(word), names.get(word));
  return Object.fromEntries([...chosen].sort());
}

/** They have another name; who must be told from one of them and had that, has their old one, and so on. Undefined, where that cannot be. */
function withName(words, name, names) {
  const old = names.get(words[0]);
  if (old === name) return undefined;
  const next = new Map(names);
  const changed = new Set(words);
  for (const one of changed) {
    const other = names.get(one) === old ? name : old;
    if (one.never.has(other)) return undefined;
    next.set(one, other);
    for (const beside of one.beside) if (names.get(beside) === other) changed.add(beside);
  }
  return next;
}

try {
  const { values } = parseArgs({ options: { seconds: { type: 'string', default: '60' } } });
  const names = await search(SCRIPTS[0], Number(values.seconds));
  const file = at('scripts/found-short.json');
  writeFileSync(file, await format(JSON.stringify(names), { parser: 'json', printWidth: 110 }));
} catch (error) {
  fail(error);
}
