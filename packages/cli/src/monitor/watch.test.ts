import { describe, expect, it, test } from 'vitest';
import { downLook, drainingLook, metrics, URL_1, URL_2, wellLook } from './fixture.js';
import { lineOf, objectOf } from './lines.js';
import { createWatch } from './watch.js';

const at = Date.parse('2026-03-01T12:00:00Z');

describe('what is seen of a node', () => {
  it('has no rates at the first look, and those of the time between at the next', () => {
    const watch = createWatch();
    const first = watch.take([wellLook(URL_1)], at).all;
    expect(first).toMatchObject({ connections: 120, byTransport: { websocket: 100, sse: 20, polling: 0 } });
    expect(first).toMatchObject({ received: undefined, sent: undefined, cpu: undefined, refused: undefined });
    const text = metrics({ received: 300, sent: 900, published: 50, cpu: 1.5 });
    expect(watch.take([wellLook(URL_1, text)], at + 2_000).all).toMatchObject({
      ...{ received: 150, sent: 450, published: 25, cpu: 0.25, refused: 0, memory: 64 * 1_048_576 },
    });
  });

  it('begins again with a process that begins again', () => {
    const watch = createWatch();
    watch.take([wellLook(URL_1, metrics({ sent: 1_000_000 }))], at);
    expect(watch.take([wellLook(URL_1, metrics({ sent: 30 }))], at + 1_000).all?.sent).toBe(30);
  });

  it('counts refusals by code, also when the first comes between two looks', () => {
    const watch = createWatch();
    watch.take([wellLook(URL_1)], at);
    const more = 'iskra_refused_total{code="too_big"} 3\niskra_refused_total{code="rate_limited"} 1\n';
    expect(watch.take([wellLook(URL_1, metrics({ more }))], at + 1_000).all).toMatchObject({
      refused: 4,
      refusals: { too_big: 3, rate_limited: 1 },
    });
  });

  it('goes on behind a time in which it was down, and says since when it is so', () => {
    const watch = createWatch();
    watch.take([wellLook(URL_1, metrics({ sent: 100 }))], at);
    watch.take([downLook(URL_1)], at + 1_000);
    const down = watch.take([downLook(URL_1)], at + 2_000);
    expect(down.nodes[0]).toMatchObject({
      ...{ state: 'down', since: at + 1_000, figures: undefined },
      why: 'refused the connection; does the server run, and on this port?',
    });
    expect([down.ready, down.all]).toEqual([0, undefined]);
    const back = watch.take([wellLook(URL_1, metrics({ sent: 500 }))], at + 4_000);
    expect(back).toMatchObject({ ready: 1, all: { sent: 100 } });
    expect(back.nodes[0]).toMatchObject({ state: 'ready', since: at + 4_000, why: '' });
  });

  it('says how many are left while it drains', () =>
    expect(createWatch().take([drainingLook(URL_1, 7)], at).nodes[0]).toMatchObject({
      state: 'draining',
      why: '7 left',
    }));

  it('tells who is not ready from who is down', () => {
    const notReady = { ...wellLook(URL_1), isReady: false };
    expect(createWatch().take([notReady], at).nodes[0]?.state).toBe('not ready');
  });

  it('knows from /health how many are there, where /metrics cannot be read', () => {
    const [node] = createWatch().take([{ ...wellLook(URL_1, undefined, 9), families: undefined }], at).nodes;
    expect(node).toMatchObject({ state: 'ready', why: '/metrics cannot be read from here' });
    expect(node?.figures).toMatchObject({ connections: 9, memory: undefined });
  });
});

describe('what it does not know', () => {
  const more = (text: string, before = '') => {
    const watch = createWatch();
    watch.take([wellLook(URL_1, metrics({ more: before || text }))], at);
    return watch.take([wellLook(URL_1, metrics({ more: text }))], at + 1_000).all?.more;
  };

  it('is shown as it is: gauges as a level, counters as a rate', () =>
    expect(
      more(
        '# TYPE iskra_held_polls gauge\niskra_held_polls 7\n# TYPE iskra_bytes_total counter\niskra_bytes_total 500\n',
        '# TYPE iskra_bytes_total counter\niskra_bytes_total 100\n',
      ),
    ).toEqual({ held_polls: { kind: 'level', value: 7 }, bytes: { kind: 'rate', value: 400 } }));

  it('of a histogram is what 99 % of the newest did not exceed', () => {
    const histogram = (fast: number, all: number): string =>
      `# TYPE iskra_lag_seconds histogram\niskra_lag_seconds_bucket{le="0.1"} ${fast}\niskra_lag_seconds_bucket{le="1"} ${all}\niskra_lag_seconds_bucket{le="+Inf"} ${all}\n`;
    expect(more(histogram(1_000, 1_100), histogram(1_000, 1_000))?.['lag_seconds']?.value).toBeGreaterThan(
      0.9,
    );
    expect(more(histogram(1_100, 1_100), histogram(1_000, 1_000))?.['lag_seconds']?.value).toBeLessThan(0.1);
  });

  it('is left alone where it is not of Iskra, or says nothing', () =>
    expect(more('nodejs_version_info{version="v20"} 1\n# TYPE iskra_empty gauge\n')).toEqual({}));
});

test('voices are those of the node, whatever the family is called', () => {
  const more = `# TYPE iskra_voice gauge
iskra_voice{level="node",voice="pain"} 0.25
iskra_voice{level="cluster",voice="pain"} 0.9
iskra_voice{level="node",voice="trust"} 0.75
`;
  const { all } = createWatch().take([wellLook(URL_1, metrics({ more }))], at);
  expect(all).toMatchObject({ voices: { pain: 0.25, trust: 0.75 }, more: {} });
});

test('several nodes are added up, and of voices the worst counts', () => {
  const voices = (pain: number, trust: number): string =>
    metrics({ more: `iskra_voice{voice="pain"} ${pain}\niskra_voice{voice="trust"} ${trust}\n` });
  const looks = [wellLook(URL_1, voices(0.1, 0.9)), wellLook(URL_2, voices(0.4, 0.95))];
  expect(createWatch().take(looks, at)).toMatchObject({
    ready: 2,
    all: {
      ...{ connections: 240, byTransport: { websocket: 200 }, memory: 128 * 1_048_576 },
      voices: { pain: 0.4, trust: 0.9 },
    },
  });
});

test('the past is bounded', () => {
  const watch = createWatch();
  for (let second = 0; second < 1_000; second++) watch.take([wellLook(URL_1)], at + second * 1_000);
  expect(watch.past.length).toBe(300);
});

describe('without a screen', () => {
  const seen = () => {
    const watch = createWatch();
    watch.take([wellLook(URL_1), downLook(URL_2)], at);
    return watch.take([wellLook(URL_1, metrics({ sent: 4, received: 2_000 })), downLook(URL_2)], at + 1_000);
  };

  it('a look is a line, which names who is not well', () =>
    expect(lineOf(seen())).toMatch(
      /^\d\d:\d\d:\d\d 1 of 2 ready · 120 connections · in 2,000\/s · out 4\.0\/s · refused 0\/s · 64 MB · CPU 0\.0 % · http:\/\/node-2:8000 down \(refused the connection; .*\)$/,
    ));

  it('or an object, in which nothing is missing: what is not known is null', () => {
    const object = JSON.parse(JSON.stringify(objectOf(seen()))) as Record<string, unknown>;
    expect(object).toMatchObject({
      at: '2026-03-01T12:00:01.000Z',
      ready: 1,
      nodes: [
        { url: URL_1, name: 'n1', state: 'ready', why: null, figures: { received: 2_000 } },
        { url: URL_2, name: null, state: 'down', figures: null },
      ],
      all: { connections: 120, sent: 4, refused: 0, voices: {}, more: {} },
    });
    const first = objectOf(createWatch().take([wellLook(URL_1)], at));
    expect(first.all).toMatchObject({ received: null, sent: null, cpu: null });
  });
});
