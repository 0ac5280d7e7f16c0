import { afterEach, expect, test, vi } from 'vitest';
import { platform } from './environment.js';
import type { PageSignal } from './environment.js';

afterEach(() => vi.unstubAllGlobals());

/** As much of a page as is listened to. */
function page() {
  const window = new EventTarget();
  const document = { visibilityState: 'visible', baseURI: 'https://host/app/' };
  vi.stubGlobal('window', window);
  vi.stubGlobal('document', document);
  const heard: PageSignal[] = [];
  const environment = platform();
  const stop = environment.onPage((signal) => heard.push(signal));
  const fire = (type: string, more: object = {}) =>
    window.dispatchEvent(Object.assign(new Event(type), more));
  return { document, environment, heard, fire, stop };
}

test('tells apart a page that is parked in the back/forward cache and one that has left', () => {
  const { heard, fire } = page();
  fire('pagehide', { persisted: true });
  fire('pageshow', { persisted: true });
  fire('pagehide', { persisted: false });
  expect(heard).toEqual(['parked', 'online', 'left']);
});

test('tells when the page can be seen, not when it is shown for the first time', () => {
  const { document, heard, fire } = page();
  fire('pageshow', { persisted: false });
  document.visibilityState = 'hidden';
  fire('visibilitychange');
  document.visibilityState = 'visible';
  fire('visibilitychange');
  expect(heard).toEqual(['hidden', 'visible']);
});

test('tells what the page hears of its network, and when it is frozen', () => {
  const { heard, fire } = page();
  for (const event of ['offline', 'online', 'freeze', 'resume']) fire(event);
  expect(heard).toEqual(['offline', 'online', 'parked', 'online']);
});

test('stops listening', () => {
  const { heard, fire, stop } = page();
  stop();
  fire('online');
  expect(heard).toEqual([]);
});

test('knows its page, and does without one', () => {
  expect(page().environment).toMatchObject({ base: 'https://host/app/' });
  vi.unstubAllGlobals();
  expect(platform()).toMatchObject({ base: undefined });
});
