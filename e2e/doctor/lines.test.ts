// Every line of the doctor's advice is read by the program for which it is, also those whose effect `cures.test.ts` does not show.

import { ADVICE } from '@iskra/client/doctor';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeCertificates } from './certificates.js';
import type { Certificates } from './certificates.js';
import { readLines } from './lines.js';
import { KINDS, Proxy } from './proxies.js';
import type { ProxyName } from './proxies.js';

let certificates: Certificates;
beforeAll(() => {
  certificates = makeCertificates('IP:127.0.0.1');
});
afterAll(() => certificates.remove());

const here = (lines: string): string =>
  lines
    .replaceAll('/etc/ssl/fullchain.pem', certificates.chain)
    .replaceAll('/etc/ssl/private.pem', certificates.key)
    .replaceAll('/etc/haproxy/fullchain-and-key.pem', certificates.both);

const target = '127.0.0.1:8000';
const advice = Object.entries(ADVICE).flatMap(([code, { lines }]) =>
  lines === undefined ? [] : [{ code, lines }],
);

describe.each(Object.keys(KINDS) as ProxyName[])('%s', (name) => {
  const told = advice
    .map(({ code, lines }) => ({ code, text: lines[name] }))
    .filter(({ text }) => readLines(text).statements.length > 0);

  it.each(told)('reads the lines of $code', async ({ text }) => {
    const proxy = new Proxy(name, KINDS[name].good(target));
    try {
      proxy.follow(here(text));
      const { code, said } = await proxy.check();
      expect({ code, said }).toMatchObject({
        code: 0,
        said: expect.not.stringMatching(/warn|error/i) as string,
      });
    } finally {
      await proxy.stop();
    }
  });

  it('does not read what is misspelt', async () => {
    const proxy = new Proxy(name, KINDS[name].good(target));
    proxy.follow('proxi_bufering off;');
    expect((await proxy.check()).code).not.toBe(0);
    await proxy.stop();
  });
});
