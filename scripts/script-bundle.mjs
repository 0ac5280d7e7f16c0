// The script tags: esbuild bundles, terser minifies, and names become short. Every page pays for every byte.

import { readFileSync } from 'node:fs';
import { build } from 'esbuild';
import { minify } from 'terser';
import { at } from './files.mjs';
import { publicNames, withShortNames } from './public-names.mjs';

/** The core, and the whole client. `told`: the declarations that say what the object is that `connect` gives. */
export const SCRIPTS = [
  { source: 'script', file: 'iskra.min.js', told: ['client'] },
  {
    source: 'script-full',
    file: 'iskra.full.min.js',
    told: ['client', 'connect', 'explain', 'insight', 'last', 'members', 'quality'],
  },
];

/** Which short name compresses best is found by trying, and written down: see shorten.mjs. A name that is not there gets one, too. */
export const found = JSON.parse(readFileSync(at('scripts/short-names.json'), 'utf8'));

/** What is made of a script, where its parts are from, and which names were given. */
export async function makeScript({ source, told }, names = found) {
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
  // One word for all variables compresses better than two.
  const { code, words } = withShortNames(bundle.replace(/\bconst(?=[\s{[])/g, 'let'), told, names.words);
  const nameCache = {
    props: {
      props: Object.fromEntries(Object.entries(names.properties).map(([name, short]) => [`$${name}`, short])),
    },
  };
  const nth_identifier = { get: (index) => nameAt(names.letters, index) };
  const squeezed = await minify(code, {
    ecma: 2020,
    module: true,
    nameCache,
    compress: {
      ...{
        passes: 10,
        inline: 1,
        pure_getters: true,
        unsafe: true,
        unsafe_arrows: true,
        unsafe_methods: true,
      },
    },
    mangle: {
      nth_identifier,
      properties: {
        nth_identifier,
        keep_quoted: true,
        reserved: [...publicNames(code, told), ...words.values()],
      },
    },
    sourceMap: { content: JSON.parse(map) },
  });
  const properties = Object.entries(nameCache.props.props).map(([name, short]) => [name.slice(1), short]);
  return { code: squeezed.code, map: squeezed.map, words, properties: new Map(properties) };
}

/** The names of variables in their order: each letter, then each with a second one behind it. */
export function nameAt(letters, index) {
  const first = letters[index % letters.length];
  const more = Math.floor(index / letters.length);
  return more === 0 ? first : first + nameAt(`${letters}0123456789`, more - 1);
}
