/** The same for Node: its own WebSocket where it has one (Node 22 and later), the package `ws` before. */
import WebSocket from 'ws';
import { connect as connectAnywhere } from './connect.js';
import type { Client, ConnectOptions } from './connect.js';
import type { Environment } from './environment.js';
import type { Contract, Untyped } from '@iskra/protocol/wire';

export * from './index.js';

/**
 * Opens a session; of several servers the first is the primary, and the others stand in for it. Addresses must be
 * absolute; everything may be called at once, before it is there.
 */
export function connect<C extends Contract = Untyped>(
  url: string | readonly string[],
  options: ConnectOptions = {},
): Client<C> {
  const environment: Partial<Environment> = {
    WebSocket: (globalThis.WebSocket ?? WebSocket) as unknown as Environment['WebSocket'],
    seam: 'node',
    ...options.environment,
  };
  return connectAnywhere<C>(url, { ...options, environment });
}
