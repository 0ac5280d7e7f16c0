// The script tags: esbuild bundles, terser minifies, and names become short. Every page pays for every byte.

import { readFileSync } from 'node:fs';
import { decode, encode } from '@jridgewell/sourcemap-codec';
import { build } from 'esbuild';
import { minify } from 'terser';
import { at } from './files.mjs';
import { ownWords, publicNames } from './public-names.mjs';
import { nameAll, placesOf, printScript, readScript } from './short-names.mjs';

/** The core, and the whole client. `told`: the declarations that say what the object is that `connect` gives. */
export const SCRIPTS = [
  { source: 'script', file: 'iskra.min.js', told: ['client'] },
  {
    source: 'script-full',
    file: 'iskra.full.min.js',
    told: ['client', 'connect', 'explain', 'insight', 'last', 'members', 'quality'],
  },
];

/** Which short names compress best is found by trying, and written down: see shorten.mjs. */
const found = JSON.parse(readFileSync(at('scripts/short-names.json'), 'utf8'));

/** What is shipped of a script: its code with short names, and its map. */
export async function makeScript(script) {
  const { code, words, map } = await minifyScript(script);
  const names = nameAll(words, found);
  return { code: printScript(code, names), map: moved(map, code, names) };
}

/** The script without its short names: its code in pieces, the words between them, and the map of both. */
export async function minifyScript({ source, told }) {
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
  // One word for all variables compresses better than two. As long as the other: the map knows places.
  const plain = bundle.replace(/\bconst(?=[\s{[])/g, 'let  ');
  const squeezed = await minify(plain, {
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
      reserved: plain.match(/[A-Za-z_$][\w$]*/g),
      properties: { debug: true, keep_quoted: true, reserved: publicNames(plain, told) },
    },
    sourceMap: { content: JSON.parse(map) },
  });
  const own = ownWords(told);
  const wordOf = (name) => /^_\$(.*)\$_$/.exec(name)?.[1] ?? (own.has(name) ? name : undefined);
  return { ...readScript(squeezed.code, wordOf), map: JSON.parse(squeezed.map) };
}

/** The map with each place where it is after the names became short. All of the script is one line. */
function moved(map, code, names) {
  const [line] = decode(map.mappings);
  const ends = placesOf(code, names);
  let at = 0;
  for (const segment of line) {
    while (at < ends.length && ends[at].was <= segment[0]) at++;
    segment[0] -= at && ends[at - 1].was - ends[at - 1].now;
  }
  return JSON.stringify({ ...map, mappings: encode([line]) });
}
