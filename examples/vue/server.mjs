// The whole application in one process: the realtime server, and Vite for the page. `PORT` moves the page.

import { createRealtime } from '@iskra/server';
import { serve } from '@iskra/server/node';
import { createServer } from 'vite';

const port = Number(process.env.PORT ?? 5173);
const vite = await createServer({ root: import.meta.dirname, server: { host: '127.0.0.1', port } });
const { contract } = await vite.ssrLoadModule('/src/contract.ts');

// Without `authenticate` and `authorize` everybody may come, and may say everything that the contract has.
const realtime = createRealtime({ contract });
realtime.handle('time', () => ({ now: new Date().toISOString() }));

// Where the page's sessions go: see vite.config.mjs.
const { target } = vite.config.server.proxy['/realtime'];
await serve(realtime, { hostname: '127.0.0.1', port: Number(new URL(target).port), signals: true });
await vite.listen();
console.log(`ready at http://127.0.0.1:${vite.httpServer.address().port}`);
