import { fileURLToPath } from 'node:url';
import { configDefaults, defineConfig } from 'vitest/config';

const source = (path: string) => fileURLToPath(new URL(`packages/${path}`, import.meta.url));

/** End-to-end tests that mostly wait, for limits of boxes and for time that a browser has: side by side. */
const PATIENT = [
  'deploy/proxies',
  'doctor/*',
  'examples/{command,config,examples,locust,monitor,shutdown}',
  'life/*',
  'outcomes/*',
  'page/{doctor,room}.*',
  'redis/endings',
  'rolling/*',
  'servers/*',
  'transports/{conformance.bun,conformance.deno,idle,verdicts}',
  'wire/{floods,frames,upgrade}',
].map((files) => `e2e/${files}.test.ts`);

/** Straight from the sources: a unit test never waits for a build and never sees a stale one. */
const sources = [
  // What is called so beside it is for the client's own tests.
  { find: /^@iskra\/client\/testing$/, replacement: source('client/src/world.ts') },
  { find: /^@iskra\/(protocol|client|server|chaos)$/, replacement: source('$1/src/index.ts') },
  { find: /^@iskra\/(protocol|client|server|chaos)\/([a-z-]+)$/, replacement: source('$1/src/$2.ts') },
];
/** The oldest that the bindings promise, in place of the newest. */
const oldest = ['react', 'react-dom', 'vue'].map((name) => ({
  find: new RegExp(`^${name}(?=/|$)`),
  replacement: fileURLToPath(new URL(`e2e/oldest/node_modules/${name}`, import.meta.url)),
}));

/** What is waited for comes at once as a rule; a busy machine may take its time. */
const expect = { poll: { timeout: 15_000 } };
const endToEnd = { expect, testTimeout: 60_000, hookTimeout: 60_000 };

export default defineConfig({
  test: {
    projects: [
      {
        resolve: { alias: sources },
        test: {
          name: 'unit',
          expect,
          testTimeout: 30_000,
          // Of two cores vitest would leave one to whoever watches.
          maxWorkers: 2,
          include: [
            'packages/**/src/**/*.test.ts',
            'scripts/**/*.test.ts',
            'sim/**/*.test.ts',
            'docs/reference/*.test.ts',
          ],
        },
      },
      {
        resolve: { alias: [...sources, ...oldest] },
        test: { name: 'oldest', maxWorkers: 2, include: ['packages/client/src/{react,vue}.test.ts'] },
      },
      {
        // Against the built packages, by their public names: what a user gets is what is tested.
        test: {
          ...endToEnd,
          name: 'e2e',
          include: ['e2e/**/*.test.ts', 'examples/**/*.test.ts', 'docs/*.test.ts'],
          exclude: [...configDefaults.exclude, ...PATIENT],
          // Browsers and servers of one file already fill two cores.
          fileParallelism: false,
        },
      },
      {
        test: {
          ...endToEnd,
          name: 'patient',
          include: PATIENT,
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
