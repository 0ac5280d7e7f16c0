/** Reads a request's body: JSON text of bounded size, valid UTF-8, nothing else. */
import type { IncomingMessage } from 'node:http';
import type { CodeName } from '@iskra/protocol/wire';
import type { HeaderReader } from './guard.js';

export type Body = { ok: true; text: string; bytes: number } | { ok: false; code: CodeName; field: string };

const TYPES = /^(application\/json|text\/plain)\s*(;|$)/i;
const decoder = new TextDecoder('utf-8', { fatal: true });

const refused = (code: CodeName, field: string): Body => ({ ok: false, code, field });

/** Bytes of all bodies of a node that have begun to arrive and are not whole: who sends half of one makes us keep it. */
export class Unfinished {
  readonly #limit: number;
  #bytes = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Whether there is room for so many more; then they are taken. */
  take(bytes: number): boolean {
    if (this.#bytes + bytes > this.#limit) return false;
    this.#bytes += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#bytes -= bytes;
  }
}

/**
 * @param source Node's request where there is one: read directly, it costs a third of a web stream.
 * @param limit bytes; refused at the declared length, or while reading when none is declared (P62).
 * @param unfinished counts what arrives in pieces; without room for more of that, a body that comes whole still passes.
 */
export async function readBody(
  source: Request | IncomingMessage,
  header: HeaderReader,
  limit: number,
  unfinished: Unfinished,
): Promise<Body> {
  if (!TYPES.test(header('content-type') ?? '')) return refused('unsupported', 'content-type');
  if (header('content-encoding') !== undefined) return refused('unsupported', 'content-encoding');
  const declared = header('content-length');
  if (declared !== undefined && !(Number(declared) <= limit)) return refused('too_big', 'body');
  const pieces = new Pieces(limit, Number(declared), unfinished);
  try {
    await ('on' in source ? readIncoming(source, pieces) : readStream(source.body, pieces));
  } finally {
    pieces.end();
  }
  if (pieces.refusal !== undefined) return refused(pieces.refusal, 'body');
  try {
    const { whole } = pieces;
    return { ok: true, text: decoder.decode(whole), bytes: whole.length };
  } catch {
    return refused('bad_frame', 'message');
  }
}

/** What has arrived of one body. */
class Pieces {
  refusal: 'too_big' | 'overload' | undefined;
  readonly #limit: number;
  readonly #declared: number;
  readonly #unfinished: Unfinished;
  readonly #chunks: Uint8Array[] = [];
  #length = 0;
  #taken = 0;

  /** @param declared its length, or NaN */
  constructor(limit: number, declared: number, unfinished: Unfinished) {
    this.#limit = limit;
    this.#declared = declared;
    this.#unfinished = unfinished;
  }

  /** Whether more may come. */
  add(chunk: Uint8Array): boolean {
    this.#length += chunk.length;
    this.#chunks.push(chunk);
    if (this.#length > this.#limit) this.refusal = 'too_big';
    else if (this.#length !== this.#declared && !this.#unfinished.take(chunk.length))
      this.refusal = 'overload';
    else if (this.#length !== this.#declared) this.#taken += chunk.length;
    return this.refusal === undefined;
  }

  end(): void {
    this.#unfinished.give(this.#taken);
  }

  get whole(): Uint8Array {
    const [only] = this.#chunks;
    return this.#chunks.length === 1 && only !== undefined ? only : Buffer.concat(this.#chunks);
  }
}

/** Until the end, or a refusal. A body that is cut off rejects. */
function readIncoming(incoming: IncomingMessage, pieces: Pieces): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (settle: () => void): void => {
      // A held poll keeps its request: with these listeners it would keep the body too.
      incoming.off('data', onData).off('end', onEnd).off('error', onError);
      settle();
    };
    const onData = (chunk: Buffer): void => {
      if (!pieces.add(chunk)) done(resolve);
    };
    const onEnd = (): void => done(resolve);
    const onError = (error: Error): void => done(() => reject(error));
    incoming.on('data', onData).on('end', onEnd).on('error', onError);
  });
}

async function readStream(body: ReadableStream<Uint8Array> | null, pieces: Pieces): Promise<void> {
  const reader = body?.getReader();
  while (reader !== undefined) {
    const { done, value } = await reader.read();
    if (done) return;
    if (!pieces.add(value)) return reader.cancel();
  }
}
