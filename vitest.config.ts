import { fileURLToPath } from 'node:url';
import { configDefaults, defineConfig } from 'vitest/config';

const source = (path: string) => fileURLToPath(new URL(`packages/${path}`, import.meta.url));

/** End-to-end tests that mostly wait, for limits of boxes and for time that a browser has: side by side. */
const PATIENT = [
  'doctor/*',
  'examples/{config,locust,monitor,shutdown}',
  'life/*',
  'outcomes/*',
  'page/doctor',
  'redis/endings',
  'servers/*',
  'transports/{idle,verdicts}',
].map((files) => `e2e/${files}.test.ts`);

const endToEnd = { testTimeout: 60_000, hookTimeout: 60_000 };

export default defineConfig({
  test: {
    projects: [
      {
        // Straight from the sources: a unit test never waits for a build and never sees a stale one.
        resolve: {
          alias: [
            { find: /^@iskra\/(protocol|client|server|chaos)$/, replacement: source('$1/src/index.ts') },
            {
              find: /^@iskra\/(protocol|client|server|chaos)\/([a-z-]+)$/,
              replacement: source('$1/src/$2.ts'),
            },
          ],
        },
        test: {
          name: 'unit',
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
