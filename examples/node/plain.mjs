// Any WebSocket client can talk to /ws/<name>, in plain text; here it is the `ws` package of Node.
//
// Run:  node examples/node/plain.mjs http://localhost:8000

import { once } from 'node:events';
import { WebSocket } from 'ws';

const url = process.argv[2] ?? process.env.ISKRA_URL ?? 'http://localhost:8000';
const text = 'Привіт, сервере!';

try {
  // http:// becomes ws://, https:// becomes wss://. The name at the end is a label, nothing more.
  const socket = new WebSocket(`${url.replace(/^http/, 'ws').replace(/\/+$/, '')}/ws/node-plain`);
  const patience = AbortSignal.timeout(10_000);

  const [greeting] = await once(socket, 'message', { signal: patience }); // the server speaks first
  console.log(`< ${greeting}`);

  socket.send(text);
  console.log(`> ${text}`);
  const [answer] = await once(socket, 'message', { signal: patience });
  console.log(`< ${answer}`);

  socket.close();
  await once(socket, 'close', { signal: patience });
  if (!String(answer).includes(text)) throw new Error('the answer is not to what was said');
  console.log('done: said one thing, and it came back whole');
} catch (error) {
  console.error(
    `failed: ${url}: ${error.code ?? error.message}. Is the server running? Start it with: npm start`,
  );
  process.exit(1);
}
