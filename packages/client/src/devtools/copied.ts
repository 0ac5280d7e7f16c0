import { make } from './dom.js';

/** Puts a text into the clipboard, also where a page has no clipboard of its own, because it came without TLS. Whether it is there. */
export async function copied(text: string, root: ShadowRoot): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const before = root.activeElement as HTMLElement | null;
    const area = make('textarea', { 'aria-hidden': 'true' });
    area.value = text;
    root.append(area);
    area.select();
    const done = document.execCommand('copy');
    area.remove();
    before?.focus();
    return done;
  }
}
