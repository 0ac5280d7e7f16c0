/** What the browser remembers between visits; where it may not, this visit does without. */

export function recall(key: string): string | undefined {
  try {
    return localStorage.getItem(`iskra.${key}`) ?? undefined;
  } catch {
    return undefined;
  }
}

export function keep(key: string, value: string): void {
  try {
    localStorage.setItem(`iskra.${key}`, value);
  } catch {
    // Private windows and strict settings; not worth a word.
  }
}
