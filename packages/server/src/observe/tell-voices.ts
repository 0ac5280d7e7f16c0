/** Shell. Nodes tell each other how their connections feel, through the store. */
import type { Core } from '../core.js';
import { every } from '../rounds.js';

/** Milliseconds between two times that a node tells. */
const TELL = 5_000;
/** Milliseconds that it holds: a node that missed it twice is no longer counted. */
const LEASE = 15_000;

/** Tells and hears until the answer is called. */
export function tellVoices(core: Core): () => void {
  return every(core.clock, TELL, () => void tell(core));
}

async function tell({ store, node, voices }: Core): Promise<void> {
  try {
    voices.heard(await store.report(node, () => voices.text, LEASE), LEASE);
  } catch {
    // The store's absence is told by whoever needs an answer of it (rounds.ts); what was heard before runs out.
  }
}
