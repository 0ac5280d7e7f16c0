// @vitest-environment happy-dom
import { expect, test } from 'vitest';
import { devtools } from './devtools.js';
import { scene } from './testing.js';

const panels = (): number => document.querySelectorAll('iskra-devtools').length;
const framesIn = (): string =>
  document.querySelector('iskra-devtools')!.shadowRoot!.querySelector('.find span')!.textContent;

test('who takes a panel away that another one has replaced leaves that one as it is', async () => {
  const { client, welcome } = await scene();
  const removeFirst = devtools(client, { open: true });
  const remove = devtools(client, { open: true });
  removeFirst();
  expect(panels()).toBe(1);
  welcome();
  // Frames are drawn a moment after they came.
  await expect.poll(framesIn).toMatch(/^[1-9]\d* frames?$/);
  remove();
  expect(panels()).toBe(0);
  await client.close();
});
