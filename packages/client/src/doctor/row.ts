/** PURE. One line of the table. */
import type { FindingCode } from './advice.js';

export interface Row {
  /** A transport, or a transport and an aspect of it (`sse, quiet`), or something of the path. */
  readonly check: string;
  /** `warn`: it works, and something is to be mended; `skip`: it could not be tested. */
  readonly result: 'pass' | 'warn' | 'fail' | 'skip';
  readonly milliseconds?: number | undefined;
  readonly detail: string;
  /** What it shows to be wrong; the advice is told once for all rows. */
  readonly findings?: readonly FindingCode[];
}
