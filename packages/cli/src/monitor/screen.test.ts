import { describe, expect, it, test } from 'vitest';
import { downLook, metrics, URL_1, URL_2, wellLook } from './fixture.js';
import { draw, textOf } from './screen.js';
import { createWatch } from './watch.js';
import { bar, count, perSecond, percent, span, spark } from './words.js';

const at = Date.parse('2026-03-01T12:00:00Z');
const TERMINAL = { width: 80, height: 24 };
const more = (lines: number): string =>
  'iskra_refused_total{code="bye"} 0\niskra_refused_total{code="too_big"} 3\n' +
  Array.from({ length: lines }, (_, n) => `# TYPE iskra_thing_${n} gauge\niskra_thing_${n} ${n}\n`).join('') +
  'iskra_voice{level="node",voice="pain"} 0.75\niskra_voice{level="node",voice="trust"} 0.9\n';

function drawn(size = TERMINAL, nodes = 1, extra = 0) {
  const watch = createWatch();
  const looks = (second: number) =>
    Array.from({ length: nodes }, (_, node) =>
      node === 1
        ? downLook(URL_2)
        : wellLook(
            node === 0 ? URL_1 : `http://node-${node + 1}:8000`,
            metrics({ sent: second * 1_200, received: second * 40, more: more(extra) }),
          ),
    );
  for (let second = 0; second < 9; second++) watch.take(looks(second), at + second * 1_000);
  const moment = watch.take(looks(9), at + 9_000);
  return draw(moment, watch.past, size).map(textOf);
}

test('one node on 80 × 24 has everything on one screen', () => {
  const lines = drawn();
  const text = lines.join('\n');
  expect(lines[0]).toMatch(/^iskra monitor {2}1 node, ready {2,}\d\d:\d\d:\d\d {2}q ends$/);
  expect(lines[2]).toMatch(/^node +state +conns +in \/s +out \/s +refused +memory +CPU$/);
  expect(lines[3]).toMatch(/^node-1:8000 ready +120 +40 +1,200 +0 +64 MB +0\.0 %$/);
  expect(text).toMatch(/^connections +120 {2}█+$/m);
  expect(text).toMatch(/^ {2}websocket +100 {2}█{40}$/m);
  expect(text).toMatch(/^ {2}sse +20 {2}█{8}$/m);
  expect(text).not.toContain('polling');
  // Nothing is known of the first look.
  expect(text).toMatch(/^out \/s +1,200 {3}█{9}$/m);
  expect(text).toMatch(/so far: too_big 3$/m);
  expect(text).toContain('pain 0.75  trust 0.90');
  expect(lines.length).toBeLessThanOrEqual(24);
});

test('several nodes have a row each, and a second one where something is wrong', () => {
  const lines = drawn(TERMINAL, 3);
  expect(lines[0]).toContain('3 nodes, 2 ready');
  expect(lines[4]).toMatch(/^node-2:8000 down +– +– +– +– +– +–$/);
  expect(lines[5]).toMatch(/^ {2}for 9 s: refused the connection; does the server run/);
  expect(lines.join('\n')).toMatch(/^connections +240/m);
});

test('of many nodes those come first that are not well, and the rest is counted', () => {
  const lines = drawn(TERMINAL, 40);
  expect(lines[3]).toMatch(/^node-2:8000 +down/);
  expect(lines.join('\n')).toMatch(/^and 32 more$/m);
  expect(lines.length).toBeLessThanOrEqual(24);
});

test('what nobody knows here is shown as far as there is room', () => {
  expect(drawn({ width: 80, height: 40 }, 1, 5).join('\n')).toMatch(/^thing_4 {2}4$/m);
  expect(drawn(TERMINAL, 1, 50).length).toBeLessThanOrEqual(24);
});

describe('no line is too long and no screen too high', () => {
  it.each([
    [80, 24],
    [40, 10],
    [200, 60],
    [20, 5],
    [10, 1],
    [1, 1],
  ])('on %d × %d', (width, height) => {
    for (const nodes of [1, 3, 30]) {
      const lines = drawn({ width, height }, nodes, 5);
      expect(lines.length).toBeLessThanOrEqual(height);
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(width);
    }
  });

  it('and what matters most stays longest', () => {
    const small = drawn({ width: 80, height: 10 }).join('\n');
    expect(small).toContain('node-1:8000');
    expect(small).toContain('connections');
    expect(small).not.toContain('websocket');
  });
});

test('before anything is known there are dashes', () => {
  const watch = createWatch();
  const lines = draw(watch.take([downLook(URL_2)], at), watch.past, TERMINAL).map(textOf);
  expect(lines.slice(0, 4).join('\n')).toContain('down');
  expect(lines.join('\n')).not.toMatch(/undefined|NaN/);
});

describe('words', () => {
  it.each([
    [undefined, '–'],
    [0, '0'],
    [12_345.6, '12,346'],
    [123_456, '123k'],
    [4_560_000, '4.6M'],
  ])('count of %d is %s', (value, text) => expect(count(value)).toBe(text));

  it('small rates have a digit behind the point', () =>
    expect([0, 0.4, 9.94, 10.4].map(perSecond)).toEqual(['0', '0.4', '9.9', '10']));

  it('CPU is of cores', () => expect([0.004, 0.25, 1.5].map(percent)).toEqual(['0.4 %', '25 %', '150 %']));

  it('spans have one unit', () =>
    expect([4_999, 300_000, 7_200_000].map(span)).toEqual(['4 s', '5 min', '2 h']));

  it('sparks are of the newest, by the highest of them', () => {
    expect(spark([1, 2, 4, 8], 4)).toBe('▁▂▄█');
    expect(spark([100, 0, undefined, 5], 3)).toBe('▁ █');
    expect(spark([0, 0], 5)).toBe('▁▁');
    expect(spark([], 5)).toBe('');
  });

  it('bars have eighths of a column', () =>
    expect([0, 0.05, 0.5, 1, 2].map((share) => bar(share, 4))).toEqual(['', '▎', '██', '████', '████']));
});
