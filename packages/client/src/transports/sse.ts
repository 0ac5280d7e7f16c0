/** An event stream that is read from a POST: `EventSource` can neither send a body nor be told to stop trying. */
import { blockReader } from '@iskra/protocol/wire';
import type { Ground, Transport } from './transport.js';
import { post, uplink } from './uplink.js';

export function sse(ground: Ground): Transport {
  const { attempt, on } = ground;
  const abort = new AbortController();
  const received = (text: string): void => on({ type: 'messageReceived', attempt, text });

  const read = async (message: string): Promise<number> => {
    const response = await post(ground, 'sse', message, abort.signal);
    if (!response.ok || response.body === null) {
      received(await response.text());
      return response.status;
    }
    on({ type: 'connectionOpened', attempt });
    const decoder = new TextDecoder();
    const take = blockReader(received);
    const reader = response.body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return response.status;
      take(decoder.decode(value, { stream: true }));
    }
  };

  return {
    open(message) {
      read(message).then(
        (status) => on({ type: 'connectionClosed', attempt, status, detail: 'The stream ended.' }),
        (error: unknown) => on({ type: 'connectionClosed', attempt, status: 0, detail: String(error) }),
      );
    },
    send: uplink(ground),
    close: () => abort.abort(),
  };
}
