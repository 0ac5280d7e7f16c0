/** What is there while the panel is closed: a button that says how the session is, and opens it. */
import type { Status } from '../connect.js';
import { button, make, write } from './dom.js';
import { span } from './look.js';
import { spark } from './sign.js';

export interface Launcher {
  readonly element: HTMLElement;
  draw(status: Status): void;
}

export function createLauncher(open: () => void, shortcut: string): Launcher {
  const text = make('span');
  const props = {
    class: 'launcher',
    'aria-haspopup': 'dialog',
    'aria-keyshortcuts': shortcut || undefined,
    title: shortcut,
  };
  return {
    element: button('Iskra devtools', open, props, spark(), make('i', { class: 'dot' }), text),
    draw({ state, transport, roundTrip }) {
      const how = state === 'connected' ? transport : state;
      write(text, [how, roundTrip && span(roundTrip)].filter(Boolean).join(' · '));
    },
  };
}
