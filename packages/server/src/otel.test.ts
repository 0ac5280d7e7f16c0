import { afterEach, expect, test } from 'vitest';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import type { DataPoint, Histogram } from '@opentelemetry/sdk-metrics';
import { openTelemetryMeter } from './otel.js';
import { serve } from './node.js';
import type { Serving } from './node.js';
import { createRealtime } from './realtime.js';

let serving: Serving | undefined;
afterEach(() => serving?.close());

/** A server whose numbers go to the real SDK, which keeps what it exports. */
async function world({ metrics = false } = {}) {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  // It exports when it is asked to, and hardly by itself.
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 1e9 });
  const provider = new MeterProvider({ readers: [reader] });
  const meter = openTelemetryMeter(provider.getMeter('test'));
  const realtime = createRealtime({ meter, metrics, logger: false });
  serving = await serve(realtime, { port: 0, hostname: '127.0.0.1' });
  const exported = async () => {
    exporter.reset();
    await provider.forceFlush();
    const found = exporter
      .getMetrics()
      .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics));
    return new Map(found.map((one) => [one.descriptor.name, one]));
  };
  return { ...{ realtime, exported, provider }, url: serving.url.replace('localhost', '127.0.0.1') };
}

const hello = (url: string): Promise<Response> =>
  fetch(`${url}/realtime/poll`, {
    method: 'POST',
    body: JSON.stringify([['hello', { version: 1, nonce: 'n'.repeat(22) }]]),
  });

test('counters, gauges and histograms reach the SDK, with their labels, units and bounds', async () => {
  const { exported, url } = await world();
  expect((await hello(url)).status).toBe(200);
  const all = await exported();
  const opened = all.get('iskra_connections_opened_total')!;
  const polls = (opened.dataPoints as DataPoint<number>[]).find(
    ({ attributes }) => attributes['transport'] === 'polling',
  );
  expect(polls?.value).toBe(1);
  expect((all.get('iskra_ready')!.dataPoints as DataPoint<number>[]).map(({ value }) => value)).toEqual([1]);
  const first = all.get('iskra_first_message_seconds')!;
  expect(first.descriptor.unit).toBe('s');
  const [spread] = first.dataPoints as DataPoint<Histogram>[];
  expect(spread!.attributes).toEqual({ transport: 'polling' });
  expect([spread!.value.count, spread!.value.buckets.boundaries.length]).toEqual([1, 13]);
  expect(all.get('process_resident_memory_bytes')!.descriptor.unit).toBe('By');
});

test('/metrics stands beside it, or not at all, as one likes', async () => {
  const without = await world();
  expect((await fetch(`${without.url}/metrics`)).status).toBe(404);
  await serving!.close();
  const beside = await world({ metrics: true });
  await hello(beside.url);
  const text = await (await fetch(`${beside.url}/metrics`)).text();
  expect(text).toContain('iskra_hellos_total{verdict="opened"} 1');
  const counted = (await beside.exported()).get('iskra_hellos_total')!.dataPoints as DataPoint<number>[];
  expect(counted.find(({ attributes }) => attributes['verdict'] === 'opened')?.value).toBe(1);
});

test('a server that is closed is asked no more', async () => {
  const { exported, provider } = await world();
  const cpu = async (): Promise<number> => {
    const told = (await exported()).get('process_cpu_seconds_total')!.dataPoints as DataPoint<number>[];
    return told[0]!.value;
  };
  expect(await cpu()).toBeGreaterThan(0);
  expect(await cpu()).not.toBe(await cpu());
  await serving!.close();
  expect(await cpu()).toBe(await cpu());
  await provider.shutdown();
});
