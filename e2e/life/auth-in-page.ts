/** The script of a page that only gets credentials. */
import { sharedAuth } from '@iskra/client/auth';

const auth = sharedAuth(async () => {
  const answer = await fetch('/token', { method: 'POST' });
  if (!answer.ok) throw new Error(`no token: ${answer.status}`);
  return answer.text();
});

const inPage = {
  asked: undefined as Promise<string> | undefined,
  ask(): void {
    inPage.asked = auth();
  },
  /** How many tabs have the lock or wait for it. */
  async tabs(): Promise<number> {
    const { held = [], pending = [] } = await navigator.locks.query();
    return held.length + pending.length;
  },
};

export type InPage = typeof inPage;

Object.assign(globalThis, { inPage });
