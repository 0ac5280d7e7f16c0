import { afterEach, expect, test, vi } from 'vitest';
import type { PageSignal } from './environment.js';
import { withNetwork } from './network.js';

afterEach(() => vi.unstubAllGlobals());

/** A page behind a network of this type, as far as its browser says so. */
function behind(type: string | undefined) {
  const connection = Object.assign(new EventTarget(), { type });
  vi.stubGlobal('navigator', { connection });
  const heard: PageSignal[] = [];
  let tell: (signal: PageSignal) => void = () => {};
  const stop = withNetwork((listener) => {
    tell = listener;
    return () => (tell = () => {});
  })((signal) => heard.push(signal));
  const become = (next: string | undefined) => {
    connection.type = next;
    connection.dispatchEvent(new Event('change'));
  };
  return { become, heard, stop, tell: (signal: PageSignal) => tell(signal) };
}

test('tells of another network, and of none', () => {
  const { become, heard } = behind('wifi');
  for (const type of ['cellular', 'none', 'wifi']) become(type);
  expect(heard).toEqual(['online', 'offline', 'online']);
});

test('keeps quiet while the same network becomes slower or faster', () => {
  const { become, heard } = behind('wifi');
  become('wifi');
  expect(heard).toEqual([]);
});

test('passes on what the page says, until it is stopped', () => {
  const { become, heard, stop, tell } = behind('wifi');
  tell('hidden');
  stop();
  tell('visible');
  become('cellular');
  expect(heard).toEqual(['hidden']);
});

test('does without a browser that tells the type of its network', () => {
  const { become, heard, tell } = behind(undefined);
  tell('visible');
  become('cellular');
  expect(heard).toEqual(['visible']);
});
