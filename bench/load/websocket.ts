/**
 * The WebSocket client of the load (RFC 6455), as small as it can be: upgrade,
 * a conversation of short text messages, then counting. The masking key is
 * zero, which costs the load nothing and the server what any key would.
 */
import { Line } from './line.js';

/** How one peer is spoken to over WebSocket. */
export interface WebSocketSpeech {
  readonly path: string;
  readonly subprotocol?: string;
  /** Said as soon as the socket is open. */
  readonly opening?: string;
  /** Judges each message until it is ready: what to answer, or that counting may begin. */
  hear(message: string): { say?: string; ready?: boolean };
  /** One publish, as the text of a WebSocket message. */
  publish(): string;
}

export class WebSocketLine {
  private constructor(
    readonly line: Line,
    readonly speech: WebSocketSpeech,
  ) {}

  /** Connects, and resolves when the peer has sent the first message that counts as ready. */
  static async open(
    port: number,
    speech: WebSocketSpeech,
    onMarkers: (markers: number) => void = () => {},
  ): Promise<WebSocketLine> {
    const line = await Line.open(port);
    await new Promise<void>((resolve, reject) => {
      const hear = frameReader((message) => {
        const { say, ready } = speech.hear(message);
        if (say !== undefined) line.write(frame(say));
        if (!ready) return;
        line.count(onMarkers);
        resolve();
      });
      let head = '';
      line.onChunk = (chunk) => {
        head += chunk.toString('latin1');
        const end = head.indexOf('\r\n\r\n');
        if (end < 0) return;
        if (!head.startsWith('HTTP/1.1 101')) {
          reject(new Error(`no upgrade: ${head.slice(0, 200)}`));
          return;
        }
        line.onChunk = hear;
        if (speech.opening !== undefined) line.write(frame(speech.opening));
        const rest = head.slice(end + 4);
        if (rest) hear(Buffer.from(rest, 'latin1'));
      };
      line.write(
        `GET ${speech.path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
          'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n' +
          (speech.subprotocol ? `Sec-WebSocket-Protocol: ${speech.subprotocol}\r\n\r\n` : '\r\n'),
      );
    });
    return new WebSocketLine(line, speech);
  }

  /** So many publishes, a WebSocket message each, in one write. */
  publish(count: number): void {
    let text = '';
    for (let sent = 0; sent < count; sent++) text += frame(this.speech.publish());
    this.line.write(text);
  }

  close(): void {
    this.line.close();
  }
}

/** A masked text frame; the text must be ASCII. */
function frame(text: string): string {
  const { length } = text;
  if (length > 0xffff) throw new Error('The load has no use for messages over 64 kB.');
  const size =
    length < 126
      ? String.fromCharCode(0x80 | length)
      : String.fromCharCode(0x80 | 126, length >> 8, length & 0xff);
  return `\x81${size}\0\0\0\0${text}`;
}

/** Reads whole unmasked frames and hands on their text; for conversations, not for the hot path. */
function frameReader(onMessage: (message: string) => void): (chunk: Buffer) => void {
  let rest = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 2) {
      let length = rest[1]! & 0x7f;
      let head = 2;
      if (length === 126) {
        if (rest.length < 4) return;
        length = rest.readUInt16BE(2);
        head = 4;
      } else if (length === 127) {
        throw new Error('The load has no use for messages over 64 kB.');
      }
      if (rest.length < head + length) return;
      const opcode = rest[0]! & 0x0f;
      const message = rest.toString('latin1', head, head + length);
      rest = rest.subarray(head + length);
      if (opcode === 1) onMessage(message);
      else if (opcode === 8) throw new Error(`the server closed the WebSocket: ${message.slice(2)}`);
    }
  };
}
