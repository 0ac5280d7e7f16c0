/** A WebSocket: one text message each way is one message of the protocol. */
import { SUBPROTOCOL } from '@iskra/protocol/wire';
import type { Ground, Transport } from './transport.js';

export function websocket({ url, environment, on }: Ground): Transport {
  let socket: InstanceType<NonNullable<typeof environment.WebSocket>> | undefined;
  return {
    open() {
      const closed = (status: number, detail: string): void => on({ type: 'closed', status, detail });
      try {
        // Throws without a WebSocket in this environment, or where a policy of the page forbids it.
        socket = new environment.WebSocket!(`${url.replace(/^http/, 'ws')}/ws`, SUBPROTOCOL);
      } catch (error) {
        closed(0, String(error));
        return;
      }
      socket.onopen = () => on({ type: 'opened' });
      socket.onmessage = ({ data }) => {
        if (typeof data === 'string') on({ type: 'received', text: data });
      };
      socket.onclose = ({ code, reason }) => closed(code, reason);
      // `close` follows and says what is known; without a listener `ws` would throw.
      socket.onerror = () => {};
    },
    send(message) {
      if (socket?.readyState === 1) socket.send(message);
    },
    close() {
      socket?.close();
    },
  };
}
