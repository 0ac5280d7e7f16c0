/**
 * The entry ./tabs: one session, and one connection, for all tabs of a page. Who leads is decided by Web Locks, and tabs
 * speak with each other over a BroadcastChannel; what they say is decided in `tabs/sharing.ts`.
 */
import type { Tabs } from './connect.js';
import { createSession } from './session.js';
import type { PageSignal } from './environment.js';
import type { Air, Word } from './tabs/messages.js';
import { createSharing } from './tabs/sharing.js';

export type { Tabs };

/** How tabs find and hear each other. */
export interface Medium {
  locks?: Pick<LockManager, 'request'> | undefined;
  Radio?: (new (name: string) => Pick<BroadcastChannel, 'onmessage' | 'postMessage' | 'close'>) | undefined;
}

/**
 * For the option `tabs` of `connect`: tabs of one origin that connect to the same url and give the same name share a
 * session. Whoever has other credentials needs another name: the id of the user, as a rule. Where a runtime has no Web
 * Locks or no BroadcastChannel (Node, pages without TLS), each has a session of its own.
 */
export const shareTabs =
  (
    name: string,
    // Other runtimes may have both, and no tabs.
    { locks, Radio }: Medium = 'document' in globalThis
      ? { locks: navigator.locks, Radio: globalThis.BroadcastChannel }
      : {},
  ): Tabs =>
  (url, { onPage }) => {
    if (!locks || !Radio) return { onPage, createSession };
    /** Names the lock of who leads; with a tab's id behind it, that of the tab. */
    const group = `iskra 1 ${url} ${name} `;
    let here: AbortController;
    let radio: InstanceType<typeof Radio> | undefined;
    let hear: (word: Word) => void;

    /** Where locks are refused, as in a sandbox, the page is alone. */
    const ask = (lock: string, then: () => unknown): void => {
      const { signal } = here;
      locks.request(lock, { signal }, then).catch(() => signal.aborted || then());
    };

    const air: Air = {
      join(me) {
        here = new AbortController();
        const left = new Promise((leave) => (here.signal.onabort = leave));
        ask(group + me, () => {
          radio = new Radio(group);
          radio.onmessage = ({ data }) => hear(data as Word);
          hear(['joined']);
          ask(group, () => {
            // It comes to this tab as well, behind all that was said before.
            const voice = new Radio(group);
            voice.postMessage(['begins', me] satisfies Word);
            voice.close();
            return left;
          });
          return left;
        });
      },
      part() {
        here.abort();
        radio?.close();
      },
      post: (word) => radio!.postMessage(word),
      watch: (tab) => ask(group + tab, () => hear(['gone', tab])),
    };

    return {
      onPage(listener) {
        hear = listener as (word: Word | PageSignal) => void;
        return onPage(listener);
      },
      createSession: (...given) => createSharing(air, createSession, ...given),
    };
  };
