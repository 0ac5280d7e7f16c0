// Bundles the simulation from the sources, so that a run never sees a stale build, and so that one with a broken
// rule can be made: its changes exist in that bundle only.

import { readFileSync } from 'node:fs';
import { at } from './files.mjs';
import { Explained } from './terminal.mjs';

/** @param changes by file: `{ from, to }`; each `from` must stand there exactly once. */
export async function bundleSim(outfile, changes = []) {
  // Here and not above: whoever asks for it may have installed it a moment ago.
  const { build } = await import('esbuild');
  await build({
    entryPoints: [at('sim/main.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    sourcemap: 'inline',
    logLevel: 'warning',
    // Packages in the older format ask for this when they are bundled.
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    plugins: [fromSource, changed(changes)],
  });
}

const fromSource = {
  name: 'from source',
  setup({ onResolve }) {
    onResolve({ filter: /^@iskra\// }, ({ path }) => {
      const [, name, entry = 'index'] = /^@iskra\/(\w+)(?:\/([\w-]+))?$/.exec(path);
      return { path: at(`packages/${name}/src/${entry}.ts`) };
    });
  },
};

const changed = (changes) => ({
  name: 'changed',
  setup({ onLoad }) {
    for (const { file, from, to } of changes) {
      const path = at(file);
      onLoad({ filter: new RegExp(`${file.replaceAll('.', '\\.')}$`) }, () => {
        const source = readFileSync(path, 'utf8');
        if (source.split(from).length !== 2) {
          throw new Explained(
            `${file} has not exactly one place that reads:\n${from}\nThe mutant is out of date.`,
          );
        }
        return { contents: source.replace(from, () => to), loader: 'ts' };
      });
    }
  },
});
