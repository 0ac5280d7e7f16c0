import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (path: string) => fileURLToPath(new URL(`packages/${path}`, import.meta.url));

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
          include: ['packages/**/src/**/*.test.ts', 'scripts/**/*.test.ts', 'sim/**/*.test.ts'],
        },
      },
      {
        // Against the built packages, by their public names: what a user gets is what is tested.
        test: {
          name: 'e2e',
          include: ['e2e/**/*.test.ts', 'examples/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          // Browsers and servers of one file already fill two cores.
          fileParallelism: false,
        },
      },
    ],
  },
});
