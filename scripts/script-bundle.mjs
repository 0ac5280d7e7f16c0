// The script tags: esbuild bundles, terser minifies, and names become short. Every page pays for every byte.

import { readFileSync } from 'node:fs';
import { decode, encode } from '@jridgewell/sourcemap-codec';
import { build } from 'esbuild';
import { minify } from 'terser';
import { at } from './files.mjs';
import { sortAll } from './free-orders.mjs';
import { ownWords, publicNames } from './public-names.mjs';
import { printScript, readScript } from './script-parts.mjs';
import { nameAll } from './short-names.mjs';
import { emptyClasses, questionsBeside, unreadProperties } from './unused.mjs';

/** The core, and the whole client. `told`: the declarations that say what the object is that `connect` gives. `alone`: nothing is beside it. */
export const SCRIPTS = [
  { source: 'script', file: 'iskra.min.js', told: ['client'], alone: true },
  {
    source: 'script-full',
    file: 'iskra.full.min.js',
    told: ['client', 'connect', 'explain', 'insight', 'last', 'members', 'quality'],
  },
];

/** Which short names and orders compress best is found by trying, and written down: see shorten.mjs. */
export const found = JSON.parse(readFileSync(at('scripts/found-short.json'), 'utf8'));

/** What is shipped of a script: its code, and its map. */
export async function makeScript(script) {
  const { parts, words, lists, map } = await minifyScript(script);
  sortAll(lists, found.order);
  const places = [];
  const code = printScript(parts, nameAll(words, found), places);
  return { code, map: JSON.stringify(moved(map, places)) };
}

/** The script in parts, with the names of its source, and its map. */
export async function minifyScript({ source, told, alone }) {
  const { outputFiles } = await build({
    bundle: true,
    platform: 'browser',
    target: 'es2022',
    sourcemap: 'external',
    logLevel: 'warning',
    entryPoints: [at(`packages/client/src/${source}.ts`)],
    outfile: at('packages/client/dist/script.js'),
    write: false,
    format: 'iife',
    legalComments: 'none',
    // Names are looked for in code, not in comments.
    minifyWhitespace: true,
  });
  const [map, bundle] = outputFiles.map(({ text }) => text);
  const kept = publicNames(bundle, told);
  const own = ownWords(told);
  let edited = { code: bundle, map: JSON.parse(map) };
  if (alone) edited = withEdits(edited, questionsBeside(edited.code));
  edited = withEdits(edited, unreadProperties(edited.code, await ownIn(bundle, kept, own)));
  edited = withEdits(edited, emptyClasses(edited.code));
  // One word for all variables compresses better than two.
  edited = withEdits(edited, wordsIn(edited.code, /\b(const|var)(?=[\s{[])/g, 'let'));
  const squeezed = await minify(edited.code, {
    ecma: 2020,
    module: true,
    compress: {
      passes: 10,
      inline: 1,
      pure_getters: true,
      unsafe: true,
      unsafe_arrows: true,
      unsafe_methods: true,
    },
    mangle: {
      // Here variables keep their names, and properties that need not are marked.
      reserved: edited.code.match(/[A-Za-z_$][\w$]*/g),
      properties: { debug: true, keep_quoted: true, reserved: [...kept] },
    },
    sourceMap: { content: edited.map },
  });
  const wordOf = (name) => /^_\$(.*)\$_$/.exec(name)?.[1] ?? (own.has(name) ? name : undefined);
  return { ...readScript(squeezed.code, wordOf), map: JSON.parse(squeezed.map) };
}

/** Names of properties that are the script's own: those that the minifier would rename, and these words. */
async function ownIn(code, kept, words) {
  const nameCache = {};
  const properties = { keep_quoted: true, reserved: [...kept] };
  await minify(code, { compress: false, mangle: { properties }, nameCache });
  return new Set([...words, ...Object.keys(nameCache.props.props).map((name) => name.slice(1))]);
}

const wordsIn = (code, pattern, text) =>
  [...code.matchAll(pattern)].map(({ 0: word, index }) => ({ start: index, end: index + word.length, text }));

function withEdits({ code, map }, edits) {
  const places = [{ was: 0, now: 0 }];
  let next = '';
  let at = 0;
  for (const { start, end, text } of edits.sort((one, other) => one.start - other.start)) {
    // It is in what is replaced already.
    if (start < at) continue;
    next += code.slice(at, start) + text;
    at = end;
    places.push({ was: end, now: next.length });
  }
  return { code: next + code.slice(at), map: moved(map, places) };
}

/** The map with each place where it is now. All of the script is one line. */
function moved(map, places) {
  const [line] = decode(map.mappings);
  places.sort((one, other) => one.was - other.was);
  let next = 0;
  for (const segment of line) {
    while (places[next]?.was <= segment[0]) next++;
    segment[0] += places[next - 1].now - places[next - 1].was;
  }
  line.sort((one, other) => one[0] - other[0]);
  return { ...map, mappings: encode([line]) };
}
