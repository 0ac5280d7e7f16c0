// Looks for short names that compress better, and writes them to short-names.json: `node scripts/shorten.mjs -- --seconds 120`.
// Which name is whose makes no difference to what the script does, and some to its size. It begins where the last search ended,
// so more time finds more; after a change of the client it has something to do again.

import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { parse } from 'acorn';
import { format } from 'prettier';
import { at } from './files.mjs';
import { found, makeScript, nameAt, SCRIPTS } from './script-bundle.mjs';
import { fail } from './terminal.mjs';

const sizeOf = (text) => gzipSync(text, { level: 9 }).length;

/** The script in pieces: between them stand names that may be others. `kind` is `name`, of a word or a property, or `variable`. */
function piecesOf(code, isShort) {
  const marks = [];
  const mark = (node, kind, word, more) =>
    marks.push({ start: node.start, end: node.end, kind, word, ...more });
  const walk = (node) => {
    if (Array.isArray(node)) return node.forEach(walk);
    if (typeof node?.type !== 'string') return;
    const { type, key, value, property, computed } = node;
    if (type === 'Identifier') {
      if (node.name.length < 3) mark(node, 'variable', node.name);
      return;
    }
    if (type === 'Literal' && isShort(value))
      mark({ start: node.start + 1, end: node.end - 1 }, 'name', value);
    if (type === 'MemberExpression' && !computed) {
      if (isShort(property.name)) mark(property, 'name', property.name);
      return walk(node.object);
    }
    if (/^(Property|MethodDefinition|PropertyDefinition)$/.test(type) && !computed) {
      const variable = value?.type === 'AssignmentPattern' ? value.left : value;
      if (isShort(key.name) && type === 'Property' && variable?.type === 'Identifier') {
        // Where both are the same, one of them is enough.
        mark({ start: key.start, end: variable.end }, 'name', key.name, { variable: variable.name });
        return walk(value.right);
      }
      if (isShort(key.name)) mark(key, 'name', key.name);
      // Its name has to stay, and so it is in front of the variable.
      else if (node.shorthand && variable.name.length < 3) return;
      return walk(value);
    }
    for (const each of Object.values(node)) if (typeof each === 'object') walk(each);
  };
  walk(parse(code, { ecmaVersion: 'latest' }));
  marks.sort((one, other) => one.start - other.start);
  let end = 0;
  const texts = marks.map((each) => {
    const text = code.slice(end, each.start);
    end = each.end;
    return text;
  });
  return { marks, texts, rest: code.slice(end) };
}

async function search(script, seconds) {
  const { code, words, properties } = await makeScript(script);
  const names = new Map([...properties, ...words]);
  const wordOf = new Map([...names].map(([word, short]) => [short, word]));
  const { marks, texts, rest } = piecesOf(code, (short) => wordOf.has(short));

  const letters = [...found.letters];
  const indexes = new Map(Array.from({ length: 2_000 }, (_, index) => [nameAt(found.letters, index), index]));
  const render = (short, order) => {
    const variable = (name) => nameAt(order, indexes.get(name));
    let text = '';
    for (const [at, mark] of marks.entries()) {
      text += texts[at];
      if (mark.kind === 'variable') text += variable(mark.word);
      else {
        const name = short.get(wordOf.get(mark.word));
        const value = mark.variable && (mark.variable.length < 3 ? variable(mark.variable) : mark.variable);
        text += value === undefined || value === name ? name : `${name}:${value}`;
      }
    }
    return text + rest;
  };
  const random = seeded(7);
  const pick = (list) => list[Math.floor(random() * list.length)];
  let best = { names, letters: letters.join('') };
  let size = sizeOf(render(best.names, best.letters));
  const began = { size, plain: sizeOf(code) };
  const keys = [...names.keys()];
  const pool = [...new Set([...letters, ...names.values()])];
  const until = performance.now() + seconds * 1_000;
  for (let tries = 0; performance.now() < until; tries++) {
    const next = tries % 3 === 0 ? withOtherLetters(best, pick) : withOtherName(best, keys, pool, pick);
    // A variable of that name may be there before it gets a short one.
    if ([...words.keys()].some((word) => !/^[A-Z]+$/.test(next.names.get(word)))) continue;
    const now = sizeOf(render(next.names, next.letters));
    if (now <= size) [best, size] = [next, now];
  }
  console.log(`${script.file}: ${began.plain} (${began.size}) → ${size}`);
  const part = (keys) => Object.fromEntries([...keys].sort().map((key) => [key, best.names.get(key)]));
  return { letters: best.letters, words: part(words.keys()), properties: part(properties.keys()) };
}

/** Two letters change places. */
function withOtherLetters({ names, letters }, pick) {
  const [one, other] = [pick(letters), pick(letters)];
  const swap = { [one]: other, [other]: one };
  return { names, letters: [...letters].map((letter) => swap[letter] ?? letter).join('') };
}

/** One has another name; who had that has the old one. */
function withOtherName({ names, letters }, keys, pool, pick) {
  const [key, name] = [pick(keys), pick(pool)];
  const next = new Map(names);
  for (const [other, short] of next) if (short === name) next.set(other, names.get(key));
  return { names: next.set(key, name), letters };
}

/** The same search finds the same. */
function seeded(state) {
  return () => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
}

try {
  const { values } = parseArgs({ options: { seconds: { type: 'string', default: '60' } } });
  const names = await search(SCRIPTS[0], Number(values.seconds));
  writeFileSync(
    at('scripts/short-names.json'),
    await format(JSON.stringify(names), { parser: 'json', printWidth: 110 }),
  );
} catch (error) {
  fail(error);
}
