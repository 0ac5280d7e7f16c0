import { expect, test } from 'vitest';
import { isPressed } from './shortcut.js';

const keys = (key: string, code: string, ...held: string[]) => ({
  ...{ key, code },
  ...{ altKey: held.includes('alt'), shiftKey: held.includes('shift') },
  ...{ ctrlKey: held.includes('ctrl'), metaKey: held.includes('meta') },
});

test.each([
  ['Alt+Shift+D', keys('D', 'KeyD', 'alt', 'shift'), true],
  ['Alt+Shift+D', keys('Î', 'KeyD', 'alt', 'shift'), true],
  ['Alt+Shift+D', keys('d', 'KeyD', 'alt'), false],
  ['Alt+Shift+D', keys('D', 'KeyD', 'alt', 'shift', 'ctrl'), false],
  ['F9', keys('F9', 'F9'), true],
  ['ctrl+`', keys('`', 'Backquote', 'ctrl'), true],
  ['', keys('', ''), false],
])('%s, and what is pressed', (shortcut, event, isIt) => {
  expect(isPressed(shortcut, event)).toBe(isIt);
});

test('what fills in a form presses no key, and says so', () => {
  const event = new Event('keydown') as KeyboardEvent;
  expect([isPressed('Alt+Shift+D', event), isPressed('F9', event), isPressed('', event)]).toEqual([
    false,
    false,
    false,
  ]);
});
