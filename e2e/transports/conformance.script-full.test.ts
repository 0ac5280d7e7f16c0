/** The transport suite over the minified script tag with everything in it. */
import { vi } from 'vitest';
import { inNode } from '../browser/places.js';
import { transportConformance } from './conformance.js';

vi.mock('@iskra/client', async () => {
  // @ts-expect-error A script has no types.
  await import('@iskra/client/script-full');
  return (globalThis as unknown as { iskra: object }).iskra;
});

transportConformance('the full script tag', inNode());
