/** Asks the target: each request over a connection of its own, so that nothing of one is left to the next. */
import { request } from 'node:http';
import type { ClientRequest } from 'node:http';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import type { Faults } from './faults.js';
import { replaced, wellKnown } from './headers.js';
import type { Headers } from './headers.js';

/** Longer heads than Node takes by itself: whether they are too long is for the target to say. */
export const MAX_HEAD = 131_072;

export interface Target {
  readonly hostname: string;
  readonly port: number;
}

export interface Asking {
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
}

export function ask(
  { hostname, port }: Target,
  { method, path, headers }: Asking,
  faults: Faults,
): ClientRequest {
  let sent = headers;
  if (faults['strip-headers']) sent = wellKnown(sent);
  if (faults['rewrite-host']) sent = replaced(sent, 'Host', `${hostname.replace(/.*:.*/, '[$&]')}:${port}`);
  const made = request({
    method,
    path,
    headers: sent,
    maxHeaderSize: MAX_HEAD,
    createConnection: () => {
      const socket = connect({ host: hostname, port, noDelay: true });
      return faults.http10 ? inOldDialect(socket) : socket;
    },
  });
  // Its head does not wait for a body that may be long in coming.
  made.flushHeaders();
  return made;
}

/** node:http knows no older version than 1.1, so the first line is changed as it is written: the head goes first. */
function inOldDialect(socket: Socket): Socket {
  const write = socket.write.bind(socket);
  const once = (head: string | Uint8Array, ...more: unknown[]): boolean => {
    socket.write = write;
    const text = Buffer.from(head as string, 'latin1').toString('latin1');
    const callback = more.find((one) => typeof one === 'function') as (() => void) | undefined;
    return write(text.replace(' HTTP/1.1\r\n', ' HTTP/1.0\r\n'), 'latin1', callback);
  };
  socket.write = once;
  return socket;
}
