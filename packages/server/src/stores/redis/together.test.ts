import { expect, test } from 'vitest';
import { Together } from './together.js';

function scene() {
  const asked: string[] = [];
  let offset = 0;
  const together = new Together((channel, bodies) => {
    asked.push(`${channel} ${bodies.length > 3 ? bodies.length : bodies.join('')}`);
    if (bodies.includes('bad')) return Promise.reject(new Error('no'));
    return Promise.resolve(['e', (offset += bodies.length)] as const);
  });
  return { together, asked };
}

test('asks once for all that is appended to a channel in a turn, in order, and tells each its own place', async () => {
  const { together, asked } = scene();
  const places = await Promise.all([
    together.append('one', 'a'),
    together.append('two', 'x'),
    Promise.resolve().then(() => together.append('one', 'b')),
    together.append('one', 'c'),
  ]);
  expect(asked).toEqual(['one acb', 'two x']);
  expect(places).toEqual([
    { epoch: 'e', offset: 1, body: 'a' },
    { epoch: 'e', offset: 4, body: 'x' },
    { epoch: 'e', offset: 3, body: 'b' },
    { epoch: 'e', offset: 2, body: 'c' },
  ]);
  await together.append('one', 'd');
  expect(asked.at(-1)).toBe('one d');
});

test('asks at once when it is told to, and again for what comes behind that', async () => {
  const { together, asked } = scene();
  const first = together.append('one', 'a');
  together.ask('one');
  together.ask('nobody');
  expect(asked).toEqual(['one a']);
  expect(await together.append('one', 'b')).toMatchObject({ offset: 2 });
  expect(await first).toMatchObject({ offset: 1 });
});

test('asks for 64 at most, and for no more behind a quarter of a million characters', async () => {
  const { together, asked } = scene();
  const many = await Promise.all(Array.from({ length: 100 }, () => together.append('one', '.')));
  expect(asked).toEqual(['one 64', 'one 36']);
  expect(many.map(({ offset }) => offset)).toEqual(Array.from({ length: 100 }, (_, n) => n + 1));
  const long = 'x'.repeat(200_000);
  await Promise.all(Array.from({ length: 4 }, () => together.append('two', long)));
  expect(asked.slice(2).map((one) => Math.round(one.length / 200_000))).toEqual([2, 2]);
});

test('tells all of them when it fails, and goes on', async () => {
  const { together } = scene();
  const ends = await Promise.allSettled([together.append('one', 'a'), together.append('one', 'bad')]);
  expect(ends.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(await together.append('one', 'b')).toMatchObject({ offset: 1 });
});
