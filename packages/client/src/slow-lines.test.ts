/** The first visit over a healthy line, on virtual time: however slow it is, there is a WebSocket and nothing before it. */
import { expect, test } from 'vitest';
import { dialogue } from './testing.js';
import type { Dialogue } from './testing.js';

/** Round trips until a transport is open: its connection, TLS, its own handshake. */
interface Line {
  websocket: number;
  http: number;
}
const LINES: Record<string, Line> = {
  'a box that opens connections itself': { websocket: 1, http: 1 },
  'no TLS': { websocket: 2, http: 2 },
  TLS: { websocket: 3, http: 3 },
  'TLS, and a connection that the page has already': { websocket: 3, http: 1 },
};
const MARKER = 150;

/** What the box on the way does to a WebSocket, if anything. */
type Fault = 'swallowed' | 'silent';

/** Plays the server at the end of a line until `until`; `trip`: how long the next round trip takes, ms. */
function play(d: Dialogue, line: Line, trip: () => number, until: number, fault?: Fault): void {
  const met = new Set<number>();
  const after = (ms: number, attempt: number, what: () => void): void => {
    d.clock.at(d.clock.now() + ms, () => {
      if (!d.closed.includes(attempt)) what();
    });
  };
  const trips = (count: number): number =>
    Array.from({ length: count }, trip).reduce((sum, ms) => sum + ms, 0);
  const welcome = (attempt: number, isProbe: boolean): void => {
    d.hear(attempt, d.welcome(isProbe ? { generation: 0 } : {}));
    after(MARKER, attempt, () => d.hear(attempt, ['ping', 1]));
  };
  const meet = (): void => {
    for (const { attempt, transport } of d.opened) {
      if (met.has(attempt)) continue;
      met.add(attempt);
      if (transport !== 'websocket') {
        after(trips(line.http), attempt, () => {
          d.open(attempt);
          welcome(attempt, false);
        });
      } else if (fault !== 'swallowed') {
        after(trips(line.websocket), attempt, () => {
          d.open(attempt);
          const hello = d.sent.find((one) => one.attempt === attempt)?.message[0]?.[1];
          if (fault !== 'silent')
            after(trip(), attempt, () => welcome(attempt, (hello as { probe?: boolean }).probe === true));
        });
      }
    }
  };
  for (d.start(); d.clock.now() < until;) {
    meet();
    const next = Math.min(until, ...d.clock.waiting);
    d.advance(next - d.clock.now());
  }
}

/** What the application of such a client sees: transports in their order, and when what came first, ms. */
function visit(line: Line, trip: () => number, fault?: Fault) {
  const d = dialogue();
  const began = d.clock.now();
  const first = { message: Infinity, connected: Infinity };
  const { hear } = d;
  d.hear = (...values) => {
    first.message = Math.min(first.message, d.clock.now() - began);
    hear(...values);
  };
  const moments: string[] = [];
  const { advance } = d;
  d.advance = (ms) => {
    advance(ms);
    const { state, transport } = d.status();
    if (state === 'connected') {
      first.connected = Math.min(first.connected, d.clock.now() - began);
      if (transport && moments.at(-1) !== transport) moments.push(transport);
    }
  };
  play(d, line, trip, began + 8_000, fault);
  return {
    ...first,
    moments,
    told: d.told('transport').map(([{ to }]) => to),
    sockets: d.on('websocket').length,
    disconnects: d.told('system').filter(([{ delta }]) => delta === 'connection_lost').length,
  };
}

for (const [name, line] of Object.entries(LINES)) {
  test.each([0, 5, 50, 100, 200, 300, 500, 1_000])(
    `${name}: a round trip of %i ms ends in a WebSocket without a change`,
    (roundTrip) => {
      expect(visit(line, () => roundTrip)).toMatchObject({
        moments: ['websocket'],
        told: ['websocket'],
        sockets: 1,
        disconnects: 0,
      });
    },
  );

  test(`${name}: a third more or less of each round trip of 300 ms changes that for few`, () => {
    let chance = 1;
    const trip = (): number => 200 + (200 * (chance = (chance * 16_807) % 2_147_483_647)) / 2_147_483_647;
    const visits = Array.from({ length: 60 }, () => visit(line, trip));
    expect(visits.filter(({ told }) => told.join() !== 'websocket').length).toBeLessThan(6);
    expect(new Set(visits.map(({ told }) => told.at(-1)))).toEqual(new Set(['websocket']));
  });
}

for (const fault of ['swallowed', 'silent'] as const) {
  test.each([
    [5, 400],
    [100, 1_000],
  ])(
    `a WebSocket that is ${fault} costs a round trip of %i ms no more than %i ms to the first message`,
    (trip, most) => {
      for (const line of Object.values(LINES)) {
        const { message, told } = visit(line, () => trip, fault);
        expect(message).toBeLessThanOrEqual(most);
        expect(told).toEqual(['sse']);
      }
    },
  );

  test(`a WebSocket that is ${fault} is not waited for where nothing speaks for it`, () => {
    const { message, connected } = visit(LINES['no TLS']!, () => 5, fault);
    expect(connected - message).toBeLessThan(60);
  });
}
