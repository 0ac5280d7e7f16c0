import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { joinFrames, parseMessage } from './codec.js';
import { blockReader, printBlock } from './sse.js';

const read = (...pieces: string[]): string[] => {
  const found: string[] = [];
  const feed = blockReader((data) => found.push(data));
  for (const piece of pieces) feed(piece);
  return found;
};

/** The text cut at every moment of the list (modulo its length); some pieces are empty. */
const cut = (text: string, at: readonly number[]): string[] => {
  const marks = at.map((mark) => mark % (text.length + 1)).sort((a, b) => a - b);
  return [0, ...marks].map((start, index) => text.slice(start, marks[index] ?? text.length));
};

/** The standard's rules on a whole text, written from WHATWG HTML 9.2.6 without a thought of streaming. */
const standard = (text: string): string[] => {
  const lines = text.split(/\r\n|\r|\n/);
  const found: string[] = [];
  let data: string[] | undefined;
  for (const line of lines.slice(0, -1)) {
    if (line === '') {
      if (data !== undefined) found.push(data.join('\n'));
      data = undefined;
      continue;
    }
    const [, name, value] = /^([^:]*)(?::\u0020?(.*))?$/su.exec(line)!;
    if (name === 'data') (data ??= []).push(value ?? '');
  }
  return found;
};

describe('block reader', () => {
  test.each([
    ['LF', '\n'],
    ['CR', '\r'],
    ['CRLF', '\r\n'],
  ])('ends lines with %s', (_, end) => {
    expect(read(`data: a${end}${end}data: b${end}${end}`)).toEqual(['a', 'b']);
    expect(read(`data: a${end}`, end, `data: b${end}`, end)).toEqual(['a', 'b']);
  });

  test('takes CRLF for one break when the cut falls between its halves', () => {
    expect(read('data: a\r', '\ndata: b\r', '\n\r', '\n')).toEqual(['a\nb']);
    expect(read('data: a\r', '', '\n', '\r')).toEqual(['a']);
  });

  test('leaves a byte order mark to whoever decodes: it is no part of decoded text', () => {
    expect(
      read(new TextDecoder().decode(new Uint8Array([0xef, 0xbb, 0xbf, ...Buffer.from('data: a\n\n')]))),
    ).toEqual(['a']);
    expect(read('data: \uFEFFa\n\n')).toEqual(['\uFEFFa']);
  });

  test('joins the data lines of a block', () => {
    expect(read('data: a\ndata: b\n\n')).toEqual(['a\nb']);
  });

  test('takes one space off a value, and no more', () => {
    expect(read('data:a\n\ndata:  a\n\ndata:\ta\n\n')).toEqual(['a', ' a', '\ta']);
  });

  test('takes data without a colon for an empty line of data', () => {
    expect(read('data\n\ndata\ndata\n\n')).toEqual(['', '\n']);
  });

  test('keeps the colons inside a value', () => {
    expect(read('data: a:b: c\n\n')).toEqual(['a:b: c']);
  });

  test('ignores comments and every other field', () => {
    expect(read(': data: x\n\n:\nevent: data\nid: 1\nretry: 5\nDATA: x\n data: x\ndata : x\n\n')).toEqual([]);
    expect(read('data: a\n: in between\nid: 7\ndata: b\n\n')).toEqual(['a\nb']);
  });

  test('drops a block that the end of the stream cuts off', () => {
    expect(read('data: a\n\ndata: b\n')).toEqual(['a']);
    expect(read('data: a\n\ndata: b')).toEqual(['a']);
  });

  test('hands a block on with the break that ends it, not with the next piece', () => {
    for (const end of ['\n\n', '\r\r', '\r\n\r']) expect(read(`data: a${end}`)).toEqual(['a']);
  });

  test('hands on the same blocks wherever the stream is cut', () => {
    const piece = fc.constantFrom(
      ...['data', 'data:', 'data: ', 'data: x\n', 'data: x\r\n\r\n', ':', ' ', 'x', 'event: e', 'id'],
      ...['\uFEFF', 'ї', '🐚', '\u2028', '\0', '"'],
    );
    const end = fc.constantFrom('\n', '\r', '\r\n', '\n\n', '\r\r', '\r\n\r\n', '\n\r');
    const text = fc
      .tuple(fc.boolean(), fc.array(fc.oneof(piece, end), { maxLength: 30 }))
      .map(([mark, parts]) => (mark ? '\uFEFF' : '') + parts.join(''));
    let blocks = 0;
    fc.assert(
      fc.property(text, fc.array(fc.nat(), { maxLength: 12 }), (stream, at) => {
        const expected = standard(stream);
        blocks += expected.length;
        expect(read(...cut(stream, at))).toEqual(expected);
        expect(read(...stream.split(''))).toEqual(expected);
      }),
      { numRuns: 5_000 },
    );
    expect(blocks).toBeGreaterThan(1_000);
  });

  test('reads text that arrives in bytes cut inside a character', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'grapheme', maxLength: 12 }), { maxLength: 5 }),
        fc.array(fc.nat(), { maxLength: 20 }),
        (texts, at) => {
          const sent = texts.map((text) => JSON.stringify([text]));
          const bytes = new TextEncoder().encode(sent.map(printBlock).join(''));
          const marks = at.map((mark) => mark % (bytes.length + 1)).sort((a, b) => a - b);
          const decoder = new TextDecoder();
          const pieces = [0, ...marks].map((start, index) =>
            decoder.decode(bytes.subarray(start, marks[index] ?? bytes.length), { stream: true }),
          );
          expect(read(...pieces)).toEqual(sent);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test('reads a block of 1 MiB that arrives in single characters', () => {
    const data = 'x'.repeat(1024 * 1024);
    const found: string[] = [];
    const feed = blockReader((text) => found.push(text));
    for (const character of printBlock(data)) feed(character);
    expect(found.length).toBe(1);
    expect(found[0] === data).toBe(true);
  }, 30_000);

  test('reads a hundred thousand blocks that arrive in one piece', () => {
    let count = 0;
    blockReader(() => count++)(printBlock('[]').repeat(100_000));
    expect(count).toBe(100_000);
  }, 30_000);
});

describe('printed block', () => {
  test('comes back as the message that went in, whatever it says (P4)', () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.jsonValue()), { maxLength: 5 }), fc.nat(), (frames, at) => {
        const message = joinFrames(frames.map((frame) => JSON.stringify(frame)));
        const [found, ...more] = read(...cut(printBlock(message), [at]));
        expect(more).toEqual([]);
        expect(found).toBe(message);
        expect(JSON.stringify(parseMessage(found!))).toBe(JSON.stringify(frames));
      }),
      { numRuns: 1_000 },
    );
  });

  test('cannot be left by line breaks in a message (P4)', () => {
    const hostile = JSON.stringify([['publish', '\n\ndata: ["bye"]\n\n', '\r\r', '\u2028\u2029\u0085']]);
    expect(read(printBlock(hostile))).toEqual([hostile]);
  });

  test('is one block with one data line', () => {
    expect(printBlock('[]')).toBe('data: []\n\n');
  });

  test('is not disturbed by comments around it', () => {
    expect(read(': padding\n\n', printBlock('[1]'), ': \n\n', printBlock('[2]'))).toEqual(['[1]', '[2]']);
  });
});
