/**
 * The HTTP client of the load: a keep-alive line that asks and hears one answer
 * at a time, and on top of it the three shapes of realtime over HTTP: a stream
 * that is only counted, a poll that asks again, and posts one after another.
 */
import { Line, markerCounter } from './line.js';

/** A request as text, from its parts; the body must be ASCII. */
export function request(method: 'GET' | 'POST', path: string, body = '', type = 'application/json'): string {
  const content = method === 'POST' ? `Content-Type: ${type}\r\nContent-Length: ${body.length}\r\n` : '';
  return `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${content}\r\n${body}`;
}

/** One keep-alive connection with at most one request under way. */
export class HttpLine {
  private constructor(readonly line: Line) {}

  static async open(port: number): Promise<HttpLine> {
    return new HttpLine(await Line.open(port));
  }

  ask(text: string): Promise<string> {
    return new Promise((resolve) => this.hear(text, resolve));
  }

  /** Like `ask`, without a promise per answer: polls go through here by the hundred thousand. */
  hear(text: string, onBody: (body: string) => void): void {
    let answer = '';
    this.line.onChunk = (chunk) => {
      answer += chunk.toString('latin1');
      const body = bodyOf(answer);
      if (body === undefined) return;
      this.line.onChunk = () => {};
      onBody(body);
    };
    this.line.write(text);
  }

  close(): void {
    this.line.close();
  }
}

/** Opens a stream and counts it from the first message on. */
export async function openStream(
  port: number,
  opening: string,
  ready: string,
  onMarkers: (markers: number) => void = () => {},
  onFirst: (text: string) => void = () => {},
): Promise<Line> {
  const line = await Line.open(port);
  await new Promise<void>((resolve, reject) => {
    let text = '';
    line.onChunk = (chunk) => {
      text += chunk.toString('latin1');
      if (!text.startsWith('HTTP/1.1 200')) reject(new Error(`no stream: ${text.slice(0, 500)}`));
      if (!text.includes(ready)) return;
      onFirst(text);
      line.count(onMarkers);
      resolve();
    };
    line.write(opening);
  });
  return line;
}

/** How one peer is polled: from an answer's body to the next request. */
export interface PollSpeech {
  /** Goes through what comes before the first held poll; gives that poll. */
  open(http: HttpLine): Promise<string>;
  /** The poll that follows this answer. */
  next(body: string): string;
}

/** Opens a session, then polls until the line is closed. Resolves when the first held poll is on its way. */
export async function openPoll(
  port: number,
  speech: PollSpeech,
  onMarkers: (markers: number) => void = () => {},
): Promise<HttpLine> {
  const http = await HttpLine.open(port);
  const counter = markerCounter();
  const hear = (body: string): void => {
    const markers = counter(Buffer.from(body, 'latin1'));
    http.hear(speech.next(body), hear);
    if (markers > 0) onMarkers(markers);
  };
  http.hear(await speech.open(http), hear);
  return http;
}

/** Publishes by POST, one request under way; what falls due meanwhile goes together with the next. */
export async function openPoster(
  port: number,
  batch: (count: number) => string,
): Promise<(count: number) => void> {
  const http = await HttpLine.open(port);
  let due = 0;
  let busy = false;
  const flush = (): void => {
    if (busy || due === 0) return;
    busy = true;
    const text = batch(due);
    due = 0;
    http.hear(text, () => {
      busy = false;
      flush();
    });
  };
  return (count) => {
    due += count;
    flush();
  };
}

/** The body of an answer that is complete; undefined until then. */
function bodyOf(answer: string): string | undefined {
  const end = answer.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  if (!/^HTTP\/1\.1 20[04]/.test(answer)) throw new Error(`refused: ${answer.slice(0, 700)}`);
  const head = answer.slice(0, end).toLowerCase();
  const at = head.indexOf('\r\ncontent-length:');
  if (at >= 0) {
    const length = Number.parseInt(head.slice(at + 17), 10);
    return answer.length >= end + 4 + length ? answer.slice(end + 4) : undefined;
  }
  if (!head.includes('\r\ntransfer-encoding: chunked')) return '';
  if (!answer.endsWith('\r\n0\r\n\r\n')) return undefined;
  let body = '';
  let from = end + 4;
  for (;;) {
    const line = answer.indexOf('\r\n', from);
    const size = Number.parseInt(answer.slice(from, line), 16);
    if (!(size > 0)) return body;
    body += answer.slice(line + 2, line + 2 + size);
    from = line + 2 + size + 2;
  }
}
