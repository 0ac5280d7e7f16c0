/** The two real browsers. */
import { chromium, firefox } from 'playwright-core';
import type { Browser } from 'playwright-core';

export const CHROMIUM = {
  executablePath: '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
};

export const BROWSERS = {
  Chromium: () => chromium.launch(CHROMIUM),
  Firefox: () => firefox.launch({ channel: 'moz-firefox', executablePath: '/usr/bin/firefox-esr' }),
} satisfies Record<string, () => Promise<Browser>>;

export type BrowserName = keyof typeof BROWSERS;
