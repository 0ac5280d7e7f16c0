// A server whose request `work` is not done before somebody writes a line to its standard input: so a test
// decides what happens while a request is in its handler.
import { once } from 'node:events';
import { createRealtime } from '@iskra/server';
import { serve } from '@iskra/server/node';

const realtime = createRealtime({ logger: false });

realtime.handle('work', async () => {
  console.log('working');
  const [line] = await once(process.stdin, 'data');
  return { made: String(line).trim() };
});

const { url } = await serve(realtime, {
  port: 0,
  hostname: '127.0.0.1',
  signals: true,
  shutdownTimeout: 30_000,
});
console.log(url);
