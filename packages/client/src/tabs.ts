/**
 * The entry ./tabs: one session, and one connection, for all tabs of a page. Who leads is decided by Web Locks, and tabs
 * speak with each other over a BroadcastChannel; what they say is decided in `tabs/sharing.ts`.
 */
import type { Tabs } from './connect.js';
import { createSession } from './session.js';
import type { PageSignal } from './environment.js';
import { RELEASE } from './release.js';
import type { Air, Word } from './tabs/messages.js';
import { createSharing } from './tabs/sharing.js';

export type { Tabs };

/** How tabs find and hear each other. */
export interface Medium {
  navigator: { locks?: Pick<LockManager, 'request'> };
  BroadcastChannel?: new (name: string) => Pick<BroadcastChannel, 'onmessage' | 'postMessage' | 'close'>;
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
    page: Medium | null | undefined = globalThis.document?.defaultView,
  ): Tabs =>
  (url, { onPage }) => {
    const locks = page?.navigator.locks;
    const Radio = page?.BroadcastChannel;
    if (!locks || !Radio) return { onPage, createSession };
    /**
     * Names the lock of who leads; with a tab's id behind it, that of the tab. What tabs say are calls of the client's own
     * methods: who has another release, as after a deploy, has other ones.
     */
    const group = `iskra ${RELEASE} ${url} ${name} `;
    let here: AbortController | undefined;
    let radio: InstanceType<typeof Radio> | undefined;
    let hear: (word: Word) => void;

    /** Where locks are refused, as in a sandbox, the page is alone. */
    const ask = (lock: string, then: () => unknown): void => {
      const { signal } = here!;
      locks.request(lock, { signal }, then).catch(() => signal.aborted || then());
    };

    const air: Air = {
      join(me) {
        if (here) return;
        const { signal } = (here = new AbortController());
        const left = new Promise((leave) => (signal.onabort = leave));
        ask(group + me, () => {
          radio = new Radio(group);
          radio.onmessage = ({ data }) => hear(data as Word);
          // Whoever leads tells it everything, and then hears what it has.
          air.post(['said', me]);
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
        here?.abort();
        here = undefined;
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
      createSession: (...given) => createSharing(air, ...given),
    };
  };
