/**
 * The entry ./offline: an outbox that outlives its page. What is sent is written to IndexedDB before it goes on the wire, and
 * the next page goes on with it in the same session. It stands around the client's session, and the client knows nothing of it.
 */
import type { Envelope } from '@iskra/protocol/wire';
import { createEmitter } from './emitter.js';
import { openJournal } from './offline/journal.js';
import { createKeeping } from './offline/keeping.js';
import type { KeptSend, OfflineOutbox, OutboxEvents } from './offline/keeping.js';

export type { KeptSend, OfflineOutbox, OutboxEvents };

export interface OutboxOptions {
  /** Which sends are kept. Default: every publish and every request. The others end with their page. */
  keep?: (envelope: Envelope, channel: string | undefined) => boolean;
}

/** Those of this page. */
const opened: Record<string, Promise<OfflineOutbox> | undefined> = {};

/**
 * Opens an outbox, for `connect(url, { offline })`. Each tab of the origin has its own share of it, and goes on with what
 * another one has left there; what is open already in this page is that. Where nothing can be kept it is in memory, and the
 * event `memory` says why.
 * @param name one for each user and server: whoever opens it next sends what is in it.
 */
export function openOutbox(name: string, { keep = () => true }: OutboxOptions = {}): Promise<OfflineOutbox> {
  const label = `iskra ${name}`;
  const open = async (): Promise<OfflineOutbox> => {
    const events = createEmitter<OutboxEvents>(console.error);
    const journal = await openJournal(label, events);
    return createKeeping(journal, keep, events, () => (opened[label] = undefined));
  };
  return (opened[label] ??= open());
}
