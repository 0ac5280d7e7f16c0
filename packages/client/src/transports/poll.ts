/** Long-poll and polling: one request, one message. Which of the two it is, the `wait` in the message says. */
import type { Ground, Transport } from './transport.js';
import { post, uplink } from './uplink.js';

export function poll(ground: Ground): Transport {
  const { attempt, on } = ground;
  const abort = new AbortController();
  return {
    open(message) {
      let status = 0;
      post(ground, 'poll', message, abort.signal)
        .then(async (response) => {
          status = response.status;
          on({ type: 'connectionOpened', attempt });
          // Whole or not at all: a body that is cut off rejects, and the next poll asks with the same cursors.
          const text = await response.text();
          on({ type: 'messageReceived', attempt, text });
          if (!response.ok) throw new Error(`HTTP ${status}`);
        })
        .catch((error: unknown) => on({ type: 'connectionClosed', attempt, status, detail: String(error) }));
    },
    send: uplink(ground),
    close: () => abort.abort(),
  };
}
