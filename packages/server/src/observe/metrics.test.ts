import { describe, expect, test } from 'vitest';
import { CODES } from '@iskra/protocol/wire';
import type { CodeName } from '@iskra/protocol/wire';
import { manualClock } from '@iskra/protocol/testing';
import { Connection } from '../connection.js';
import { createCore } from '../create-core.js';
import type { CoreOptions } from '../create-core.js';
import { Drain } from '../drain.js';
import { memoryStore } from '../stores/memory.js';
import type { Transport } from '../transports/transport.js';
import { describeNode } from './metrics/catalogue.js';
import { describeProcess } from './metrics/process.js';
import { PrometheusMeter } from './metrics/prometheus.js';
import { createMetrics, TRANSPORTS } from './metrics.js';
import type { MetricTransport } from './metrics.js';

/** A node on a clock that the test moves, what its `/metrics` says, and pages that come to it. */
function node(options: CoreOptions = {}) {
  const clock = manualClock();
  const core = createCore(
    { store: memoryStore({ now: clock.now }), ...options },
    {
      clock,
      wallClock: clock.now,
      defer: (task) => queueMicrotask(task),
      randomId: () => Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('base64url'),
    },
  );
  const meter = new PrometheusMeter();
  describeNode(meter, core);
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const lines = async (): Promise<string[]> => (await meter.text()).split('\n');
  return {
    ...{ clock, core, settled, lines },
    async value(series: string): Promise<number | undefined> {
      const line = (await lines()).find((one) => one.startsWith(`${series} `));
      return line === undefined ? undefined : Number(line.slice(series.length));
    },
    /** A stream, or a request, of the page that has this nonce. */
    page(name: string, transportName: MetricTransport = 'websocket') {
      let text = '';
      let key: string | undefined;
      const transport = {
        name: transportName,
        queued: 0,
        listener: undefined,
        onWelcome() {},
        write(message) {
          text += message.text;
          key ??= /"key":"([^"]+)"/.exec(message.text)?.[1];
          return true;
        },
        finish() {},
        close() {},
      } as Transport & { queued: number };
      const nonce = name.padEnd(22, '-');
      const connection = new Connection(core, transport, {
        mode: transportName === 'send' ? 'send' : 'stream',
        ...{ address: 'a', request: new Request('http://localhost/') },
        place: { known() {}, release() {} },
      });
      return {
        ...{ connection, transport, nonce },
        get said() {
          return text;
        },
        get key() {
          return key;
        },
        async say(...frames: unknown[]) {
          connection.receive(frames, JSON.stringify(frames).length);
          await settled();
        },
        hello: (more: object = {}) => ['hello', { version: 1, nonce, ...more }],
        /** The moment of the last heartbeat. */
        get beat() {
          return Number([...text.matchAll(/\["ping",(\d+)\]/g)].at(-1)?.[1]);
        },
      };
    },
  };
}

describe('/metrics', () => {
  test('tells what is open and what was written, sent, received, published and refused', async () => {
    const { core, lines } = node();
    const { traffic } = core.metrics;
    traffic.websocket.open += 2;
    traffic.plain.open++;
    traffic.sse.open++;
    traffic.sse.opened += 7;
    traffic.websocket.sent += 5;
    traffic.websocket.sentBytes += 700;
    traffic.plain.sent += 1;
    traffic['long-poll'].received += 3;
    traffic['long-poll'].receivedBytes += 60;
    core.metrics.published += 4;
    core.metrics.refused('too_big');
    core.metrics.refused('too_big');
    expect(await lines()).toEqual(
      expect.arrayContaining([
        'websocket_active_connections 3',
        'websocket_messages_sent_total 6',
        'iskra_connections{transport="sse"} 1',
        'iskra_connections_opened_total{transport="sse"} 7',
        'iskra_messages_sent_total{transport="websocket"} 5',
        'iskra_sent_bytes_total{transport="websocket"} 700',
        'iskra_messages_received_total{transport="long-poll"} 3',
        'iskra_received_bytes_total{transport="long-poll"} 60',
        'iskra_published_total 4',
        'iskra_refused_total{code="too_big"} 2',
        'iskra_refused_total{code="forbidden"} 0',
      ]),
    );
  });

  test('has histograms as Prometheus reads them: each bucket with all that is below', async () => {
    const { core, lines } = node();
    for (const seconds of [0.004, 0.02, 0.02, 30]) core.metrics.roundTrip.websocket.observe(seconds);
    const ours = (await lines()).filter((line) => /round_trip.*websocket/.test(line));
    expect(ours).toHaveLength(16);
    expect(ours).toEqual(
      expect.arrayContaining([
        'iskra_round_trip_seconds_bucket{transport="websocket",le="0.001"} 0',
        'iskra_round_trip_seconds_bucket{transport="websocket",le="0.005"} 1',
        'iskra_round_trip_seconds_bucket{transport="websocket",le="0.025"} 3',
        'iskra_round_trip_seconds_bucket{transport="websocket",le="10"} 3',
        'iskra_round_trip_seconds_bucket{transport="websocket",le="+Inf"} 4',
        'iskra_round_trip_seconds_count{transport="websocket"} 4',
      ]),
    );
    expect(Number(ours.find((line) => line.includes('_sum'))?.split(' ')[1])).toBeCloseTo(30.044);
    expect(await lines()).toContain('# TYPE iskra_round_trip_seconds histogram');
  });

  test('counts each number once, however often somebody asks, and tells a gauge that went back to 0', async () => {
    const { core, lines } = node();
    core.metrics.published = 2;
    core.metrics.refused('forbidden');
    core.metrics.delivery.observe(0.3);
    expect(await lines()).toEqual(await lines());
    core.metrics.traffic.sse.open++;
    core.metrics.traffic.sse.open--;
    expect(await lines()).toContain('iskra_connections{transport="sse"} 0');
  });

  test('has no more series than the sets of its labels allow, whatever is counted', async () => {
    const { core, lines, page } = node();
    const seriesOf = async (): Promise<string[]> =>
      (await lines()).filter((line) => !line.startsWith('#')).map((line) => line.replace(/ \S+$/, ''));
    const before = await seriesOf();
    for (const code of ['made up', '__proto__', 'constructor'] as unknown as CodeName[])
      core.metrics.refused(code);
    for (const transport of TRANSPORTS) core.metrics.traffic[transport].sent++;
    const stranger = page('x"} 1\nfake_metric 1');
    await stranger.say(stranger.hello({ attempt: 'made-up-1' }), ['pong', 1e308], ['pong', -5], ['nonsense']);
    stranger.connection.dispose();
    expect(await seriesOf()).toEqual(before);
  });

  test('says whether the node is ready, and on its way out', async () => {
    const { core, value } = node();
    expect([await value('iskra_ready'), await value('iskra_draining')]).toEqual([1, 0]);
    for (let n = 0; n < 5; n++) core.pulse.asked();
    expect([await value('iskra_ready'), await value('iskra_store_away')]).toEqual([0, 1]);
    core.pulse.answered();
    core.drain = new Drain(core);
    expect([await value('iskra_ready'), await value('iskra_draining')]).toEqual([0, 1]);
    core.drain.end();
  });

  test('tells what is kept in the memory of the process, and nothing of a store that does not know', async () => {
    const { core, value, page } = node();
    const one = page('one');
    await one.say(one.hello());
    await core.store.append('room', '"four"');
    await core.store.sweep();
    expect(await value('iskra_kept_sessions')).toBe(1);
    expect(await value('iskra_log_entries{kind="channel"}')).toBe(1);
    expect(await value('iskra_log_bytes{kind="channel"}')).toBe(6);
    const reached = Object.assign(memoryStore(), { kept: undefined });
    const elsewhere = await node({ store: reached }).lines();
    expect(elsewhere.filter((line) => /^iskra_(kept|log)_/.test(line))).toEqual([]);
  });
});

describe('a session', () => {
  test('is counted with its connection, its hello and its first message', async () => {
    const { clock, value, page } = node();
    const one = page('one');
    clock.advance(30);
    await one.say(one.hello(), ['subscribe', 1, 'room', {}]);
    expect(await value('iskra_sessions')).toBe(1);
    expect(await value('iskra_channels')).toBe(1);
    expect(await value('iskra_connections{transport="websocket"}')).toBe(1);
    expect(await value('iskra_hellos_total{verdict="opened"}')).toBe(1);
    expect(await value('iskra_first_message_seconds_sum{transport="websocket"}')).toBe(0.03);
    expect(await value('iskra_sent_bytes_total{transport="websocket"}')).toBe(Buffer.byteLength(one.said));
    one.connection.dispose();
    expect(await value('iskra_sessions')).toBe(0);
    expect(await value('iskra_streams_ended_total{code="gone"}')).toBe(1);
  });

  test('that is refused, or only a probe, is told apart by its verdict', async () => {
    const { value, page } = node({
      authenticate: (_, credentials) => (credentials === 'good' ? {} : undefined),
    });
    const [bad, good] = [page('bad'), page('good')];
    await bad.say(bad.hello({ auth: 'wrong' }));
    await good.say(good.hello({ auth: 'good' }));
    const probe = page('good');
    await probe.say(probe.hello({ key: good.key, probe: true }));
    expect(await value('iskra_hellos_total{verdict="refused"}')).toBe(1);
    expect(await value('iskra_hellos_total{verdict="probed"}')).toBe(1);
    expect(await value('iskra_streams_ended_total{code="unauthorized"}')).toBe(1);
    expect(await value('iskra_first_message_seconds_count{transport="websocket"}')).toBe(1);
  });

  test('that was gone and is back tells how long that took, and a second stream beside it does not', async () => {
    const { clock, value, page } = node();
    const first = page('one');
    await first.say(first.hello());
    first.connection.dispose();
    clock.advance(1_500);
    const second = page('one');
    await second.say(second.hello({ key: first.key }));
    expect(await value('iskra_hellos_total{verdict="resumed"}')).toBe(1);
    expect(await value('iskra_recovery_seconds_sum')).toBe(1.5);
    const third = page('one', 'sse');
    await third.say(third.hello({ key: first.key }));
    second.connection.dispose();
    clock.advance(1_000);
    expect(await value('iskra_recovery_seconds_count')).toBe(1);
  });

  test('has its round trip measured by the answer to a heartbeat, on the stream or beside it', async () => {
    const { clock, value, page, settled } = node();
    const stream = page('one', 'sse');
    await stream.say(stream.hello());
    clock.advance(150);
    await settled();
    const { beat } = stream;
    clock.advance(80);
    // An event stream's client answers with a POST.
    const post = page('one', 'send');
    await post.say(['continue', { nonce: stream.nonce, key: stream.key, generation: 1 }], ['pong', beat]);
    expect(await value('iskra_round_trip_seconds_count{transport="sse"}')).toBe(1);
    expect(await value('iskra_round_trip_seconds_sum{transport="sse"}')).toBeCloseTo(0.08);
    await stream.say(['pong', beat - 60_000], ['pong', 0], ['pong', beat + 1]);
    expect(await value('iskra_round_trip_seconds_count{transport="sse"}')).toBe(1);
  });

  test('whose peer takes nothing shows as bytes that wait', async () => {
    const { value, page } = node();
    page('one');
    page('two').transport.queued = 4_096;
    expect(await value('iskra_queue_bytes')).toBe(4_096);
  });

  test('has the entries of its channels timed', async () => {
    const { core, value, page, settled } = node();
    const one = page('one');
    await one.say(one.hello(), ['subscribe', 1, 'room', {}]);
    const before = (await value('iskra_delivery_seconds_count')) ?? 0;
    await core.store.append('room', '{"delta":"a"}');
    await settled();
    expect(await value('iskra_delivery_seconds_count')).toBe(before + 1);
  });
});

test('the voices of the node and of the cluster are told, once a heartbeat was answered', async () => {
  const { clock, lines, value, page, settled } = node();
  expect((await lines()).filter((line) => line.startsWith('iskra_voice{'))).toEqual([]);
  const one = page('one');
  await one.say(one.hello());
  clock.advance(150);
  await settled();
  await one.say(['pong', one.beat]);
  clock.advance(2_000);
  for (const level of ['node', 'cluster']) {
    expect(await value(`iskra_voice{level="${level}",voice="pain"}`)).toBe(0);
    expect(await value(`iskra_voice{level="${level}",voice="trust"}`)).toBeGreaterThan(0);
  }
});

test('what happens is counted by the name of its event, also when nobody reads it, and gaps by their reason', async () => {
  const { core, value, page, settled } = node();
  const one = page('one');
  await one.say(one.hello(), ['subscribe', 1, 'room', {}]);
  core.events.fail('handler_failed', new Error('x'), { hook: 'request' });
  core.metrics.gaps.trimmed++;
  await settled();
  expect(await value('iskra_events_total{event="session_opened"}')).toBe(1);
  expect(await value('iskra_events_total{event="handler_failed"}')).toBe(1);
  expect(await value('iskra_events_total{event="slow_consumer"}')).toBe(0);
  expect(await value('iskra_gaps_total{reason="trimmed"}')).toBe(1);
});

test('nothing is timed when nobody asks, and what is counted costs the same', async () => {
  const { core, clock, value, page } = node({ measures: false });
  const one = page('one');
  await one.say(one.hello(), ['subscribe', 1, 'room', {}]);
  await core.store.append('room', '{"delta":"a"}');
  one.connection.dispose();
  clock.advance(10);
  const again = page('one');
  await again.say(again.hello({ key: one.key }));
  expect(await value('iskra_hellos_total{verdict="resumed"}')).toBe(1);
  expect(await value('iskra_first_message_seconds_count{transport="websocket"}')).toBe(0);
  expect(await value('iskra_recovery_seconds_count')).toBe(0);
  expect(await value('iskra_delivery_seconds_count')).toBe(0);
  expect(await value('iskra_store_seconds_count{verb="append"}')).toBe(undefined);
});

test('a store that is given is timed by verb', async () => {
  const { core, value } = node();
  await core.store.append('room', 'x');
  expect(await value('iskra_store_seconds_count{verb="append"}')).toBe(1);
  expect(await value('iskra_store_failures_total{verb="append"}')).toBe(0);
});

test('the process tells its memory, its CPU time and its files, under the names that dashboards know', async () => {
  const meter = new PrometheusMeter();
  const stop = describeProcess([meter]);
  const text = await meter.text();
  stop();
  const read = (name: string): number => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
  expect(read('process_resident_memory_bytes')).toBeGreaterThan(10_000_000);
  expect(read('nodejs_heap_size_used_bytes')).toBeGreaterThan(1_000_000);
  expect(read('process_cpu_seconds_total')).toBeGreaterThan(0);
  expect(read('process_start_time_seconds')).toBeGreaterThan(1_600_000_000);
  expect(text).toContain('# TYPE iskra_event_loop_lag_seconds histogram');
  expect(meter.contentType).toContain('text/plain');
});

test('a code that is refused has its series from the beginning, so that its first increase is seen', async () => {
  const { lines } = node();
  const counted = (await lines()).filter((line) => line.startsWith('iskra_refused_total{'));
  expect(counted).toHaveLength(Object.keys(CODES).length);
  expect(createMetrics().refusals).toMatchObject({ overload: 0, rate_limited: 0 });
});
