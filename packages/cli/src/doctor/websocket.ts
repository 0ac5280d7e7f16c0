/** A WebSocket over a way, as a line: its handshake is looked at, and its frames are read. */
import { Inbox, messageOf, refusalOf } from '@iskra/client/doctor';
import type { Failed, Line, Unopened } from '@iskra/client/doctor';
import { SUBPROTOCOL } from '@iskra/protocol/wire';
import { WebSocket } from 'ws';
import { notOpened, refusedBy } from './post.js';
import type { Ground } from './post.js';

export async function openWebSocket(ground: Ground, message: string): Promise<Line | Unopened> {
  const { timeout, origin, way } = ground;
  const opened = await way.open('webSocket').catch(notOpened);
  if ('end' in opened) return opened;
  const { socket } = opened;
  const inbox = new Inbox();
  const peer = new WebSocket(`${ground.url.replace(/^http/, 'ws')}/ws`, SUBPROTOCOL, {
    ...(origin !== undefined && { origin }),
    createConnection: () => socket,
  });
  peer.on('message', (data: Buffer) => inbox.receive(data.toString()));
  peer.on('close', (status, reason) => inbox.end({ end: 'closed', status, detail: reason.toString() }));
  const failed = await new Promise<Unopened | undefined>((resolve) => {
    let answered: Failed | undefined;
    const timer = setTimeout(() => {
      resolve(answered ?? { end: 'silent' });
      socket.destroy();
    }, timeout);
    const settle = (outcome: Unopened | undefined): void => {
      clearTimeout(timer);
      resolve(outcome);
    };
    peer.once('open', () => settle(undefined));
    peer.on('error', ({ message: detail }) => {
      const subprotocolLost = /subprotocol/.test(detail);
      settle({ end: 'closed', detail, ...(subprotocolLost && { subprotocolLost }) });
    });
    peer.once('unexpected-response', (_request, response) => {
      const { statusCode: status, headers } = response;
      answered = { ...refusedBy(headers), status };
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (piece: string) => {
        if (text.length < MOST) text += piece;
      });
      response.once('close', () => {
        const said = refusalOf(text);
        settle({ ...(said ?? answered), end: said?.end ?? 'refused', status });
        socket.destroy();
      });
    });
  });
  if (failed !== undefined) return failed;
  const line: Line = {
    inbox,
    send(frames) {
      inbox.touch();
      peer.send(messageOf(frames));
      return Promise.resolve(undefined);
    },
    close: () => peer.close(1000),
  };
  peer.send(message);
  return line;
}

/** Of a refusal, more is not read. */
const MOST = 65_536;
