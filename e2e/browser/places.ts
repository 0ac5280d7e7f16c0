/** Where a client can run: in this process, or in a page of a real browser. */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { WebSocket } from 'ws';
import { BROWSERS } from './browsers.js';
import type { BrowserName } from './browsers.js';
import type { InPage } from './in-page.js';
import { Participant } from './participant.js';
import type { ParticipantOptions } from './participant.js';
import { remote } from './remote.js';
import type { Remote } from './remote.js';

export interface Place {
  readonly name: string;
  start(): Promise<void>;
  /** A fresh page of the test server; nothing where there are no pages. */
  visit(origin: string): Promise<void>;
  open(options: ParticipantOptions): Promise<Remote<Participant>>;
  /** What went wrong in the page beside what the tests look at. */
  readonly complaints: string[];
  stop(): Promise<void>;
}

export function inNode(): Place {
  return {
    name: 'Node',
    complaints: [],
    start: async () => {},
    visit: async () => {},
    stop: async () => {},
    async open(options) {
      const participant = new Participant(options, (globalThis.WebSocket ?? WebSocket) as never);
      return remote<Participant>(async (method, given) => {
        const answer: unknown = await (
          participant as unknown as Record<string, (...given: unknown[]) => unknown>
        )[method]!(...given);
        // As from a page: a copy of now, not a view of what follows.
        return answer === undefined ? undefined : structuredClone(answer);
      });
    },
  };
}

declare const iskraInPage: InPage;

export function inBrowser(name: BrowserName): Place & { readonly page: Page } {
  let browser: Browser | undefined;
  let context: BrowserContext | undefined;
  let page: Page;
  const complaints: string[] = [];
  return {
    name,
    complaints,
    get page() {
      return page;
    },
    async start() {
      browser = await BROWSERS[name]();
    },
    async visit(origin) {
      await context?.close();
      context = await browser!.newContext();
      page = await context.newPage();
      page.on('pageerror', (error) => {
        // Firefox counts a WebSocket that fails among the errors of the page.
        if (!String(error).includes('/realtime/ws')) complaints.push(String(error));
      });
      await page.goto(origin);
    },
    async open(options) {
      const number = await page.evaluate((given) => iskraInPage.open(given), options);
      return remote<Participant>((method, given) =>
        page.evaluate(([participant, what, values]) => iskraInPage.call(participant, what, values), [
          number,
          method,
          given,
        ] as const as unknown as [number, string, unknown[]]),
      );
    },
    async stop() {
      await browser?.close();
    },
  };
}
