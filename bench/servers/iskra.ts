/** Iskra as an application would start it, without the rates that a single address of load would run into. */
import { createRealtime } from '@iskra/server';
import type { RealtimeOptions } from '@iskra/server';
import { serve } from '@iskra/server/node';
import { CHANNEL, FIRST } from '../harness/work.js';
import type { Case } from '../harness/work.js';
import type { Serve } from './start.js';

const endless = { perSecond: 1e9, burst: 1e9 };
const many = 1_000_000;

export const settings = {
  logger: false,
  limits: {
    sendRate: endless,
    openRate: endless,
    requestRate: endless,
    connections: many,
    connectionsPerAddress: many,
    strangersPerAddress: many,
  },
} satisfies RealtimeOptions;

/** What lies between the settings of others and the work that compares them. */
function observation({ work, row }: Case): Pick<RealtimeOptions, 'logger' | 'metrics'> {
  if (row === 'unobserved') return { logger: false, metrics: false };
  return work.startsWith('observed') ? { logger: 'info' } : {};
}

export const serveIskra: Serve = async (the) => {
  const realtime = createRealtime({ ...settings, ...observation(the) });
  await realtime.publish(CHANNEL, 'first', FIRST);
  const { port } = await serve(realtime, { port: 0, hostname: '127.0.0.1' });
  return port;
};
