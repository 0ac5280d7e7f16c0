/** Iskra as an application would start it, without the rates that a single address of load would run into. */
import { createRealtime } from '@iskra/server';
import type { RealtimeOptions } from '@iskra/server';
import { serve } from '@iskra/server/node';
import { CHANNEL, FIRST } from '../harness/work.js';
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

export const serveIskra: Serve = async () => {
  const realtime = createRealtime(settings);
  await realtime.publish(CHANNEL, 'first', FIRST);
  const { port } = await serve(realtime, { port: 0, hostname: '127.0.0.1' });
  return port;
};
