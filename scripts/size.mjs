// Budgets, compressed: of the client what a <script> tag or an import costs a page, and of what stands beside it what that
// adds to a page that has the client and the framework: one bundle with it, less the same without it. What it has by itself
// stands before that.

import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { minify } from 'terser';
import { at } from './files.mjs';
import { dim, Explained, fail, red } from './terminal.mjs';

const sources = at('packages/client/src');

/** What an application takes of a binding; a bundler leaves out the rest. */
const shared = ['useRealtime', 'useChannel', 'useRequest', 'typedBy'];
/** A page that has the client alone, once it was needed. */
let plain;
const beside = (entry, exports, budget, name = entry) => ({
  name,
  budget,
  weigh: () => alone(entry, exports),
  adds: async () => compressed(await page({ [entry]: exports })) - compressed(await (plain ??= page({}))),
});
const rows = [
  { name: 'the script tag', budget: 9_216, weigh: () => script('iskra.min.js') },
  { name: 'the full script tag', budget: 14_896, weigh: () => script('iskra.full.min.js') },
  { name: 'client/core', budget: 11_680, weigh: () => application('core', ['connect']) },
  { name: 'client', budget: 16_816, weigh: () => application('index', ['connect']) },
  beside('cures', ['cureOf'], 384),
  beside('react', ['RealtimeProvider', ...shared], 1_408),
  beside('vue', ['provideRealtime', ...shared], 1_536),
  beside('svelte', ['provideRealtime', ...shared], 1_408),
  beside('auth', ['sharedAuth'], 480, 'sharedAuth'),
  beside('tabs', ['shareTabs'], 2_048),
  beside('offline', ['openOutbox'], 1_696),
  beside('react', ['useWebSocket'], 640, 'useWebSocket'),
];

const compressed = (code) => gzipSync(code, { level: 9 }).length;

function script(name) {
  const bundle = at('packages/client/dist', name);
  if (!existsSync(bundle)) {
    throw new Explained(
      `There is no packages/client/dist/${name} to weigh: is its entry in packages/client/src missing?`,
    );
  }
  return readFileSync(bundle);
}

/** These exports of an entry with all that they bring, as an application's bundler makes it; names of properties stay. */
async function application(name, exports) {
  const { outputFiles } = await build({
    stdin: {
      contents: programWith({ [name]: exports }),
      resolveDir: at('packages/client/dist'),
      sourcefile: 'application.js',
    },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    legalComments: 'none',
    write: false,
  });
  return outputFiles[0].contents;
}

/** These exports of an entry, with what is below `bindings` and in the folder of its name, and nothing else: not even what imports the rest. */
async function alone(name, exports) {
  const code = await bundled(`export { ${exports.join(', ')} } from './${name}.js'`, (file) =>
    ['bindings/', `${name}/`, `${name}.js`].some((own) => file.startsWith(path.join(sources, own))),
  );
  return code.replace(/import\{[^}]*\}from"[^"]*";|export\{[^}]*\};/g, '');
}

/** A page with the client and these exports, by entry. */
const page = (taken) => bundled(programWith({ index: ['connect'], ...taken }));

/** @param taken exports by entry: the program imports them, and nothing of them can be left out */
function programWith(taken) {
  const imports = Object.entries(taken).map(
    ([name, exports]) => `import { ${exports.join(', ')} } from './${name}.js';`,
  );
  return `${imports.join('')}globalThis.taken = [${Object.values(taken).flat().join(', ')}];`;
}

/** @param isTaken whether a file, or a package of this workspace, is in the bundle; other packages never are */
async function bundled(contents, isTaken = () => true) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: sources, sourcefile: 'application.ts' },
    bundle: true,
    format: 'esm',
    target: 'es2022',
    legalComments: 'none',
    write: false,
    plugins: [
      {
        name: 'what is in the bundle',
        setup({ onResolve }) {
          onResolve({ filter: /./ }, ({ path: wanted, resolveDir, kind }) => {
            const isOwn = wanted.startsWith('.') && isTaken(path.resolve(resolveDir, wanted));
            // The protocol is a part of the client; frameworks are the page's own.
            const isClients = wanted.startsWith('@iskra/') && isTaken(wanted);
            return kind === 'entry-point' || isOwn || isClients
              ? undefined
              : { path: wanted, external: true };
          });
        },
      },
    ],
  });
  const { code } = await minify(outputFiles[0].text.replace(/\b(const|var)(?=[\s{[])/g, 'let'), {
    ecma: 2020,
    module: true,
    compress: { passes: 10, inline: 1, pure_getters: true, unsafe_arrows: true, unsafe_methods: true },
  });
  return code;
}

const number = (value) => value.toLocaleString('en-US');

try {
  const over = [];
  const line = (...[name, ...cells]) =>
    `  ${name.padEnd(20)}${cells.map((cell) => cell.padStart(10)).join('')}`;
  console.log(dim(line('', 'minified', 'gzipped', 'adds', 'budget', 'left')));
  for (const { name, budget, weigh, adds } of rows) {
    const bytes = await weigh();
    const whole = compressed(bytes);
    const size = (await adds?.()) ?? whole;
    const cells = line(name, ...[bytes.length, whole, size, budget, budget - size].map(number));
    console.log(size > budget ? red(cells) : cells);
    if (size > budget) over.push(`${name} by ${number(size - budget)} bytes`);
  }
  if (over.length > 0) {
    throw new Explained(
      `Over its budget: ${over.join(', ')}. \`npx esbuild --bundle --analyze\` on its entry in packages/client/src shows what came in; ` +
        'what only some applications need belongs in an entry of its own. For a script tag, `node scripts/shorten.mjs` looks for names and orders that compress better.',
    );
  }
} catch (error) {
  fail(error);
}
