/**
 * The entry ./otel: the numbers of `/metrics` for OpenTelemetry, under the same names. Whoever uses it installs
 * `@opentelemetry/api`, and sets up a `MeterProvider` before.
 */
import { metrics } from '@opentelemetry/api';
import type { Meter as OtelMeter, Observable, ObservableCallback } from '@opentelemetry/api';
import type { Distribution } from './observe/metrics/distribution.js';
import { seriesOf } from './observe/metrics/meter.js';
import type { Family, Labels, Meter, Read, ReadDistribution } from './observe/metrics/meter.js';

/**
 * @param meter Default: that of the global provider for `@iskra/server`.
 * @returns what `createRealtime({ meter })` takes, for one node: each node has one of its own.
 */
export function openTelemetryMeter(meter: OtelMeter = metrics.getMeter('@iskra/server')): Meter {
  return new OpenTelemetryMeter(meter);
}

class OpenTelemetryMeter implements Meter {
  readonly #meter: OtelMeter;
  readonly #callbacks: [Observable, ObservableCallback][] = [];
  readonly #heard: Distribution[] = [];

  constructor(meter: OtelMeter) {
    this.#meter = meter;
  }

  counter<L extends Labels>(family: Family<L>, read: Read<L>): void {
    const { name, help: description } = family;
    this.#observe(
      this.#meter.createObservableCounter(name, { description, unit: unitOf(name) }),
      family,
      read,
    );
  }

  gauge<L extends Labels>(family: Family<L>, read: Read<L>): void {
    const { name, help: description } = family;
    this.#observe(this.#meter.createObservableGauge(name, { description, unit: unitOf(name) }), family, read);
  }

  /** There is no histogram that is read when somebody looks: it is told of each value. */
  histogram<L extends Labels>({ name, help, labels }: Family<L>, read: ReadDistribution<L>): void {
    const all = seriesOf(labels).flatMap((series) => {
      const distribution = read(series);
      return distribution === undefined ? [] : [{ series, distribution }];
    });
    const [first] = all;
    if (first === undefined) return;
    const histogram = this.#meter.createHistogram(name, {
      description: help,
      unit: unitOf(name),
      advice: { explicitBucketBoundaries: [...first.distribution.bounds] },
    });
    for (const { series, distribution } of all) {
      distribution.listener = (value, times) => {
        for (let told = 0; told < times; told++) histogram.record(value, series);
      };
      this.#heard.push(distribution);
    }
  }

  end(): void {
    for (const [observable, callback] of this.#callbacks.splice(0)) observable.removeCallback(callback);
    for (const distribution of this.#heard.splice(0)) distribution.listener = undefined;
  }

  #observe<L extends Labels>(observable: Observable, { labels }: Family<L>, read: Read<L>): void {
    const all = seriesOf(labels);
    const callback: ObservableCallback = (result) => {
      for (const series of all) {
        const value = read(series);
        if (value !== undefined) result.observe(value, series);
      }
    };
    observable.addCallback(callback);
    this.#callbacks.push([observable, callback]);
  }
}

/** By what the name ends with, as it is written in UCUM. */
function unitOf(name: string): string {
  const [, unit] = /_(seconds|bytes)(?:_total)?$/.exec(name) ?? [];
  if (unit === undefined) return '1';
  return unit === 'seconds' ? 's' : 'By';
}
