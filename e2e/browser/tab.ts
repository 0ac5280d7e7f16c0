/**
 * A tab of Chromium that nobody but its browser takes care of: it is hidden when another one is in front, is frozen, and is
 * kept in the back/forward cache. Playwright's own pages are always seen, and never kept.
 */
import { chromium } from 'playwright-core';
import type { Browser, CDPSession } from 'playwright-core';
import { CHROMIUM } from './browsers.js';
import type { InPage } from './in-page.js';
import type { Participant } from './participant.js';
import type { Place } from './places.js';
import { remote } from './remote.js';

export interface Tab extends Place {
  /** Another tab comes in front of it. */
  hide(): Promise<void>;
  show(): Promise<void>;
  /** As browsers do with a tab that was hidden for long. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  /** To another page, and back from it by the history. */
  leave(): Promise<void>;
  comeBack(): Promise<void>;
  /** Why the page was not kept, of all that were not. */
  readonly notKept: string[];
  setOffline(offline: boolean): Promise<void>;
  /** What this expression is in the page. */
  evaluate(expression: string): Promise<unknown>;
}

/** One page, by the protocol of its developer tools. */
interface Target {
  send(method: string, params?: object): Promise<unknown>;
  on(method: string, listener: (params: never) => void): void;
}

export function inTab(): Tab {
  let browser: Browser | undefined;
  let root: CDPSession;
  let target: Target;
  let cover: Target | undefined;
  const notKept: string[] = [];

  const evaluate = async (expression: string): Promise<unknown> => {
    const given = { expression, returnByValue: true, awaitPromise: true };
    const { result, exceptionDetails } = (await target.send('Runtime.evaluate', given)) as {
      result: { value?: unknown };
      exceptionDetails?: { exception?: { description?: string } };
    };
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? expression);
    return result.value;
  };
  /** A context that goes with its page answers nothing, or with an error: then it is not so yet. */
  const until = async (expression: string): Promise<void> => {
    while ((await evaluate(expression).catch(() => false)) !== true)
      await new Promise((resolve) => setTimeout(resolve, 20));
  };

  return {
    name: 'a tab of Chromium',
    complaints: [],
    notKept,
    evaluate,
    async start() {
      browser = await chromium.launch({
        ...CHROMIUM,
        ignoreDefaultArgs: ['--disable-back-forward-cache', '--disable-background-timer-throttling'],
      });
      root = await browser.newBrowserCDPSession();
    },
    async visit(origin) {
      target = await openTarget(root, origin);
      await target.send('Page.enable');
      target.on('Page.backForwardCacheNotUsed', (why: never) => void notKept.push(JSON.stringify(why)));
      await until(`typeof iskraInPage === 'object'`);
    },
    async open(options) {
      const number = (await evaluate(`iskraInPage.open(${JSON.stringify(options)})`)) as number;
      return remote<Participant>((method: string, given: Parameters<InPage['call']>[2]) =>
        evaluate(`iskraInPage.call(${number}, ${JSON.stringify(method)}, ${JSON.stringify(given)})`),
      );
    },
    async hide() {
      cover ??= await openTarget(root, 'about:blank');
      await cover.send('Page.bringToFront');
      await until(`document.visibilityState === 'hidden'`);
    },
    async show() {
      await target.send('Page.bringToFront');
      await until(`document.visibilityState === 'visible'`);
    },
    async freeze() {
      await target.send('Page.setWebLifecycleState', { state: 'frozen' });
    },
    async thaw() {
      await target.send('Page.setWebLifecycleState', { state: 'active' });
    },
    async leave() {
      await target.send('Page.navigate', {
        url: `${(await evaluate('location.origin')) as string}/elsewhere`,
      });
      await until(`document.title === 'Elsewhere'`);
    },
    async comeBack() {
      await evaluate('history.back()');
      await until(`document.title === 'Iskra'`);
    },
    async setOffline(offline) {
      const unlimited = { latency: 0, downloadThroughput: -1, uploadThroughput: -1 };
      await target.send('Network.emulateNetworkConditions', { offline, ...unlimited });
    },
    async stop() {
      await browser?.close();
    },
  };
}

/** A new tab, in front. */
async function openTarget(root: CDPSession, url: string): Promise<Target> {
  const { targetId } = await root.send('Target.createTarget', { url });
  // A session inside the session: the outer one is all that Playwright gives of a page that is not its own.
  const { sessionId } = await root.send('Target.attachToTarget', { targetId, flatten: false });
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  const listeners = new Map<string, (params: never) => void>();
  let calls = 0;
  root.on('Target.receivedMessageFromTarget', ({ sessionId: from, message }) => {
    if (from !== sessionId) return;
    const said = JSON.parse(message) as {
      id?: number;
      error?: { message: string };
      result?: unknown;
      method?: string;
      params?: never;
    };
    if (said.method !== undefined) {
      listeners.get(said.method)?.(said.params!);
      return;
    }
    const one = waiting.get(said.id!);
    waiting.delete(said.id!);
    if (said.error) one?.reject(new Error(said.error.message));
    else one?.resolve(said.result);
  });
  return {
    on: (method, listener) => void listeners.set(method, listener),
    send(method, params = {}) {
      const id = ++calls;
      const answer = new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
      const message = JSON.stringify({ id, method, params });
      return root.send('Target.sendMessageToTarget', { sessionId, message }).then(() => answer);
    },
  };
}
