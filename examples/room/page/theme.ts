/** Dark or light: as the system says, until the visitor says otherwise. Runs before the first paint. */
import { keep, recall } from './keep.js';

const root = document.documentElement;
const system = matchMedia('(prefers-color-scheme: dark)');
const chosen = recall('theme');
if (chosen === 'dark' || chosen === 'light') root.dataset['theme'] = chosen;

const isDark = (): boolean => (root.dataset['theme'] ?? (system.matches ? 'dark' : 'light')) === 'dark';

addEventListener('DOMContentLoaded', () => {
  const button = document.getElementById('theme');
  if (button === null) return;
  const show = (): void => button.setAttribute('aria-pressed', String(isDark()));
  button.addEventListener('click', () => {
    const next = isDark() ? 'light' : 'dark';
    root.dataset['theme'] = next;
    keep('theme', next);
    show();
  });
  system.addEventListener('change', show);
  show();
});
