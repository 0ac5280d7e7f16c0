/**
 * The entry ./tabs: one session, and one connection, for all tabs of a page. Who leads is decided by Web Locks, and tabs
 * speak with each other over a BroadcastChannel; what they say is decided in `tabs/sharing.ts`.
 */
import type { Tabs } from './connect.js';
import { createSession } from './session.js';
import type { PageSignal } from './environment.js';
import type { TabsEffect, Word } from './tabs/messages.js';
import { createSharing } from './tabs/sharing.js';

export type { Tabs };

/** How tabs find and hear each other. */
export interface Medium {
  locks?: Pick<LockManager, 'request'> | undefined;
  Radio?: (new (name: string) => Pick<BroadcastChannel, 'onmessage' | 'postMessage' | 'close'>) | undefined;
}

/** Other runtimes may have both, and no tabs. */
const browser = (): Medium =>
  'document' in globalThis ? { locks: navigator.locks, Radio: globalThis.BroadcastChannel } : {};

/**
 * For the option `tabs` of `connect`: tabs of one origin that connect to the same url and give the same name share a
 * session. Whoever has other credentials needs another name: the id of the user, as a rule. Where a runtime has no Web
 * Locks or no BroadcastChannel (Node, pages without TLS), each has a session of its own.
 */
export const shareTabs =
  (name: string, { locks, Radio }: Medium = browser()): Tabs =>
  (url, { onPage }) => {
    if (!locks || !Radio) return { onPage, createSession };
    /** Names the lock of who leads; with a tab's id behind it, that of the tab. */
    const group = `iskra 1 ${url} ${name} `;
    let here = new AbortController();
    let radio: InstanceType<typeof Radio> | undefined;
    let hear: (word: Word) => void = () => {};

    /** Holds a lock until the tab leaves. Where locks are refused, as in a sandbox, the page is alone. */
    const hold = (lock: string, then: () => unknown): void => {
      const { signal } = here;
      const ask = locks.request(lock, { signal }, () => {
        then();
        return new Promise((resolve) => signal.addEventListener('abort', resolve));
      });
      ask.catch(() => signal.aborted || then());
    };

    const perform: { [Name in TabsEffect[0]]: (given: never) => void } = {
      join(me: string) {
        here = new AbortController();
        hold(group + me, () => {
          radio = new Radio(group);
          radio.onmessage = ({ data }) => hear(data as Word);
          hear({ joined: true });
          hold(group, () => {
            // It comes to this tab as well, behind all that was said before.
            const voice = new Radio(group);
            voice.postMessage({ begins: me } satisfies Word);
            voice.close();
          });
        });
      },
      part() {
        here.abort();
        radio?.close();
        radio = undefined;
      },
      post: (message) => radio?.postMessage(message),
      watch(tab: string) {
        const { signal } = here;
        locks.request(group + tab, { signal }, () => hear({ gone: tab })).catch(() => {});
      },
    };

    return {
      onPage(listener) {
        hear = listener as (word: Word | PageSignal) => void;
        return onPage(listener);
      },
      createSession(...given) {
        const session = createSharing(...given, createSession);
        const { handle } = session;
        session.handle = (event, now) =>
          handle(event, now).filter(([name, value]) => {
            const own = perform[name as TabsEffect[0]] as ((given: unknown) => void) | undefined;
            own?.(value);
            return !own;
          });
        return session;
      },
    };
  };
