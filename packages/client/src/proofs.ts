/** PURE. Which verdicts the server has not heard of yet, for its numbers (P85). */
import { MAX_VERDICTS } from '@iskra/protocol/wire';
import type { Attempt } from './attempt.js';
import { cureOf, verdictOf } from './explain.js';
import type { VerdictCode } from './explain.js';
import type { TransportName } from './transports/transport.js';

/** What an attempt over that transport proved. */
export type Proof = [transport: TransportName, verdict: VerdictCode];

/**
 * Gives of these attempts what is news and has a cure, each pair once: again only when its transport has carried the
 * session meanwhile. A probe that fails every 50 s as it did before is none.
 */
export function createProofs(): (log: readonly Attempt[], carrier: TransportName) => Proof[] {
  const seen = new WeakSet<Attempt>();
  const told = new Set<string>();
  return (log, carrier) => {
    for (const pair of told) if (pair.startsWith(carrier)) told.delete(pair);
    const proofs: Proof[] = [];
    for (const one of log) {
      const verdict = verdictOf(one);
      if (!verdict || seen.has(one)) continue;
      seen.add(one);
      const pair = `${one.transport} ${verdict}`;
      if (!cureOf(verdict) || told.has(pair) || proofs.length === MAX_VERDICTS) continue;
      told.add(pair);
      proofs.push([one.transport, verdict]);
    }
    return proofs;
  };
}
