// An empty project outside of the workspace in which the tarballs are installed by npm, and what a user does there with
// every entry: import it in Node, compile against its types, bundle it for a browser.

import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';
import { at, bin, packages } from '../files.mjs';
import { Explained, run } from '../terminal.mjs';

const manifestOf = (folder) => JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));

/** What a page may load. The rest runs on servers, or in tests. */
const isForBrowsers = (entry) => /^@iskra\/(client(?!\/testing)|protocol\/wire)/.test(entry);

/** @param folder is made; beside what is installed, the frameworks that are optional peers are linked from the workspace. */
export async function createConsumer(folder, tarballs) {
  mkdirSync(folder);
  const write = (name, text) => writeFileSync(path.join(folder, name), text);
  write('package.json', JSON.stringify({ name: 'consumer', private: true, type: 'module' }));
  const quiet = ['--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts', '--prefer-offline'];
  await run('npm', ['install', ...quiet, ...tarballs], { cwd: folder });

  const modules = path.join(folder, 'node_modules');
  const link = (name, from) => {
    const place = path.join(modules, name);
    if (existsSync(place)) return;
    mkdirSync(path.dirname(place), { recursive: true });
    symlinkSync(path.join(at(from), 'node_modules', name), place, 'junction');
  };
  link('@types/node', '.');
  for (const from of packages) {
    const { peerDependencies = {}, devDependencies = {} } = manifestOf(at(from));
    for (const peer of Object.keys(peerDependencies)) {
      if (existsSync(at(from, 'node_modules', peer))) link(peer, from);
      if (`@types/${peer}` in devDependencies) link(`@types/${peer}`, from);
    }
  }

  const installed = packages.map((from) => path.join(modules, manifestOf(at(from)).name));
  const entries = installed.map(manifestOf).flatMap(({ name, exports = {} }) =>
    Object.entries(exports)
      .filter(([, target]) => typeof target === 'object')
      .map(([entry]) => name + entry.slice(1)),
  );
  const forBrowsers = entries.filter(isForBrowsers);

  return {
    folder,
    link,
    installed,
    entries,
    forBrowsers,

    async importAll() {
      write('import.mjs', entries.map((entry) => `await import('${entry}');`).join('\n'));
      await run(process.execPath, [path.join(folder, 'import.mjs')], { cwd: folder });
    },

    /** As bundlers read types, and as Node does. The libraries of others are not ours to judge. */
    async compile() {
      write('consumer.ts', program(entries));
      await Promise.all(
        [
          ['bundler', 'preserve'],
          ['node16', 'node16'],
        ].map(([moduleResolution, module]) => {
          const settings = `tsconfig.${moduleResolution}.json`;
          const compilerOptions = {
            ...{ module, moduleResolution, strict: true, noEmit: true, skipLibCheck: true },
            ...{ target: 'es2022', lib: ['es2022', 'dom', 'dom.iterable'], types: ['node'] },
          };
          write(settings, JSON.stringify({ compilerOptions, files: ['consumer.ts'] }));
          return run(bin('tsc'), ['-p', path.join(folder, settings)]);
        }),
      );
    },

    /** Whole, so that nothing is shaken off that would not load. */
    async bundle() {
      for (const entry of forBrowsers) {
        const { metafile } = await build({
          stdin: { contents: `import * as all from '${entry}'; globalThis.all = all;`, resolveDir: folder },
          ...{
            bundle: true,
            platform: 'browser',
            format: 'esm',
            write: false,
            metafile: true,
            logLevel: 'silent',
          },
        }).catch((error) => {
          throw new Explained(`${entry} cannot be bundled for a browser:\n${error.message}`);
        });
        const heavy = Object.keys(metafile.inputs).find((file) => /node_modules\/(zod|ws|hono)\//.test(file));
        if (heavy)
          throw new Explained(
            `${entry} brings ${heavy} into a page. ARCHITECTURE.md, "The walls", says what may.`,
          );
      }
    },

    async command() {
      await run(path.join(modules, '.bin/iskra'), ['--help'], { cwd: folder });
    },
  };
}

/** Takes every entry as a whole, and from the main ones what a first program takes. */
const program = (entries) => `
${entries.map((entry, index) => `import * as entry${index} from '${entry}';`).join('\n')}
import { connect } from '@iskra/client';
import { defineContract } from '@iskra/protocol/wire';
import { createRealtime } from '@iskra/server';
import { z } from 'zod';

export const all: readonly object[] = [${entries.map((_, index) => `entry${index}`).join(', ')}];

const contract = defineContract({
  channels: { 'room:{id}': { said: z.object({ text: z.string() }) } },
  requests: { time: { input: z.object({}), output: z.object({ now: z.string() }) } },
});
export const realtime = createRealtime({ contract });
export const client = connect<typeof contract>('http://localhost:8000/realtime');
client.channel('room:lobby').on('said', ({ text }) => text.toUpperCase());
// @ts-expect-error The contract has no such message.
client.channel('room:lobby').publish('shouted', { text: 'hello' });
export const now: Promise<string> = client.request('time', {}).then((answer) => answer.now);
`;
