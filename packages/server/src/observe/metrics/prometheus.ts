/** The meter of `/metrics`: Prometheus' text, made by prom-client when somebody asks for it. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { MetricObjectWithValues, MetricValueWithName } from 'prom-client';
import type { Distribution } from './distribution.js';
import { seriesOf } from './meter.js';
import type { Family, Labels, Meter, Read, ReadDistribution } from './meter.js';

export class PrometheusMeter implements Meter {
  readonly #registry = new Registry();

  get contentType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  counter<L extends Labels>(family: Family<L>, read: Read<L>): void {
    const all = seriesOf(family.labels);
    new Counter({
      ...this.#declared(family),
      collect() {
        this.reset();
        for (const series of all) {
          const value = read(series);
          if (value !== undefined) this.inc(series, value);
          // prom-client has a 0 for what has no labels.
          else this.remove(series);
        }
      },
    });
  }

  gauge<L extends Labels>(family: Family<L>, read: Read<L>): void {
    const all = seriesOf(family.labels);
    new Gauge({
      ...this.#declared(family),
      collect() {
        this.reset();
        for (const series of all) {
          const value = read(series);
          if (value !== undefined) this.set(series, value);
          else this.remove(series);
        }
      },
    });
  }

  histogram<L extends Labels>(family: Family<L>, read: ReadDistribution<L>): void {
    const all = seriesOf(family.labels);
    new Buckets(this.#declared(family), () => all.map((series) => [series, read(series)]));
  }

  end(): void {
    this.#registry.clear();
  }

  #declared({ name, help, labels = {} }: Family<Labels>) {
    return { name, help, labelNames: Object.keys(labels), registers: [this.#registry] };
  }
}

type Declared = ConstructorParameters<typeof Histogram<string>>[0];
type ReadAll = () => [series: Record<string, string>, distribution: Distribution | undefined][];

/** A histogram of prom-client whose values lie in distributions of ours. */
class Buckets extends Histogram<string> {
  readonly #declared: Declared;
  readonly #read: ReadAll;

  constructor(declared: Declared, read: ReadAll) {
    super(declared);
    this.#declared = declared;
    this.#read = read;
  }

  override async get(): Promise<MetricObjectWithValues<MetricValueWithName<string>>> {
    const { name, help } = this.#declared;
    const values: MetricValueWithName<string>[] = [];
    for (const [series, distribution] of this.#read()) {
      if (distribution === undefined) continue;
      const { bounds, counts, sum } = distribution;
      let below = 0;
      counts.forEach((count, at) => {
        below += count;
        values.push({
          metricName: `${name}_bucket`,
          labels: { ...series, le: bounds[at] ?? '+Inf' },
          value: below,
        });
      });
      values.push({ metricName: `${name}_sum`, labels: series, value: sum });
      values.push({ metricName: `${name}_count`, labels: series, value: below });
    }
    // As prom-client's own have it: its types name the type by an enumeration that is not there at run time.
    return { name, help, type: 'histogram' as never, aggregator: 'sum', collect: () => {}, values };
  }

  /** What the registry asks, where there is one. */
  getForPromString(): Promise<MetricObjectWithValues<MetricValueWithName<string>>> {
    return this.get();
  }
}
