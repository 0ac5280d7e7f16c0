/** Reads a request's body: JSON text of bounded size, valid UTF-8, nothing else. */
import type { CodeName } from '@iskra/protocol/wire';

export type Body = { ok: true; text: string } | { ok: false; code: CodeName; field: string };

const TYPES = /^(application\/json|text\/plain)\s*(;|$)/i;
const decoder = new TextDecoder('utf-8', { fatal: true });

const refused = (code: CodeName, field: string): Body => ({ ok: false, code, field });

/** @param limit bytes; refused at the declared length, or while reading when none is declared (P62). */
export async function readBody(request: Request, limit: number): Promise<Body> {
  const { headers } = request;
  if (!TYPES.test(headers.get('content-type') ?? '')) return refused('unsupported', 'content-type');
  if (headers.get('content-encoding') !== null) return refused('unsupported', 'content-encoding');
  const declared = headers.get('content-length');
  let bytes: ArrayBuffer | Uint8Array | undefined;
  if (declared !== null) {
    if (!(Number(declared) <= limit)) return refused('too_big', 'body');
    bytes = await request.arrayBuffer();
  } else {
    bytes = await readAtMost(request.body, limit);
    if (bytes === undefined) return refused('too_big', 'body');
  }
  try {
    return { ok: true, text: decoder.decode(bytes) };
  } catch {
    return refused('bad_frame', 'message');
  }
}

async function readAtMost(
  body: ReadableStream<Uint8Array> | null,
  limit: number,
): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = body?.getReader();
  while (reader !== undefined) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > limit) {
      await reader.cancel();
      return undefined;
    }
    chunks.push(value);
  }
  return Buffer.concat(chunks, length);
}
