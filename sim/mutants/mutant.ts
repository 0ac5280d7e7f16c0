/** A change of the sources that breaks one rule of PROTOCOL.md; it is made in a bundle of the simulation, and nowhere else. */
export interface Mutant {
  readonly rule: string;
  /** What is wrong then, in plain words. */
  readonly breaks: string;
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly from: string;
  readonly to: string;
  /** What is known to catch it, and tried before all others: the id of a schedule, or `seed 7`. */
  readonly by?: string;
  /** Seeds that are tried after all schedules. Default 4. */
  readonly within?: number;
}

export const client = (name: string): string => `packages/client/src/${name}.ts`;
export const server = (name: string): string => `packages/server/src/${name}.ts`;
