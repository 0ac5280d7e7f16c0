import { PassThrough } from 'node:stream';
import type { IncomingMessage } from 'node:http';
import { describe, expect, test } from 'vitest';
import { readBody, Unfinished } from './body.js';
import type { Body } from './body.js';

const JSON_TYPE = { 'content-type': 'application/json' };

type Chunk = string | Uint8Array;
type Reader = (
  chunks: readonly Chunk[],
  headers?: Record<string, string>,
  limit?: number,
  unfinished?: Unfinished,
) => Promise<Body>;

const room = (): Unfinished => new Unfinished(1_000);

/** A body as a web stream, and what was taken of it. */
function webBody(chunks: readonly Chunk[]): { request: Request; taken: () => number } {
  const queue = chunks.map((chunk) => (typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk));
  let taken = 0;
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const next = queue.shift();
        if (next === undefined) return controller.close();
        taken++;
        controller.enqueue(next);
      },
    },
    { highWaterMark: 0 },
  );
  // Node asks for `duplex` with a streaming body; its type does not know it.
  const init = { method: 'POST', body, duplex: 'half' };
  return { request: new Request('http://localhost/', init as RequestInit), taken: () => taken };
}

const readers: Record<string, Reader> = {
  'a web request': (chunks, headers = JSON_TYPE, limit = 100, unfinished = room()) =>
    readBody(webBody(chunks).request, (name) => headers[name], limit, unfinished),
  'a request of Node': (chunks, headers = JSON_TYPE, limit = 100, unfinished = room()) => {
    const incoming = new PassThrough();
    const answer = readBody(
      incoming as unknown as IncomingMessage,
      (name) => headers[name],
      limit,
      unfinished,
    );
    for (const chunk of chunks) incoming.write(chunk);
    incoming.end();
    return answer;
  },
};

describe.each(Object.entries(readers))('the body of %s', (_, read) => {
  test.each([
    'application/json',
    'application/json; charset=utf-8',
    'Application/JSON',
    'text/plain',
    'text/plain;charset=UTF-8',
  ])('is read as %s (P60)', async (type) => {
    expect(await read(['[]'], { 'content-type': type })).toEqual({ ok: true, text: '[]', bytes: 2 });
  });

  test.each([
    undefined,
    '',
    'application/jsonp',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=application/json',
    'text/html',
    'text/plainer',
  ])('is refused as %s (P60)', async (type) => {
    const headers: Record<string, string> = type === undefined ? {} : { 'content-type': type };
    expect(await read(['[]'], headers)).toEqual({ ok: false, code: 'unsupported', field: 'content-type' });
  });

  test('is refused when it is encoded: nothing is unpacked (P60, P62)', async () => {
    expect(await read(['[]'], { ...JSON_TYPE, 'content-encoding': 'gzip' })).toEqual({
      ...{ ok: false, code: 'unsupported', field: 'content-encoding' },
    });
  });

  test('is whole however it was cut, also inside a letter', async () => {
    const bytes = new TextEncoder().encode('["Привіт 👋"]');
    const pieces = Array.from(bytes, (byte) => Uint8Array.of(byte));
    expect(await read(pieces)).toEqual({ ok: true, text: '["Привіт 👋"]', bytes: bytes.length });
    expect(await read([])).toEqual({ ok: true, text: '', bytes: 0 });
  });

  test('with invalid UTF-8 is refused, not repaired', async () => {
    for (const bad of [Uint8Array.of(0x22, 0xff, 0x22), Uint8Array.of(0x22, 0xc3)]) {
      expect(await read([bad])).toEqual({ ok: false, code: 'bad_frame', field: 'message' });
    }
  });

  test('may be as long as the limit, counted in bytes (P62)', async () => {
    expect((await read(['x'.repeat(10)], JSON_TYPE, 10)).ok).toBe(true);
    expect((await read(['x'.repeat(10)], { ...JSON_TYPE, 'content-length': '10' }, 10)).ok).toBe(true);
    expect((await read(['éééééé'], JSON_TYPE, 10)).ok).toBe(false);
  });

  test('over the limit is refused while it is read when it declares no length (P62)', async () => {
    expect(await read(['x'.repeat(6), 'x'.repeat(5)], JSON_TYPE, 10)).toEqual({
      ...{ ok: false, code: 'too_big', field: 'body' },
    });
  });

  test.each(['11', '1e9', 'many', '-0x1'])(
    'that declares %s of 10 bytes is refused (P62)',
    async (length) => {
      expect(await read(['x'], { ...JSON_TYPE, 'content-length': length }, 10)).toEqual({
        ...{ ok: false, code: 'too_big', field: 'body' },
      });
    },
  );

  test('that declares less than it has is refused all the same (P62)', async () => {
    const answer = await read(['x'.repeat(11)], { ...JSON_TYPE, 'content-length': '2' }, 10);
    expect(answer.ok).toBe(false);
  });

  test('counts while it is not whole, and no longer', async () => {
    const unfinished = new Unfinished(10);
    const length = (bytes: number): Record<string, string> => ({
      ...JSON_TYPE,
      'content-length': `${bytes}`,
    });
    const overload = { ok: false, code: 'overload', field: 'body' };
    // Each piece but the last, which makes it whole.
    expect((await read(['xxxxx', 'xxxxx', 'xxxxx'], length(15), 100, unfinished)).ok).toBe(true);
    expect(await read(['xxxxx', 'xxxxx', 'x', 'x'], length(12), 100, unfinished)).toEqual(overload);
    // Of an undeclared length, nobody knows which is the last.
    expect(await read(['xxxxx', 'xxxxxx'], JSON_TYPE, 100, unfinished)).toEqual(overload);
    expect(unfinished.take(10)).toBe(true);
    expect(await read(['x', 'x'], length(2), 100, unfinished)).toEqual(overload);
    expect((await read(['x'.repeat(50)], length(50), 100, unfinished)).ok).toBe(true);
    unfinished.give(10);
    expect((await read(['xxxxx', 'xxxxx'], JSON_TYPE, 100, unfinished)).ok).toBe(true);
  });
});

test('a body over the declared length is not read at all, one over the limit not to its end (P62)', async () => {
  const declared = webBody(['x'.repeat(50)]);
  await readBody(declared.request, (name) => ({ ...JSON_TYPE, 'content-length': '50' })[name], 10, room());
  expect(declared.taken()).toBe(0);
  const endless = webBody(Array.from({ length: 1_000 }, () => 'xxxx'));
  await readBody(endless.request, (name) => (JSON_TYPE as Record<string, string>)[name], 10, room());
  expect(endless.taken()).toBe(3);
});

test('a body that is cut off rejects, is not taken for a whole one, and gives back what it took', async () => {
  const unfinished = new Unfinished(2);
  const incoming = new PassThrough();
  const answer = readBody(
    incoming as unknown as IncomingMessage,
    (name) => (JSON_TYPE as Record<string, string>)[name],
    100,
    unfinished,
  );
  incoming.write('[1');
  incoming.destroy(new Error('aborted'));
  await expect(answer).rejects.toThrow('aborted');
  expect(unfinished.take(2)).toBe(true);
});
