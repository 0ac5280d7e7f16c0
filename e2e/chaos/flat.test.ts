/** What a server holds when ten thousand connections of each kind have come and died. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startChild } from '../transports/child.js';
import type { Child } from '../transports/child.js';
import { knock, newSession, TRANSPORTS } from './knock.js';
import type { Transport } from './knock.js';
import type { FlatVerbs, Held } from './serve-flat.js';

const CYCLES = 10_000;
const AT_ONCE = 48;
/** Cycles before the first look: code is compiled, tables have their size. */
const WARM = 1_500;
/** Sessions that are resumed again and again, in every other cycle; the rest is new. */
const OLD = 100;
/** Bytes of heap that may be there beside what was: compiled code still grows, and more than 200 for each cycle are a leak. */
const HEAP = 200 * CYCLES;
/** Until what is freed is free, ms: a session lives for 1.5 s, and the server looks every 5 s. */
const PATIENCE = 60_000;

let server: Child<FlatVerbs>;
let port: number;

beforeAll(async () => {
  server = await startChild<FlatVerbs>('chaos/serve-flat', {}, ['--expose-gc']);
  port = await server.does.port();
});
afterAll(() => server?.kill());

async function cycles(transport: Transport, count: number): Promise<void> {
  const old = Array.from({ length: OLD }, newSession);
  let begun = 0;
  const worker = async (): Promise<void> => {
    while (begun < count) {
      const again = begun++ % 2 === 0;
      // Nobody else has it meanwhile: a session is killed before it is resumed.
      const session = again ? old.shift()! : newSession();
      await knock(port, transport, session);
      if (again) old.push(session);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/** Looks until it is so, or time is over. */
async function lookUntil(isSo: (held: Held) => boolean): Promise<Held> {
  const until = performance.now() + PATIENCE;
  for (;;) {
    const held = await server.does.held();
    if (isSo(held) || performance.now() > until) return held;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

it.each(TRANSPORTS)(
  `a server forgets ${CYCLES} connections over %s that were killed: heap, handles and timers are as before`,
  async (transport) => {
    await cycles(transport, WARM);
    const before = await lookUntil(({ connections, members }) => connections + members === 0);
    await cycles(transport, CYCLES);
    const most = before.heap + HEAP;
    const after = await lookUntil(
      ({ heap, connections, members }) => connections + members === 0 && heap < most,
    );
    expect(after).toMatchObject({ connections: 0, members: 0, resources: before.resources });
    expect(after.heap).toBeLessThan(most);
  },
  180_000,
);
