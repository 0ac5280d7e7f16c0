// @vitest-environment happy-dom
/** The same for what that page shows of components. */
import { expect, it } from 'vitest';
import { runSamples } from './samples/run.js';

const ran = runSamples('docs/guide/testing.md', '.test.tsx');

it('is all that the page has', () => {
  expect(ran).toEqual(['room.test.tsx']);
});
