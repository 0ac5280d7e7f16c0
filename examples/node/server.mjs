// A server to talk to: channels that keep what was said, one request, and /ws/<name> for any WebSocket client.
//
// Run:  node examples/node/server.mjs        `PORT` moves it

import { createRealtime } from '@iskra/server';
import { serve } from '@iskra/server/node';

// Without a contract, `authenticate` and `authorize`, everybody may say everything.
const realtime = createRealtime();
realtime.handle('time', () => ({ now: new Date().toISOString() }));

const { url } = await serve(realtime, { port: Number(process.env.PORT ?? 8000), signals: true });
console.log(`ready at ${url}`);
