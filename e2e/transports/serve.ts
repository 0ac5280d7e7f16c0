/** A process of its own that serves as a user would: with our `serve`. */
import { serve } from '@iskra/server/node';
import { createServed, exposeServed } from './served.js';

const served = createServed();
const { port } = await serve(served.realtime, { port: 0, hostname: '127.0.0.1', app: served.page });
exposeServed(served, port);
