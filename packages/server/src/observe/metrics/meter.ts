/**
 * What numbers are told to: `/metrics` is one, OpenTelemetry another. A meter is given each family once, and asks for
 * its numbers when somebody looks; what is counted meanwhile knows nothing of it.
 */
import type { Distribution } from './distribution.js';

/**
 * The values that each label may have. They are closed sets: a family has as many series as their product at most,
 * whatever comes from outside.
 */
export type Labels = Readonly<Record<string, readonly string[]>>;

/** One value for each label. */
export type Series<L extends Labels> = { readonly [Name in keyof L]: L[Name][number] };

/** Numbers of one name. */
export interface Family<L extends Labels> {
  /** By the conventions of Prometheus: base units, `_total` for what only rises. */
  readonly name: string;
  /** One sentence. */
  readonly help: string;
  readonly labels?: L;
}

/** The number of a series now; undefined when there is none at the moment. */
export type Read<L extends Labels> = (series: Series<L>) => number | undefined;

/** The values of a series so far; asked again and again, it gives the same distribution, or none from the beginning. */
export type ReadDistribution<L extends Labels> = (series: Series<L>) => Distribution | undefined;

export interface Meter {
  /** What only rises, until the process ends. */
  counter<const L extends Labels>(family: Family<L>, read: Read<L>): void;
  gauge<const L extends Labels>(family: Family<L>, read: Read<L>): void;
  histogram<const L extends Labels>(family: Family<L>, read: ReadDistribution<L>): void;
  /** Nobody will answer any more. */
  end(): void;
}

/** All series that a family with these labels may have. */
export function seriesOf<L extends Labels>(labels: L | undefined): readonly Series<L>[] {
  let all: Record<string, string>[] = [{}];
  for (const [name, values] of Object.entries(labels ?? {})) {
    all = all.flatMap((one) => values.map((value) => ({ ...one, [name]: value })));
  }
  // Made of one value for each label, which is what the type says.
  return all as unknown as Series<L>[];
}
