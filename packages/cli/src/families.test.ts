import { describe, expect, it, test } from 'vitest';
import { bucketsOf, byLabel, quantile, readFamilies, sumOf } from './families.js';

const TEXT = `# HELP iskra_connections Connections that are open now.
# TYPE iskra_connections gauge
iskra_connections{transport="websocket"} 12
iskra_connections{transport="sse",node="a \\"b\\" \\\\ c"} 3 1700000000000

# TYPE lag_seconds histogram
lag_seconds_bucket{le="0.1",transport="sse"} 50
lag_seconds_bucket{le="0.1",transport="websocket"} 40
lag_seconds_bucket{le="1",transport="sse"} 60
lag_seconds_bucket{le="1",transport="websocket"} 40
lag_seconds_bucket{le="+Inf",transport="sse"} 60
lag_seconds_bucket{le="+Inf",transport="websocket"} 40
lag_seconds_sum{transport="sse"} 12.5
lag_seconds_count{transport="sse"} 60
unknown_thing 7
not a line of it
broken{le="1" 3
`;
const families = readFamilies(TEXT);

describe('readFamilies', () => {
  it('has each family with its type, and the parts of a histogram under its name', () => {
    expect([...families].map(([name, { type, samples }]) => [name, type, samples.length])).toEqual([
      ['iskra_connections', 'gauge', 2],
      ['lag_seconds', 'histogram', 8],
      ['unknown_thing', 'untyped', 1],
    ]);
  });

  it('reads labels with quotes, backslashes and line breaks in them', () => {
    expect(families.get('iskra_connections')?.samples[1]).toEqual({
      name: 'iskra_connections',
      labels: { transport: 'sse', node: 'a "b" \\ c' },
      value: 3,
    });
    expect(readFamilies('x{y="a\\nb"} 1').get('x')?.samples[0]?.labels).toEqual({ y: 'a\nb' });
  });

  it.each(['', '<!doctype html><p>Not here</p>', '{"status":"healthy"}'])('finds nothing in %j', (text) =>
    expect(readFamilies(text).size).toBe(0),
  );
});

test('sums are over all labels, and undefined where nothing is told', () => {
  expect(sumOf(families, 'iskra_connections')).toBe(15);
  expect(sumOf(families, 'iskra_nothing')).toBeUndefined();
  expect(byLabel(families, 'iskra_connections', 'transport')).toEqual({ websocket: 12, sse: 3 });
  expect(byLabel(families, 'unknown_thing', 'transport')).toEqual({});
});

describe('quantile', () => {
  const buckets = bucketsOf(families.get('lag_seconds')!);

  it('adds up what labels keep apart', () =>
    expect([...buckets]).toEqual([
      [0.1, 90],
      [1, 100],
      [Infinity, 100],
    ]));

  it.each([
    [0.45, 0.05],
    [0.9, 0.1],
    [0.95, 0.55],
    [1, 1],
  ])('at %d is %d', (share, value) => expect(quantile(share, buckets)).toBeCloseTo(value));

  it('is the last bound where it lies beyond all, and undefined where nothing was observed', () => {
    expect(
      quantile(
        0.99,
        new Map([
          [1, 1],
          [Infinity, 10],
        ]),
      ),
    ).toBe(1);
    expect(
      quantile(
        0.99,
        new Map([
          [1, 0],
          [Infinity, 0],
        ]),
      ),
    ).toBeUndefined();
    expect(quantile(0.99, new Map())).toBeUndefined();
  });
});
