/** The tests that docs/guide/testing.md shows pass, against the built packages. */
import { expect, it } from 'vitest';
import { runSamples } from './samples/run.js';

const ran = runSamples('docs/guide/testing.md', '.test.ts');

it('are all that the page has', () => {
  expect(ran).toEqual(['banner.test.ts', 'hooks.test.ts', 'timers.test.ts', 'server.test.ts']);
});
