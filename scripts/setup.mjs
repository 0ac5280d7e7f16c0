// Brings a checkout, fresh or not, to the point where it runs: checks Node, installs, builds. Does only what is
// stale, so that it may stand in front of every other command. Needs nothing but Node and npm.

import { existsSync } from 'node:fs';
import { at, filesBelow, members, workspace } from './files.mjs';
import { contentHash, isFresh, setStamp } from './stamp.mjs';
import { Explained, fail, run, step } from './terminal.mjs';

// Pinned here and not as `packageManager`, which makes newer pnpm releases refuse a frozen install.
const pnpm = 'pnpm@10.34.9';

/** Calls pnpm without asking anyone to install it first. */
export const runPnpm = (args, options) => run('npx', ['--yes', pnpm, ...args], options);

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  throw new Explained(
    `Iskra needs Node 20.19 or newer, and this is Node ${process.versions.node}.\n` +
      'Install a current one from https://nodejs.org (or with your version manager: `nvm install 24`), then run the command again.',
  );
}

async function install() {
  const hash = contentHash([
    'pnpm-lock.yaml',
    'pnpm-workspace.yaml',
    'package.json',
    ...workspace.map((member) => `${member}/package.json`),
  ]);
  const intact = ['.', ...workspace].every((member) => existsSync(at(member, 'node_modules')));
  if (intact && isFresh('install', hash)) return;
  await step('install dependencies', () =>
    // CI: pnpm replaces a half-finished node_modules without asking. --prod=false: a NODE_ENV of production must
    // not take the compiler away.
    runPnpm(['install', '--frozen-lockfile', '--prod=false'], { cwd: at('.'), env: { CI: '1' } }),
  );
  setStamp('install', hash);
}

async function build() {
  const sources = members.flatMap(filesBelow).filter((file) => !/\.(test\.ts|md)$/.test(file));
  const hash = contentHash([
    ...sources,
    'pnpm-lock.yaml',
    'tsconfig.base.json',
    'tsconfig.json',
    'PROTOCOL.md',
    ...['build', 'script-bundle', 'public-names', 'script-parts', 'short-names', 'free-orders'].map(
      (name) => `scripts/${name}.mjs`,
    ),
    'scripts/found-short.json',
  ]);
  const intact = members.every((member) => existsSync(at(member, 'dist')));
  if (intact && isFresh('build', hash)) return;
  await step('build', () => run(process.execPath, [at('scripts/build.mjs')]));
  setStamp('build', hash);
}

/** `built: false` is for work that reads only sources: it must not wait for, or fail with, a build. */
export async function setUp({ built = true } = {}) {
  checkNode();
  await install();
  if (built) await build();
}

if (process.argv[1] === at('scripts/setup.mjs')) await setUp().catch(fail);
