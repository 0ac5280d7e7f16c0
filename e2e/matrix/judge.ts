/** PURE. What a row proves about our client: is everything there, is it where it should be, does it give the right reason. */
import type { Explanation, TransportName, VerdictCode } from '@iskra/client';
import type { Exchange } from './exchange.js';
import type { Reasons, Row } from './rows.js';
import { isIntact } from './tally.js';

/** Nothing was lost, doubled or reordered, either way, and it got through at all. */
export const gotThrough = ({ first, up, down }: Exchange): boolean =>
  first !== undefined && up.sent > 0 && isIntact(up) && isIntact(down);

/** Verdicts that accuse nobody: a connection was left, or ended as connections do. */
const HARMLESS: ReadonlySet<VerdictCode> = new Set(['left', 'lost', 'superseded', 'draining', 'resync']);

export type Accusations = Readonly<Partial<Record<TransportName, readonly VerdictCode[]>>>;

/** What the explanation holds against whom, each once, oldest first. */
export function accusationsOf({ attempts }: Pick<Explanation, 'attempts'>): Accusations {
  const found: Partial<Record<TransportName, VerdictCode[]>> = {};
  for (const { transport, verdict } of attempts) {
    if (verdict === undefined || HARMLESS.has(verdict)) continue;
    const known = (found[transport] ??= []);
    if (!known.includes(verdict)) known.push(verdict);
  }
  return found;
}

/** What is wrong with the reasons given, in words; empty when all of them are right. */
export function wrongReasons(
  { because, perhaps = {} }: Pick<Row, 'because' | 'perhaps'>,
  seen: Accusations,
): string[] {
  const names = (reasons: Reasons): TransportName[] => Object.keys(reasons) as TransportName[];
  const missing = names(because).filter((name) => !seen[name]?.some((code) => because[name]!.includes(code)));
  const unasked = names(seen).flatMap((name) =>
    seen[name]!.filter((code) => ![...(because[name] ?? []), ...(perhaps[name] ?? [])].includes(code)),
  );
  return [
    ...missing.map((name) => `no ${because[name]!.join(' or ')}`),
    ...new Set(unasked.map((code) => `${code}?`)),
  ];
}
