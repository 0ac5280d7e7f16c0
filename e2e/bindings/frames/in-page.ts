/** The page of the measurement: a list in React, bounded, of what comes; and what of its frames can be seen. */
import { connect } from '@iskra/client';
import { devtools } from '@iskra/client/devtools';
import { RealtimeProvider, useChannel } from '@iskra/client/react';
import { createElement as h, useEffect } from 'react';
import { createRoot } from 'react-dom/client';

export const LIMIT = 200;

export interface Seen {
  state: string;
  /** Messages that came, and how often the list was rendered for them. */
  messages: number;
  renders: number;
  rows: number;
  /** Times between two frames, ms. */
  frames: number[];
  /** Work that held the page up for 50 ms and longer, ms each. */
  tasks: number[];
}

const seen: Seen = { state: '', messages: 0, renders: 0, rows: 0, frames: [], tasks: [] };

function List() {
  const { messages, state } = useChannel('room:1', { limit: LIMIT, onMessage: () => seen.messages++ });
  useEffect(() => {
    seen.state = state;
    seen.renders++;
    seen.rows = messages.length;
    const list = document.getElementById('root')!;
    list.scrollTop = list.scrollHeight;
  });
  return messages.map(({ id, payload }) => {
    const { n, text } = payload as { n: number; text: string };
    return h('li', { key: id }, h('b', null, n), ' ', h('span', null, text));
  });
}

const open = () => {
  const client = connect('/realtime');
  if (location.hash === '#devtools') devtools(client, { open: true });
  return client;
};
createRoot(document.getElementById('root')!).render(h(RealtimeProvider, { client: open }, h(List)));

let last: number | undefined;
const look = (now: number): void => {
  if (last !== undefined) seen.frames.push(now - last);
  last = now;
  requestAnimationFrame(look);
};
requestAnimationFrame(look);
new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) seen.tasks.push(duration);
}).observe({ type: 'longtask' });

Object.assign(globalThis, {
  /** From now on. */
  begin(): void {
    Object.assign(seen, { messages: 0, renders: 0, frames: [], tasks: [] });
  },
  seen: () => seen,
});
