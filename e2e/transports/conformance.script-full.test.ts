/** The transport suite over the minified script tag with everything in it. */
import { connect } from '@iskra/client';
import { expect, test, vi } from 'vitest';
import { inNode } from '../browser/places.js';
import { transportConformance } from './conformance.js';

vi.mock('@iskra/client', async () => {
  // @ts-expect-error A script has no types.
  await import('@iskra/client/script-full');
  return (globalThis as unknown as { iskra: object }).iskra;
});

transportConformance('the full script tag', inNode());

test('the full script tag keeps the names of voices', async () => {
  const client = connect('http://127.0.0.1:9');
  expect(client.status.voices).toEqual({
    pain: expect.any(Number) as number,
    chaos: expect.any(Number) as number,
    trust: expect.any(Number) as number,
  });
  await client.close();
});
