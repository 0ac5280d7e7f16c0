/** PURE. Which keys are pressed. */

type Keys = Pick<KeyboardEvent, 'key' | 'code' | 'altKey' | 'shiftKey' | 'ctrlKey' | 'metaKey'>;

const HELD = ['alt', 'shift', 'ctrl', 'meta'] as const;

/** Whether these are the keys of `Alt+Shift+D`, and no more of them. What fills in forms for people says `keydown` without a key. */
export function isPressed(shortcut: string, event: Partial<Keys>): boolean {
  const names = shortcut.toLowerCase().split('+');
  const key = names.pop();
  // On some keyboards Alt makes another letter.
  const isKey = event.code?.toLowerCase() === `key${key}` || event.key?.toLowerCase() === key;
  return !!key && isKey && HELD.every((name) => !!event[`${name}Key`] === names.includes(name));
}
