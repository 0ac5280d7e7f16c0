/** Our server of the matrix, as a process of its own: with the defaults of the product, but for what counts by address. */
import { createRealtime, memoryStore } from '@iskra/server';
import { serve } from '@iskra/server/node';
import { expose } from '../transports/child.js';
import type { Numbered } from './plan.js';
import { secondPort } from './served.js';
import type { MatrixVerbs } from './served.js';
import { speak } from './speak.js';

/** More than any exchange has. */
const KEPT = 5_000;

const realtime = createRealtime({
  store: memoryStore({ retention: { entries: KEPT, bytes: 16 * 1024 * 1024 } }),
  // Everybody in the matrix has the address of this machine.
  limits: { requestRate: { perSecond: 20_000, burst: 20_000 } },
  logger: false,
});
const serving = await serve(realtime, { port: 0, hostname: '127.0.0.1' });
const second = await secondPort(serving.server);

const say = (exchange: string, message: Numbered): Promise<unknown> =>
  realtime.publish(`down:${exchange}`, 'said', { ...message, at: Date.now() });
const heard = async (exchange: string): Promise<number[]> =>
  (await realtime.history(`up:${exchange}`, KEPT)).map(({ envelope }) => (envelope.payload as Numbered).n);

expose({
  ports: () => [serving.port, second],
  async prepare(exchange) {
    await say(exchange, { n: 0, pad: '' });
  },
  async begin(exchange, plan) {
    void speak(plan, (message) => void say(exchange, message));
  },
  async say(exchange, n) {
    await say(exchange, { n, pad: '' });
  },
  count: async (exchange) => (await heard(exchange)).length,
  heard,
} satisfies MatrixVerbs);
