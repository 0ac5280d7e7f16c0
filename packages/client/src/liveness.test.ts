import { describe, expect, test } from 'vitest';
import { createAttempt } from './attempt.js';
import { createBehind } from './behind.js';
import { createLiveness } from './liveness.js';
import type { TransportName } from './transports/transport.js';

const HEARTBEAT = 20_000;

/** A connection that carries its session, welcomed and proven at 1 s, and what became of asking it. */
function scene(transport: TransportName, roundTrip = 0) {
  const one = createAttempt(1, { transport, server: 'primary', rank: 0 }, 'race', 1_000);
  let now = 1_000;
  let committed = 0;
  const did: string[] = [];
  const liveness = createLiveness(
    () => one,
    () => roundTrip,
    {
      get committed() {
        return committed;
      },
    },
    createBehind(),
    (_, wait) => void did.push(`poll ${wait}`),
    () => void did.push('replace'),
  );
  one.welcomeAt = one.provenAt = now;
  one.pollAt = Infinity;
  liveness.heard(one, now);
  liveness.welcomed(one, HEARTBEAT, now);
  const self = {
    one,
    liveness,
    did,
    get now() {
      return now;
    },
    set committed(number: number) {
      committed = number;
    },
    hear: () => liveness.heard(one, now),
    pong(moment: number, aside = false) {
      if (!aside) liveness.heard(one, now);
      liveness.echoed(one, moment, aside, now);
    },
    /** A message every so many ms, so often. */
    chat(times: number, every: number) {
      for (let n = 0; n < times; n++) {
        self.pass(every);
        liveness.heard(one, now);
        one.entryAt = now;
      }
      return self;
    },
    /** Lets time pass, and wakes at each moment that liveness asks for. The answer: when it was dead. */
    pass(ms: number): number | undefined {
      const end = now + ms;
      for (;;) {
        const next = Math.min(one.dueAt, liveness.askAt(one));
        if (next > end) break;
        now = Math.max(now, next);
        const dead = liveness.isDead(one, now);
        did.push(...one.controls.splice(0).map((frame) => String((JSON.parse(frame) as unknown[])[0])));
        if (dead) return now;
      }
      now = end;
      return undefined;
    },
  };
  return self;
}

/** One that answers pings beside it on its stream. */
function echoing() {
  const s = scene('sse');
  s.pong(1_000, true);
  s.pong(1_000);
  // Nothing is held against it.
  s.one.behind = 0;
  return s;
}

describe('a connection is asked whether it lives (P56)', () => {
  type Kind = 'websocket' | 'sse' | 'sse that echoes' | 'long-poll' | 'polling';
  type State = 'quiet' | 'busy' | 'unacknowledged' | 'asked' | 'unproven';
  const make = (kind: Kind) => (kind === 'sse that echoes' ? echoing() : scene(kind));
  const enter: Record<State, (s: ReturnType<typeof scene>) => unknown> = {
    quiet: () => {},
    busy: (s) => s.chat(40, 50),
    unacknowledged: (s) => (s.one.sentUpTo = 1),
    asked: (s) => (s.one.asked = s.now),
    unproven: (s) => delete s.one.provenAt,
  };
  const never = Infinity;
  /** After how much silence. */
  const table: Record<Kind, Record<State, number>> = {
    websocket: { quiet: 10_000, busy: 2_000, unacknowledged: 2_000, asked: never, unproven: never },
    // Each ask is a connection: not for being quiet before it is dead.
    sse: { quiet: 40_000, busy: 2_000, unacknowledged: 40_000, asked: never, unproven: never },
    'sse that echoes': { quiet: 10_000, busy: 2_000, unacknowledged: 10_000, asked: never, unproven: never },
    'long-poll': { quiet: 40_000, busy: 2_000, unacknowledged: 40_000, asked: never, unproven: never },
    polling: { quiet: never, busy: never, unacknowledged: never, asked: never, unproven: never },
  };
  for (const [kind, row] of Object.entries(table) as [Kind, Record<State, number>][]) {
    for (const [state, after] of Object.entries(row) as [State, number][]) {
      test(`${kind}, ${state}: after ${after} ms`, () => {
        const s = make(kind);
        enter[state](s);
        expect(s.liveness.askAt(s.one) - s.now).toBe(after);
      });
    }
  }

  test('and never one that does not carry the session', () => {
    const s = scene('websocket');
    const other = { ...s.one };
    expect(s.liveness.askAt(other)).toBe(Infinity);
  });

  test('a burst after a long silence counts as busy soon', () => {
    const s = scene('websocket').chat(15, 50);
    expect(s.liveness.askAt(s.one) - s.now).toBe(2_000);
  });

  /** What is done when it stays silent after it was busy, and after how long it is dead. */
  const fates: Record<Kind, [did: string[], deadAfter: number | undefined]> = {
    websocket: [['ping'], 3_500],
    sse: [['replace', 'replace', 'replace'], 8_000],
    'sse that echoes': [['ping', 'replace', 'replace'], 8_000],
    'long-poll': [['poll 0'], 3_500],
    polling: [[], undefined],
  };
  test.each(Object.entries(fates) as [Kind, (typeof fates)[Kind]][])(
    '%s: busy, then silent',
    (kind, [did, dead]) => {
      const s = make(kind).chat(40, 50);
      s.did.length = 0;
      const from = s.now;
      const died = s.pass(10_000);
      expect([s.did, died && died - from]).toEqual([did, dead]);
    },
  );

  test('what has answered is not dead', () => {
    const s = echoing().chat(40, 50);
    s.pass(2_000);
    s.pong(s.now, true);
    s.pong(s.now);
    s.pass(3_900);
    expect(s.did).toEqual(['ping']);
  });

  test('what only pushes something else out has not answered yet', () => {
    const s = echoing().chat(40, 50);
    s.pass(2_000);
    s.pong(s.now, true);
    s.hear();
    s.pass(1_500);
    expect(s.did).toEqual(['ping', 'replace']);
  });

  test('with as much patience as the line is slow', () => {
    const s = scene('websocket', 700).chat(40, 50);
    const from = s.now;
    expect(s.pass(10_000)! - from).toBe(2_000 + 6 * 700);
  });

  test('beside it no more where another node has answered twice, and not for a POST that was stuck', () => {
    for (const isStuck of [true, false]) {
      const s = echoing();
      for (let times = 0; times < 2; times++) {
        s.chat(40, 50).pass(2_000);
        s.pass(10);
        if (!isStuck) s.pong(s.now, true);
        s.pass(1_500);
        // Its successor.
        s.one.asked = 0;
        s.one.echoes = true;
        s.hear();
      }
      s.did.length = 0;
      s.chat(40, 50).pass(2_000);
      expect(s.did).toEqual([isStuck ? 'ping' : 'replace']);
    }
  });
});

describe('a stream that stays one behind (P58)', () => {
  /**
   * A stream with an entry now and then, and a pong that comes so long after the answer to its POST; `pushes`: the
   * answer pushes out an entry that was kept. How it ended, and how often it was asked.
   */
  const watch = (entries: number[], late: (n: number) => number, pushes: boolean) => {
    const s = scene('sse');
    let pings = 1;
    const answer = (moment: number, n: number): number | undefined => {
      const lag = late(n);
      if (lag < 0) s.pong(moment);
      if (pushes) {
        s.hear();
        s.one.entryAt = s.now;
      }
      s.pong(moment, true);
      const died = s.pass(Math.max(0, lag));
      if (lag >= 0) s.pong(moment);
      return died;
    };
    s.pass(5);
    answer(1_000, 0);
    for (let n = 1; n < 60; n++) {
      s.pass(entries[n % entries.length]!);
      s.hear();
      s.one.entryAt = s.now;
      if (s.one.dueAt <= s.now) return { died: true, pings };
      s.did.length = 0;
      if (s.pass(110) !== undefined) return { died: true, pings };
      if (!s.did.includes('ping')) continue;
      pings++;
      answer(s.now - 10, n);
      if (s.one.dueAt <= s.now) return { died: true, pings };
    }
    return { died: false, pings };
  };

  test('is left after a few answers that came late and pushed out what was kept', () => {
    expect(watch([150], () => 170, true)).toEqual({ died: true, pings: 3 });
  });

  test('is none where answers come in time, and is not asked on', () => {
    expect(watch([150], () => 1, false)).toEqual({ died: false, pings: 3 });
  });

  test('is none where the stream brings them before the POST is answered', () => {
    expect(watch([150], () => -1, false)).toEqual({ died: false, pings: 1 });
  });

  test('is none on a line that is late now and then', () => {
    expect(watch([150], (n) => (n % 3 === 1 ? 300 : 1), true).died).toBe(false);
  });

  test('is none where a box gathers for a while and then brings all', () => {
    expect(watch([150], () => 200, false).died).toBe(false);
  });

  test('is not asked while nobody speaks', () => {
    const s = scene('sse');
    s.pong(1_000, true);
    s.pong(1_000);
    s.pass(9_000);
    expect(s.did).toEqual([]);
  });
});
