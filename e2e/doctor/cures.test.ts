// The advice of `iskra doctor`, followed to the letter: nginx, HAProxy and Apache with something wrong, the lines that the doctor
// prints, and the doctor again.

import { createRealtime } from '@iskra/server';
import { serve } from '@iskra/server/node';
import type { Serving } from '@iskra/server/node';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { endAll } from '../programs.js';
import { codes, diagnose } from './examination.js';
import { listenFlaky } from './flaky.js';
import { KINDS, Proxy } from './proxies.js';
import type { ProxyName } from './proxies.js';
import { WRONGS } from './wrongs.js';
import type { Targets, Wrong } from './wrongs.js';

/** So many examinations at a time: each has deadlines of its own, which a crowd would miss. */
const AT_ONCE = 3;
const PATIENCE = 300_000;

const cases = Object.entries(WRONGS).flatMap(([name, list]) =>
  list.map((wrong): [ProxyName, string, Wrong] => [name as ProxyName, wrong.what, wrong]),
);

describe('the lines of the advice', { concurrent: true, timeout: PATIENCE }, () => {
  const servers: Serving[] = [];
  let flaky: Awaited<ReturnType<typeof listenFlaky>>;
  let targets: Targets;
  const inTurn = lanes(AT_ONCE);

  beforeAll(async () => {
    for (let node = 0; node < 2; node++) {
      servers.push(await serve(createRealtime({ logger: false }), { port: 0, hostname: '127.0.0.1' }));
    }
    const [node = 0, other = 0] = servers.map(({ port }) => port);
    flaky = await listenFlaky(node);
    targets = {
      node: `127.0.0.1:${node}`,
      other: `127.0.0.1:${other}`,
      flaky: `127.0.0.1:${flaky.port}`,
    };
  });
  afterAll(async () => {
    await endAll();
    flaky.close();
    await Promise.all(servers.map((server) => server.close()));
  });

  /** As they are printed, with this server's addresses in the place of the guide's. */
  const here = (lines: string): string =>
    lines
      .replaceAll(/127\.0\.0\.1:8000|10\.0\.0\.1:8000/g, targets.node)
      .replaceAll('10.0.0.2:8000', targets.other);

  it.for(cases)('cure %s when it %s', ([name, , { spoil, finds }], { expect }) =>
    inTurn(async () => {
      const proxy = new Proxy(name, spoil(KINDS[name].good(targets.node), targets));
      try {
        await proxy.start();
        let report = await diagnose(proxy.url);
        expect(codes(report).sort(), JSON.stringify(report.checks)).toEqual([...finds].sort());
        const followed = new Set<string>();
        for (const code of finds) {
          const lines = report.findings.find((finding) => finding.code === code)?.lines?.[name];
          // Two findings may have the same lines; then both are gone.
          if (lines === undefined || followed.has(lines)) continue;
          followed.add(lines);
          proxy.follow(here(lines));
          await proxy.start();
          report = await diagnose(proxy.url);
          expect(codes(report), `after the lines of ${code}`).not.toContain(code);
        }
        expect(report, 'in the end').toMatchObject({ findings: [], state: 'clear', exitCode: 0 });
      } finally {
        await proxy.stop();
      }
    }),
  );
});

/** Lets so many work at a time. */
function lanes(count: number): (work: () => Promise<void>) => Promise<void> {
  const waiting: (() => void)[] = [];
  let free = count;
  return async (work) => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free++;
      else next();
    }
  };
}
