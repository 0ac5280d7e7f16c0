import { connect } from '@iskra/client';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.js';
import { RealtimeProvider } from './realtime.js';

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <RealtimeProvider client={() => connect('/realtime')}>
      <App />
    </RealtimeProvider>
  </StrictMode>,
);
