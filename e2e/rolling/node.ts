/** One node of those that are rolled: a server like any other, which has a moment in which balancers see it go. */
import { createRealtime } from '@iskra/server';
import type { Store } from '@iskra/server';
import { serve } from '@iskra/server/node';
import type { Serving } from '@iskra/server/node';
import { pause } from '../matrix/speak.js';
import { NOTICE, TIMEOUT } from './times.js';

export interface NodeSettings {
  store: Store;
  name: string;
  /** 0 for a free one. */
  port: number;
  signals?: boolean;
  logged?: boolean;
}

const MANY = { perSecond: 10_000, burst: 20_000 };

export function startNode({ store, name, port, signals, logged }: NodeSettings): Promise<Serving> {
  const realtime = createRealtime({
    store,
    node: name,
    secret: 'the same on every node',
    // All come from the balancer, which is one address.
    limits: { openRate: MANY, requestRate: MANY, strangersPerAddress: 2_000, connectionsPerAddress: 20_000 },
    logger: logged === true ? 'info' : false,
  });
  realtime.handle('work', async (input, { redelivered, publish }) => {
    const { takes, channel } = input as { takes: number; channel: string };
    await pause(takes);
    await publish(channel, { delta: 'done' });
    return { redelivered };
  });
  return serve(realtime, {
    port,
    hostname: '127.0.0.1',
    shutdownNotice: NOTICE,
    shutdownTimeout: TIMEOUT,
    signals: signals ?? false,
  });
}
