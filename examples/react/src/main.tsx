/// <reference types="vite/client" />
import { connect } from '@iskra/client';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.js';
import { RealtimeProvider } from './realtime.js';

function open() {
  const client = connect('/realtime');
  // Of a build for production nothing of it is left.
  if (import.meta.env.DEV) void import('@iskra/client/devtools').then(({ devtools }) => devtools(client));
  return client;
}

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <RealtimeProvider client={open}>
      <App />
    </RealtimeProvider>
  </StrictMode>,
);
