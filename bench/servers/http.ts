/**
 * Raw node:http: an event stream at /events, a long-poll at /poll?since=n that
 * answers from a short log, and /publish for both. No library, nothing clever.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FIRST } from '../harness/work.js';
import type { Serve } from './start.js';

/** Messages kept for polls that are on their way: far more than one poll can miss here. */
const KEPT = 1_000;

const first = JSON.stringify({ type: 'first', payload: FIRST });

export const serveHttp: Serve = async () => {
  const streams = new Set<ServerResponse>();
  let held: { since: number; response: ServerResponse }[] = [];
  const log: string[] = [first];
  let end = 1;

  /** `[next,message,…]`: what came after `since`. */
  const answer = (since: number, response: ServerResponse): void => {
    const missed = log.slice(Math.max(0, log.length - (end - since)));
    response.writeHead(200, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
    response.end(`[${[end, ...missed].join(',')}]`);
  };

  const publish = (text: string): void => {
    log.push(text);
    end++;
    if (log.length > KEPT) log.shift();
    for (const stream of streams) stream.write(`data: ${text}\n\n`);
    const waiting = held;
    held = [];
    for (const { since, response } of waiting) answer(since, response);
  };

  const server = createServer((incoming, response) => {
    const url = incoming.url!;
    if (url === '/events') {
      response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
      response.write(`data: ${first}\n\n`);
      streams.add(response);
      response.on('close', () => streams.delete(response));
    } else if (url.startsWith('/poll?since=')) {
      const since = Number(url.slice('/poll?since='.length));
      if (since < end) answer(since, response);
      else held.push({ since, response });
    } else {
      void bodyOf(incoming).then((body) => {
        for (const message of JSON.parse(body) as unknown[]) publish(JSON.stringify(message));
        response.writeHead(204).end();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
};

async function bodyOf(incoming: IncomingMessage): Promise<string> {
  incoming.setEncoding('utf8');
  let body = '';
  for await (const piece of incoming) body += piece as string;
  return body;
}
