// Budgets, compressed: of the client what a <script> tag or an import costs a page, and of what stands beside it what that
// adds to a page that has the client and the framework.

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
const rows = [
  { name: 'the script tag', budget: 9_216, weigh: () => script('iskra.min.js') },
  { name: 'the full script tag', budget: 14_896, weigh: () => script('iskra.full.min.js') },
  { name: 'client/core', budget: 11_680, weigh: () => application('core', ['connect']) },
  { name: 'client', budget: 16_816, weigh: () => application('index', ['connect']) },
  { name: 'cures', budget: 1_024, weigh: () => binding('cures', ['cureOf']) },
  { name: 'react', budget: 1_536, weigh: () => binding('react', ['RealtimeProvider', ...shared]) },
  { name: 'vue', budget: 1_728, weigh: () => binding('vue', ['provideRealtime', ...shared]) },
  { name: 'svelte', budget: 1_632, weigh: () => binding('svelte', ['provideRealtime', ...shared]) },
  { name: 'sharedAuth', budget: 704, weigh: () => binding('auth', ['sharedAuth']) },
  { name: 'tabs', budget: 2_784, weigh: () => binding('tabs', ['shareTabs']) },
  { name: 'offline', budget: 2_048, weigh: () => binding('offline', ['openOutbox']) },
  { name: 'useWebSocket', budget: 896, weigh: () => binding('react', ['useWebSocket']) },
];

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
      contents: `import { ${exports.join(', ')} } from './${name}.js'; globalThis.taken = [${exports.join(', ')}];`,
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

/**
 * These exports of an entry, with what is below `bindings` and in the folder of its name. Without the framework and the
 * client, and without the statements that import them: in the bundle of an application there are none.
 */
async function binding(name, exports) {
  const { outputFiles } = await build({
    stdin: {
      contents: `export { ${exports.join(', ')} } from './${name}.js'`,
      resolveDir: sources,
      sourcefile: 'application.ts',
    },
    bundle: true,
    format: 'esm',
    target: 'es2022',
    legalComments: 'none',
    write: false,
    plugins: [
      {
        name: 'without the client',
        setup({ onResolve }) {
          onResolve({ filter: /./ }, ({ path: wanted, resolveDir, kind }) => {
            const file = path.resolve(resolveDir, wanted);
            const isOwn =
              kind === 'entry-point' ||
              (wanted.startsWith('.') &&
                ['bindings/', `${name}/`, `${name}.js`].some((own) =>
                  file.startsWith(path.join(sources, own)),
                ));
            return isOwn ? undefined : { path: wanted, external: true };
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
  return Buffer.from(code.replace(/import\{[^}]*\}from"[^"]*";|export\{[^}]*\};/g, ''));
}

const number = (value) => value.toLocaleString('en-US');

try {
  const over = [];
  const line = (...[name, ...cells]) =>
    `  ${name.padEnd(20)}${cells.map((cell) => cell.padStart(10)).join('')}`;
  console.log(dim(line('', 'minified', 'gzipped', 'budget', 'left')));
  for (const { name, budget, weigh } of rows) {
    const bytes = await weigh();
    const size = gzipSync(bytes, { level: 9 }).length;
    const cells = line(name, ...[bytes.length, size, budget, budget - size].map(number));
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
