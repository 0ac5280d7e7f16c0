/** Our client in the matrix, with its defaults. */
import { connect } from '@iskra/client';
import type { Client, ConnectOptions } from '@iskra/client';
import { environmentThrough } from './forward.js';
import type { Party, Way } from './party.js';
import type { Numbered } from './plan.js';

export interface Iskra extends Party {
  readonly client: Client;
  /** Sends whose end was a refusal: told to the application, and so no silent loss. */
  readonly refused: readonly string[];
  /** Sends whose end is known to be good. */
  readonly acknowledged: number;
  /** Which transports carried it, in their order. */
  readonly transports: readonly string[];
}

export function openIskra({ url, through }: Way, exchange: string, options: ConnectOptions = {}): Iskra {
  const client = connect(`${url}/realtime`, {
    ...(through && { environment: environmentThrough(through) }),
    ...options,
  });
  const heard: number[] = [];
  const delays: number[] = [];
  const refused: string[] = [];
  const transports: string[] = [];
  let [subscribed, acknowledged, disconnects] = [false, 0, 0];
  let wasConnected = false;

  client.on('transport', ({ to }) => transports.push(to));
  client.on('status', ({ state }) => {
    if (wasConnected && state !== 'connected') disconnects++;
    wasConnected = state === 'connected';
  });
  client.on('error', (error) => refused.push(String(error)));
  const down = client.channel(`down:${exchange}`);
  const up = client.channel(`up:${exchange}`);
  down.on('said', (payload) => {
    const { n, at = 0 } = payload as Numbered;
    heard.push(n);
    delays.push(Date.now() - at);
  });
  down.onGap(({ reason }) => refused.push(`gap: ${reason}`));
  down.subscribe({ last: 1 }).then(
    () => (subscribed = true),
    (error: unknown) => refused.push(String(error)),
  );

  return {
    client,
    heard,
    delays,
    refused,
    transports,
    get ready() {
      return subscribed && heard.length > 0;
    },
    get disconnects() {
      return disconnects;
    },
    get acknowledged() {
      return acknowledged;
    },
    say(message) {
      up.publish('said', message).settled.then(
        () => acknowledged++,
        (error: unknown) => refused.push(`${message.n}: ${String(error)}`),
      );
    },
    close: () => client.close(),
  };
}
