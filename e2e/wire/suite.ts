/** What every test of bad input runs with: a server of its own, two witnesses, and a look at the log behind it all. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { MARK } from './fixture.js';
import type { ServerConfig } from './fixture.js';
import { secrets } from './peer.js';
import { WireServer } from './server.js';
import { Witness } from './witness.js';

interface Line {
  level: number;
  delta?: string;
  field?: string;
  address?: string;
}

export interface Suite {
  readonly server: WireServer;
  readonly port: number;
  readonly witness: Witness;
  /** Lines of the log since the test began. */
  readonly lines: Line[];
  /** Lines of refusals since the test began, once there are at least so many. */
  refusals(code: string, atLeast?: number): Promise<Line[]>;
}

/**
 * Serves for the tests of the calling `describe`. After each of them the
 * witnesses must have gone on without a loss; the last one reads the log.
 */
export function withServer(config: ServerConfig = {}, kind: 'sse' | 'send' = 'sse'): Suite {
  let server: WireServer;
  let witness: Witness;
  let from = 0;

  beforeAll(async () => {
    server = await WireServer.start(config);
    witness = await Witness.open(server.port, kind);
  });
  afterEach(async () => {
    await witness.check();
    from = server.lines.length;
  });
  afterAll(async () => {
    witness?.close();
    await server?.stop();
  });

  // What an event says is its payload; tests ask for it beside its name.
  const parsed = (): Line[] =>
    server.lines.slice(from).map((line) => {
      const { payload, ...event } = JSON.parse(line) as Line & { payload?: object };
      return { ...event, ...payload };
    });
  return {
    get server() {
      return server;
    },
    get port() {
      return server.port;
    },
    get witness() {
      return witness;
    },
    get lines() {
      return parsed();
    },
    async refusals(code, atLeast = 1) {
      const matching = (): Line[] => parsed().filter(({ delta }) => delta === code);
      // Lines come through a pipe; the answer to a question comes behind the lines that were written before it.
      await server.settles(() => matching().length >= atLeast, 3_000);
      return matching();
    },
  };
}

/** To be called last in a `describe`: what all its attacks left in the log. */
export function keepsItsLogClean(suite: Suite): void {
  it('S47 writes one line of JSON for each event, without a trace of input, tokens, keys or session ids', async () => {
    await suite.server.stats();
    const { lines, complaints } = suite.server;
    for (const line of lines) {
      expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/);
      expect(line.length).toBeLessThan(4_096);
      expect(JSON.parse(line)).toMatchObject({
        level: expect.any(Number) as number,
        delta: expect.any(String) as string,
      });
    }
    const all = lines.join('\n');
    expect(lines.filter((line) => line.includes(MARK))).toEqual([]);
    expect([...secrets].filter((secret) => all.includes(secret))).toEqual([]);
    expect(complaints).toEqual([]);
    expect(suite.server.lives).toBe(true);
  });
}
