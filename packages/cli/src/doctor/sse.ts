/** An event stream over a way, as a line: messages come down the answer of one POST, and go up in others. */
import { blockReader } from '@iskra/protocol/wire';
import { Inbox } from './inbox.js';
import type { Line, Unopened } from './line.js';
import { begin, post } from './post.js';
import type { Road } from './post.js';
import { goOn, messageOf } from './wire.js';

export async function openSse(road: Road, message: string): Promise<Line | Unopened> {
  const begun = await begin(road, 'sse', message, road.timeout);
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
    async send(frames, session) {
      const answer = await post(road, 'send', messageOf([goOn(session), ...frames]));
      return 'end' in answer ? { ...answer, at: answer.at ?? 'send' } : undefined;
    },
    close,
  };
}
