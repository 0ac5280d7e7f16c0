/** An upgrade: refused, swallowed or passed on as the faults say, and the WebSocket that comes of it. */
import { STATUS_CODES, ServerResponse } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { headOf, pass } from './answer.js';
import { endToEnd, inPairs, isWebSocket, pick, wellKnown } from './headers.js';
import type { Headers } from './headers.js';
import type { Link } from './link.js';
import { exchange } from './relay.js';
import type { Asking } from './target.js';
import type { Traffic } from './traffic.js';

export function upgrade(
  traffic: Traffic,
  server: Server,
  incoming: IncomingMessage,
  socket: Socket,
  head: Buffer,
): void {
  const { method = 'GET', url: path = '/', rawHeaders: headers } = incoming;
  if (!isWebSocket(headers)) return handBack(server, incoming, socket, head);
  socket.on('error', () => {});
  const link = traffic.begin(socket, `${method} ${path}`, true);
  if (!link) return;
  socket.once('close', () => link.clientGone());
  if (head.length > 0) socket.unshift(head);

  const { faults } = link;
  const asking = { method, path, headers };
  const status = faults.refuse ?? faults['refuse-upgrade'];
  if (status !== undefined) {
    link.strike(faults.refuse ? 'refuse' : 'refuse-upgrade');
    refuse(link, socket, status);
  } else if (faults['swallow-upgrade']) {
    link.strike('swallow-upgrade');
    // Read, or its end would not be seen.
    socket.on('end', () => socket.end()).resume();
  } else if (faults['strip-upgrade'] ?? faults.http10) {
    if (faults['strip-upgrade']) link.strike('strip-upgrade');
    const asked = { ...asking, headers: endToEnd(headers), body: Readable.from([]) };
    exchange(traffic, link, asked, answerOn(incoming, socket));
  } else {
    passOn(traffic, link, asking, incoming, socket);
  }
}

/**
 * Other upgrades, to HTTP/2 in plain text for one, are only offered, may have a body, and pass no proxy. The request is
 * put back without the offer, and read again as any other.
 */
function handBack(server: Server, incoming: IncomingMessage, socket: Socket, head: Buffer): void {
  const { method, url, rawHeaders } = incoming;
  // The length of its body is told as it was: it is read by our own server.
  const kept = pick(rawHeaders, (name) => !/^(connection|upgrade|http2-settings)$/.test(name));
  socket.unshift(Buffer.concat([headText(`${method} ${url} HTTP/1.1`, kept), head]));
  server.emit('connection', socket);
}

function passOn(
  traffic: Traffic,
  link: Link,
  asking: Asking,
  incoming: IncomingMessage,
  socket: Socket,
): void {
  link.up.mark(() => {
    if (link.isResetNow('before')) return;
    const request = traffic.ask(link, asking);
    let answered = false;
    link.leavesBy(() => request.destroy());
    request.on('error', () => {
      if (!answered) link.targetGone(() => refuse(link, socket, 502));
    });
    request.on('response', (answer) => {
      answered = true;
      if (link.isResetNow('after')) return;
      answer.on('error', () => link.targetGone(() => link.cut()));
      pass(link, answerOn(incoming, socket), headOf(answer), answer, false);
    });
    request.on('upgrade', ({ statusMessage, rawHeaders }, target, first) => {
      answered = true;
      if (link.isResetNow('after')) return;
      link.leavesBy(() => target.destroy());
      if (first.length > 0) target.unshift(first);
      link.down.mark(() => {
        const shown = link.faults['strip-headers'] ? wellKnown(rawHeaders) : rawHeaders;
        socket.write(headText(`HTTP/1.1 101 ${statusMessage}`, shown));
      });
      open(link, socket, target as Socket);
    });
    request.end();
  });
}

/** 101 has passed: from here on bytes are bytes. */
function open(link: Link, client: Socket, target: Socket): void {
  const { faults } = link;
  link.upgradedAt = performance.now();
  target.on('error', () => {});
  target.once('close', () => link.targetGone(() => client.destroySoon()));
  if (faults['mute-websocket']) {
    link.strike('mute-websocket');
    client.on('end', () => target.end()).resume();
    target.on('end', () => client.end()).resume();
  } else if (faults['kill-first-frame']) {
    const kill = (): void => {
      link.strike('kill-first-frame');
      // Behind 101, which may still be on its way.
      link.down.mark(() => link.cut());
    };
    for (const side of [client, target]) {
      side.once('data', kill).on('end', () => link.down.mark(() => link.cut()));
    }
  } else {
    client.pipe(link.up).pipe(target);
    target.pipe(link.down).pipe(client);
  }
}

/** What an HTTP answer needs, over the socket of an upgrade that did not come to be. */
function answerOn(incoming: IncomingMessage, socket: Socket): ServerResponse {
  const outgoing = new ServerResponse(incoming);
  outgoing.shouldKeepAlive = false;
  outgoing.assignSocket(socket);
  outgoing.once('finish', () => socket.destroySoon());
  return outgoing;
}

function refuse(link: Link, socket: Socket, status: number): void {
  link.down.mark(() => {
    const line = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`;
    socket.end(headText(line, ['Connection', 'close', 'Content-Length', '0']));
  });
}

const headText = (line: string, headers: Headers): Buffer =>
  Buffer.from(`${[line, ...inPairs(headers).map((pair) => pair.join(': '))].join('\r\n')}\r\n\r\n`, 'latin1');
