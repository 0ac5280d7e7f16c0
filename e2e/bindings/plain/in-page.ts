/** A page with the simplest form of all: a text socket in a component, and nothing around it. */
import { useWebSocket } from '@iskra/client/react';
import { createElement as h, StrictMode } from 'react';
import { createRoot } from 'react-dom/client';

function Talk() {
  const { messages, isConnected, sendMessage } = useWebSocket('/ws/ada', { limit: 3 });
  Object.assign(globalThis, { say: sendMessage });
  return h(
    'main',
    null,
    h('output', null, isConnected ? 'connected' : 'away'),
    messages.map(({ id, text }) => h('p', { key: id }, `${id}: ${text}`)),
  );
}

const root = createRoot(document.getElementById('root')!);
root.render(h(StrictMode, null, h(Talk)));
Object.assign(globalThis, { leave: () => root.unmount() });
