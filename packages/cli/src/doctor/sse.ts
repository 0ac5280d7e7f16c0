/** An event stream over a way, as a line: messages come down the answer of one POST, and go up in others. */
import { Inbox, sendByPost } from '@iskra/client/doctor';
import type { Line, Road, Unopened } from '@iskra/client/doctor';
import { blockReader } from '@iskra/protocol/wire';
import { begin } from './post.js';
import type { Ground } from './post.js';

export async function openSse(ground: Ground, road: Road, message: string): Promise<Line | Unopened> {
  const begun = await begin(ground, 'sse', message, ground.timeout);
  if ('end' in begun) return begun;
  const { body, headers, close } = begun;
  const inbox = new Inbox();
  const read = blockReader((data) => inbox.receive(data));
  body.setEncoding('utf8');
  body.on('data', (piece: string) => read(piece));
  body.once('error', ({ message: detail }: Error) => inbox.end({ end: 'closed', detail }));
  body.once('close', () => inbox.end({ end: 'closed' }));
  return {
    inbox,
    encoding: headers['content-encoding'],
    send: (frames, session) => sendByPost(road, frames, session),
    close,
  };
}
