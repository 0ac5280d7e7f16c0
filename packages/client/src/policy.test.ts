import { describe, expect, test } from 'vitest';
import { createAttempt } from './attempt.js';
import type { Attempt, Cause, Rung } from './attempt.js';
import { phaseOf, verdictOf } from './explain.js';
import type { Phase } from './explain.js';
import { createBreaker } from './breaker.js';
import { createPolicy } from './policy.js';
import type { PolicyEvents, PolicyOptions } from './policy-events.js';
import { ALL, ladderOf } from './testing.js';
import type { TransportName } from './transports/transport.js';

interface SceneOptions extends Partial<PolicyOptions> {
  transports?: readonly TransportName[];
  servers?: readonly string[];
}

/** As a transport, of another server than the first with its address: `sse`, `sse at backup`. */
type Name = TransportName | `${TransportName} at ${string}`;

/** A policy, a hand on its clock, and short words for what can happen to an attempt. */
function scene(
  { transports = ALL, servers = ['primary'], ...options }: SceneOptions = {},
  random = (): number => 0.5,
) {
  const ladder = ladderOf(transports, ...servers);
  const nameOf = ({ server, transport }: Pick<Rung, 'server' | 'transport'>): Name =>
    server === servers[0] ? transport : `${transport} at ${server}`;
  const standing = (name: Name) => {
    const held = policy.standings.get(ladder.findIndex((rung) => nameOf(rung) === name));
    return held && { ...held, verdict: verdictOf(held.attempt) };
  };
  let now = 1_000;
  let generation = 0;
  let roundTrip = 0;
  let unsettled = 0;
  const begun: Attempt[] = [];
  const changed: Name[] = [];
  const breaker = createBreaker(20_000, random);
  const policy = createPolicy(
    {
      ladder,
      breaker,
      reconnect: { min: 500, max: 20_000 },
      probe: [15_000, 30_000, 50_000],
      stagger: 250,
      patience: 5_000,
      ...options,
    },
    random,
    () => roundTrip,
    (...effect) => {
      if (effect[0] === 'askCredentials') begun.push(effect[1]);
      if (effect[1] === 'transport') changed.push(nameOf(policy.current!));
    },
    () => unsettled,
  );
  let ready = 0;
  const tell = <Name extends keyof PolicyEvents>(
    name: Name,
    attempt?: number,
    value?: PolicyEvents[Name],
  ): void => {
    const dead = createAttempt(0, ladder[0]!, 'race', 1);
    const one = attempt ? (begun.find((other) => other.attempt === attempt) ?? dead) : undefined;
    policy.tell(now, name, one, value);
    while (ready < begun.length) policy.tell(now, 'ready', begun[ready++]!);
  };
  const self = {
    policy,
    breaker,
    begun,
    tell,
    get now() {
      return now;
    },
    start: () => tell('started'),
    /** What is open, as `transport` or `transport?` for a probe. */
    open: () =>
      begun.filter(({ endedAt }) => !endedAt).map((one) => nameOf(one) + (one.role === 'probe' ? '?' : '')),
    opened: () => begun.map(nameOf),
    changes: () => changed,
    measured: (sample: number) => void (roundTrip = sample),
    /** So many sends are unsettled from now on. */
    occupy: (sends: number) => void (unsettled = sends),
    last: (name: Name) => begun.filter((one) => nameOf(one) === name && !one.endedAt).at(-1)!.attempt,
    verdicts: (name: Name) => begun.filter((one) => nameOf(one) === name).map(verdictOf),
    /** What is held against it, with the verdict. */
    standing,
    handshake: (transport: Name) => tell('opened', self.last(transport)),
    welcome(transport: Name) {
      const attempt = self.last(transport);
      tell('opened', attempt);
      const { role } = begun.find((one) => one.attempt === attempt)!;
      tell('welcomed', attempt, role === 'probe' ? 0 : ++generation);
      return attempt;
    },
    prove(transport: Name) {
      const attempt = self.welcome(transport);
      tell('proven', attempt);
      return attempt;
    },
    /** @param idle since anything was heard, ms. */
    end(transport: Name, { idle = 0, ...cause }: Partial<Cause> & { idle?: number } = {}) {
      const attempt = self.last(transport);
      begun.find((one) => one.attempt === attempt)!.heardAt = now - idle;
      tell('ended', attempt, { status: 0, detail: '', ...cause });
    },
    /** Moves on, waking the policy whenever it wants. */
    pass(ms: number) {
      const until = now + ms;
      for (let steps = 0; policy.deadline <= until; steps++) {
        if (steps > 1_000) throw new Error(`The policy turns in a circle at ${now}.`);
        now = Math.max(now, policy.deadline);
        tell('timePassed');
      }
      now = until;
    },
  };
  return self;
}

/** On SSE, proven, because WebSocket was refused. */
function below() {
  const s = scene();
  s.start();
  s.end('websocket');
  s.prove('sse');
  return s;
}

describe('the truth table', () => {
  type What =
    | 'started'
    | 'opened'
    | 'welcomed'
    | 'proven'
    | 'held'
    | 'ended'
    | 'woke'
    | 'moved'
    | 'renewed'
    | 'stopped'
    | 'a minute passed';
  const reach: Record<Phase, () => ReturnType<typeof scene>> = {
    idle: () => scene({ transports: ['websocket'] }),
    racing: () => {
      const s = scene({ transports: ['websocket'] });
      s.start();
      return s;
    },
    waiting: () => {
      const s = reach.racing();
      s.end('websocket');
      return s;
    },
    young: () => {
      const s = reach.racing();
      s.welcome('websocket');
      return s;
    },
    steady: () => {
      const s = reach.racing();
      s.prove('websocket');
      return s;
    },
  };
  const happen: Record<What, (s: ReturnType<typeof scene>) => void> = {
    started: (s) => s.start(),
    opened: (s) => s.tell('opened', 1),
    welcomed: (s) => s.tell('welcomed', 1, 1),
    proven: (s) => s.tell('proven', 1),
    held: (s) => s.tell('held', 1, Infinity),
    ended: (s) => s.tell('ended', 1, { status: 0, detail: '' }),
    woke: (s) => s.tell('woke'),
    moved: (s) => s.tell('moved', undefined, 0),
    renewed: (s) => s.tell('renewed'),
    stopped: (s) => s.tell('stopped'),
    'a minute passed': (s) => s.pass(60_000),
  };
  const table: Record<Phase, Record<What, Phase>> = {
    // Late words of dead attempts change nothing, wherever they come.
    idle: {
      started: 'racing',
      opened: 'idle',
      welcomed: 'idle',
      proven: 'idle',
      held: 'idle',
      ended: 'idle',
      woke: 'idle',
      moved: 'idle',
      renewed: 'idle',
      stopped: 'idle',
      'a minute passed': 'idle',
    },
    racing: {
      started: 'racing',
      opened: 'racing',
      welcomed: 'young',
      proven: 'racing',
      held: 'racing',
      ended: 'waiting',
      woke: 'racing',
      moved: 'racing',
      renewed: 'waiting',
      stopped: 'idle',
      'a minute passed': 'racing',
    },
    waiting: {
      started: 'waiting',
      opened: 'waiting',
      welcomed: 'waiting',
      proven: 'waiting',
      held: 'waiting',
      ended: 'waiting',
      woke: 'racing',
      moved: 'waiting',
      renewed: 'waiting',
      stopped: 'idle',
      'a minute passed': 'racing',
    },
    young: {
      started: 'young',
      opened: 'young',
      welcomed: 'young',
      proven: 'steady',
      held: 'young',
      ended: 'waiting',
      woke: 'young',
      moved: 'young',
      renewed: 'waiting',
      stopped: 'idle',
      'a minute passed': 'racing',
    },
    steady: {
      started: 'steady',
      opened: 'steady',
      welcomed: 'steady',
      proven: 'steady',
      held: 'steady',
      ended: 'waiting',
      woke: 'steady',
      moved: 'steady',
      renewed: 'waiting',
      stopped: 'idle',
      'a minute passed': 'steady',
    },
  };
  for (const [phase, row] of Object.entries(table) as [Phase, Record<What, Phase>][]) {
    test.each(Object.entries(row) as [What, Phase][])(`${phase}: when %s → %s`, (what, next) => {
      const s = reach[phase]();
      expect(phaseOf(s.policy)).toBe(phase);
      happen[what](s);
      // The longest time is spent waiting or trying, whichever it is at that moment.
      if (what === 'a minute passed' && next === 'racing')
        expect(['racing', 'waiting']).toContain(phaseOf(s.policy));
      else expect(phaseOf(s.policy)).toBe(next);
    });
  }
});

describe('the race', () => {
  test('starts the next transport beside one that is slow, before its time is over', () => {
    const s = scene();
    s.start();
    expect(s.open()).toEqual(['websocket']);
    s.pass(250);
    expect(s.open()).toEqual(['websocket', 'sse']);
    s.pass(500);
    expect(s.open()).toEqual(ALL);
  });

  test('starts the next one at once when one is refused', () => {
    const s = scene();
    s.start();
    s.end('websocket');
    expect(s.open()).toEqual(['sse']);
    s.end('sse');
    expect(s.open()).toEqual(['long-poll']);
  });

  test('gives slow networks more time before it starts beside', () => {
    const s = scene();
    s.measured(400);
    s.start();
    s.pass(1_199);
    expect(s.open()).toEqual(['websocket']);
    s.pass(1);
    expect(s.open()).toEqual(['websocket', 'sse']);
  });

  test('leaves what is worse than the first welcome, and waits for what is better', () => {
    const s = scene();
    s.start();
    s.pass(750);
    s.welcome('sse');
    expect(s.open()).toEqual(['websocket', 'sse']);
  });

  test('lets a WebSocket that opens late look first, and take over only when it is proven (P16, P55)', () => {
    const s = scene();
    s.start();
    s.pass(250);
    s.prove('sse');
    s.handshake('websocket');
    expect(s.open()).toEqual(['websocket?', 'sse']);
    s.prove('websocket');
    expect(s.open()).toEqual(['sse', 'websocket']);
    expect(s.changes()).toEqual(['sse']);
    s.prove('websocket');
    expect(s.open()).toEqual(['websocket']);
    expect(s.changes()).toEqual(['sse', 'websocket']);
  });

  test('attaches where an older welcome was proven late, but not where both came in one piece', () => {
    for (const [apart, attaches] of [
      [150, true],
      [10, false],
    ] as const) {
      const s = scene({ transports: ['sse', 'long-poll'] });
      s.start();
      s.pass(250);
      const late = s.last('sse');
      s.tell('opened', late);
      s.tell('welcomed', s.last('long-poll'), 2);
      s.tell('proven', s.last('long-poll'));
      s.tell('welcomed', late, 1);
      s.pass(apart);
      s.tell('proven', late);
      expect(s.opened().slice(2)).toEqual(attaches ? ['sse'] : []);
    }
  });

  test('does not wait for one that was passed over, when what was taken ends', () => {
    const s = scene({ transports: ['sse', 'long-poll'] });
    s.start();
    s.measured(1_000);
    s.pass(3_000);
    s.prove('long-poll');
    // The stream is held back by something, and came to the server behind the poll, which it took the session from.
    s.end('long-poll', { advice: 'resume', detail: 'superseded' });
    s.pass(500);
    expect(s.opened()).toEqual(['sse', 'long-poll', 'sse']);
    s.pass(3_000);
    s.welcome('long-poll');
    expect(s.policy.newest()?.transport).toBe('long-poll');
  });

  test('judges a silent WebSocket soon after another transport was welcomed', () => {
    const s = scene();
    s.start();
    s.handshake('websocket');
    s.pass(250);
    s.prove('sse');
    s.pass(2_000);
    expect(s.verdicts('websocket')).toEqual(['ws-silent']);
    expect(s.standing('websocket')).toMatchObject({ strikes: 1 });
    expect(s.standing('websocket')?.verdict).toBe('ws-silent');
  });
});

describe('a server that is down', () => {
  test('never counts against a transport (G9)', () => {
    const s = scene();
    s.start();
    for (const transport of ALL) s.end(transport);
    expect(s.policy.standings.size).toBe(0);
    expect(s.begun.map(verdictOf)).toEqual(ALL.map(() => 'server-down'));
    s.pass(250);
    expect(s.open()).toEqual(['websocket']);
    s.prove('websocket');
    expect(s.policy.standings.size).toBe(0);
  });

  test('is what every attempt of a race met, however long that took', () => {
    const s = scene();
    s.start();
    for (const transport of ALL) {
      s.pass(3);
      s.end(transport);
    }
    expect(s.begun.map(verdictOf)).toEqual(ALL.map(() => 'server-down'));
  });

  test('does not leave a strike for the connection that it took down young', () => {
    const s = scene();
    s.start();
    s.prove('websocket');
    s.pass(2_000);
    s.end('websocket');
    s.pass(500);
    for (const transport of ['sse', 'long-poll', 'polling', 'websocket'] as const) s.end(transport);
    expect(s.policy.standings.size).toBe(0);
  });

  test('is asked less and less often, with jitter, up to a limit', () => {
    const s = scene({ transports: ['websocket'] });
    s.start();
    const pauses: number[] = [];
    for (let n = 0; n < 9; n++) {
      s.end('websocket');
      const from = s.now;
      while (phaseOf(s.policy) === 'waiting') s.pass(10);
      pauses.push(s.now - from);
    }
    expect(pauses.slice(0, 4)).toEqual([250, 500, 1_000, 2_000]);
    expect(pauses.at(-1)).toBe(10_000);
  });

  test('resets its backoff only when a connection is proven (P55)', () => {
    const s = scene({ transports: ['websocket'] });
    s.start();
    const pause = () => {
      s.end('websocket');
      const from = s.now;
      while (phaseOf(s.policy) === 'waiting') s.pass(10);
      return s.now - from;
    };
    s.welcome('websocket');
    expect(pause()).toBe(250);
    s.welcome('websocket');
    expect(pause()).toBe(500);
    s.prove('websocket');
    expect(pause()).toBe(250);
  });

  test('is asked at once when the page wakes up', () => {
    const s = scene({ transports: ['websocket'] });
    s.start();
    s.end('websocket');
    s.tell('woke');
    expect(s.open()).toEqual(['websocket']);
  });

  test('that came back without its memory is asked from the best transport again, soon, but once only', () => {
    const s = scene();
    s.start();
    for (let n = 0; n < 24; n++) {
      while (s.open().length === 0) s.pass(1_000);
      s.end(s.open()[0] as TransportName);
    }
    while (s.open().length === 0) s.pass(1_000);
    s.tell('renewed');
    s.pass(250);
    expect(s.open()).toEqual(['websocket']);
    s.tell('renewed');
    s.pass(1_000);
    expect(s.open()).toEqual([]);
  });

  test('that says no is not asked the same over another transport', () => {
    const s = scene();
    s.start();
    s.end('websocket', { detail: 'unauthorized', advice: 'refresh_credentials', wait: 0 });
    expect(phaseOf(s.policy)).toBe('waiting');
    expect(s.opened()).toEqual(['websocket']);
    expect(s.policy.standings.size).toBe(0);
  });
});

describe('verdicts', () => {
  test('strike a transport that dies early, once another one was welcomed', () => {
    const s = scene();
    s.start();
    s.prove('websocket');
    s.pass(300);
    s.end('websocket');
    s.pass(250);
    expect(s.open()).toEqual(['sse']);
    expect(s.policy.standings.size).toBe(0);
    s.prove('sse');
    expect(s.standing('websocket')?.verdict).toBe('ws-killed-early');
  });

  test('do not strike one that lived', () => {
    const s = scene();
    s.start();
    s.prove('websocket');
    s.pass(20_000);
    s.end('websocket');
    s.pass(250);
    expect(s.open()).toEqual(['websocket']);
    expect(s.verdicts('websocket')[0]).toBe('lost');
  });

  test('call it an idle cut when it lived and was silent before', () => {
    const s = scene();
    s.start();
    s.prove('websocket');
    s.pass(60_000);
    s.end('websocket', { idle: 15_000 });
    expect(s.verdicts('websocket')).toEqual(['idle-cut']);
  });

  test('expire, so that a reconnect starts from the best again', () => {
    const s = below();
    expect(s.standing('websocket')!.until).toBe(s.now + 50_000);
    for (let n = 0; n < 3; n++) s.pass(10_000);
    while (s.open().length > 1) s.pass(1_000);
    s.pass(60_000);
    s.end('sse');
    s.pass(250);
    expect(phaseOf(s.policy)).toBe('racing');
  });

  test('turn to polling after two long-polls that were cut', () => {
    const s = scene({ transports: ['long-poll', 'polling'] });
    s.start();
    s.prove('long-poll');
    s.pass(20_000);
    s.end('long-poll');
    s.pass(250);
    expect(s.open()).toEqual(['long-poll']);
    s.prove('long-poll');
    s.pass(20_000);
    s.end('long-poll');
    s.pass(250);
    expect(s.open()).toEqual(['polling']);
  });

  test('forget a cut poll once one was held', () => {
    const s = scene({ transports: ['long-poll', 'polling'] });
    s.start();
    s.prove('long-poll');
    s.end('long-poll');
    s.pass(250);
    const attempt = s.prove('long-poll');
    s.tell('held', attempt, Infinity);
    s.end('long-poll');
    s.pass(250);
    expect(s.open()).toEqual(['long-poll']);
  });

  test('take a stream without its first marker as one that holds back', () => {
    const s = scene({ transports: ['sse', 'long-poll'] });
    s.start();
    s.welcome('sse');
    s.pass(1_649);
    expect(phaseOf(s.policy)).toBe('young');
    s.pass(1);
    expect(s.verdicts('sse')).toEqual(['sse-one-behind']);
    s.pass(250);
    expect(s.open()).toEqual(['long-poll']);
  });
});

describe('the way back up', () => {
  test('probes at 15 s, 30 s, then every 50 s, while the old one delivers', () => {
    const s = below();
    const from = s.now;
    const times: number[] = [];
    for (let n = 0; n < 4; n++) {
      while (s.open().length === 1) s.pass(100);
      expect(s.open()).toEqual(['sse', 'websocket?']);
      times.push(s.now - from);
      s.end('websocket');
    }
    expect(times).toEqual([15_000, 45_000, 95_000, 145_000]);
  });

  test('attaches for good only after the probe, and leaves the old one only after the proof', () => {
    const s = below();
    s.pass(15_000);
    s.prove('websocket');
    expect(s.open()).toEqual(['sse', 'websocket']);
    s.welcome('websocket');
    expect(s.open()).toEqual(['sse', 'websocket']);
    s.tell('proven', s.last('websocket'));
    expect(s.open()).toEqual(['websocket']);
    expect(s.changes()).toEqual(['sse', 'websocket']);
  });

  test('returns to the old transport when the new one does not prove itself', () => {
    const s = below();
    s.pass(15_000);
    s.prove('websocket');
    s.welcome('websocket');
    s.pass(1_650);
    s.pass(250);
    expect(s.open()).toEqual(['sse', 'sse']);
    s.prove('sse');
    expect(s.open()).toEqual(['sse']);
    expect(s.standing('websocket')).toMatchObject({ strikes: 2 });
    expect(s.standing('websocket')?.verdict).toBe('ws-silent');
    expect(s.changes()).toEqual(['sse']);
    expect(s.policy.current).toBe(s.policy.newest());
  });

  test('wants one that died early before to live through that age as a probe', () => {
    const s = scene();
    s.start();
    s.prove('websocket');
    s.end('websocket');
    s.pass(250);
    s.prove('sse');
    s.pass(15_000);
    s.prove('websocket');
    expect(s.open()).toEqual(['sse', 'websocket?']);
    s.pass(9_999);
    expect(s.open()).toEqual(['sse', 'websocket?']);
    s.pass(1);
    expect(s.open()).toEqual(['sse', 'websocket']);
  });

  test('tries the next better one when the best is still bad', () => {
    const s = scene();
    s.start();
    for (const transport of ['websocket', 'sse', 'long-poll'] as const) s.end(transport);
    s.prove('polling');
    s.pass(15_000);
    s.end('websocket');
    expect(s.open()).toEqual(['polling', 'sse?']);
    s.prove('sse');
    s.prove('sse');
    expect(s.open()).toEqual(['sse']);
  });

  test('looks at once when the page wakes up', () => {
    const s = below();
    s.tell('woke');
    expect(s.open()).toEqual(['sse', 'websocket?']);
  });

  test('never probes from the best', () => {
    const s = scene();
    s.start();
    s.prove('websocket');
    s.pass(3_600_000);
    expect(s.opened()).toEqual(['websocket']);
  });
});

test('asks ever less often for a long-poll that is cut each time, and is back soon after it is held again', () => {
  const s = scene({ transports: ['long-poll', 'polling'], probe: [3_000] });
  let held = false;
  const carried: { transport: TransportName; at: number }[] = [];
  const pass = (seconds: number) => {
    for (let n = 0; n < seconds * 10; n++) {
      for (const one of s.begun.slice()) {
        const { attempt, transport, role } = one;
        if (one.endedAt) continue;
        if (!one.welcomeAt) s.prove(transport);
        else if (transport === 'long-poll' && role !== 'probe') {
          if (!held && s.now >= one.welcomeAt + 1_000) s.end(transport);
          else if (held && s.now >= one.welcomeAt + 25_000) s.tell('held', attempt, Infinity);
        }
      }
      const { transport } = s.policy.newest() ?? {};
      if (transport && transport !== carried.at(-1)?.transport) carried.push({ transport, at: s.now });
      s.pass(100);
    }
  };
  s.start();
  pass(300);
  const cuts = carried.filter(({ transport }) => transport === 'long-poll');
  const pauses = cuts.slice(1).map(({ at }, index) => at - cuts[index]!.at);
  expect(pauses.length).toBeLessThan(9);
  for (const [index, pause] of pauses.entries())
    expect(pause).toBeGreaterThan((pauses[index - 1] ?? 0) - 500);
  expect(pauses.at(-1)).toBeGreaterThanOrEqual(50_000);
  held = true;
  pass(60);
  expect(s.policy.newest()?.transport).toBe('long-poll');
  pass(60);
  expect(carried.at(-1)!.transport).toBe('long-poll');
  expect(s.policy.standings.size).toBe(0);
});

describe('a move to another node', () => {
  test('tries again when it fails, without a word against the transport', () => {
    const s = scene();
    s.start();
    s.prove('websocket');
    s.tell('moved', undefined, 0);
    expect(s.open()).toEqual(['websocket', 'websocket']);
    s.end('websocket');
    expect(s.policy.standings.size).toBe(0);
    s.pass(1_000);
    expect(s.open()).toEqual(['websocket', 'websocket']);
    s.prove('websocket');
    expect(s.open()).toEqual(['websocket']);
  });

  test('that fails does not delay the next race, when the old connection ends meanwhile', () => {
    const s = scene({ transports: ['websocket'] });
    s.start();
    s.prove('websocket');
    s.tell('moved', undefined, 0);
    for (let times = 0; times < 6; times++) {
      while (s.open().length < 2) s.pass(250);
      s.end('websocket', { status: 1006 });
    }
    s.end('websocket', { status: 1006 });
    expect(s.open()).toEqual([]);
    s.pass(250);
    expect(s.open()).toEqual(['websocket']);
  });

  test('is tried less and less often while every node is draining', () => {
    const s = scene();
    s.start();
    s.prove('websocket');
    s.tell('moved', undefined, 0);
    const refuse = () => s.end('websocket', { detail: 'drain', advice: 'reconnect_elsewhere', wait: 0 });
    for (let n = 0; n < 8; n++) {
      refuse();
      while (s.open().length < 2) s.pass(250);
    }
    const from = s.now;
    refuse();
    while (s.open().length < 2) s.pass(250);
    expect(s.now - from).toBeGreaterThan(10_000);
  });

  test('happens too when it was asked for before the connection was proven (P71)', () => {
    const s = scene();
    s.start();
    const attempt = s.welcome('websocket');
    s.tell('moved', undefined, 0);
    expect(s.opened()).toHaveLength(1);
    s.tell('proven', attempt);
    expect(s.open()).toEqual(['websocket', 'websocket']);
    s.prove('websocket');
    s.pass(60_000);
    expect(s.opened()).toHaveLength(2);
    expect(s.open()).toEqual(['websocket']);
  });

  test('happens at the time given, which is another one for each client (P71)', () => {
    const s = scene();
    s.start();
    s.prove('websocket');
    s.tell('moved', undefined, 8_000);
    s.pass(7_999);
    expect(s.opened()).toHaveLength(1);
    s.pass(1);
    expect(s.opened()).toHaveLength(2);
  });

  test('happens at once when the connection is doubted meanwhile', () => {
    const s = scene();
    s.start();
    s.prove('websocket');
    s.tell('moved', undefined, 300_000);
    s.tell('moved', undefined, 0);
    expect(s.opened()).toHaveLength(2);
  });
});

describe('what is known of the way', () => {
  test('puts first what worked last time, and looks for better things soon', () => {
    const s = scene({ path: { first: 'long-poll' } });
    s.start();
    expect(s.opened()).toEqual(['long-poll']);
    s.prove('long-poll');
    s.pass(15_000);
    expect(s.open()).toContain('websocket?');
  });

  test('counts only for the beginning: a later race begins with the best', () => {
    const s = scene({ path: { first: 'sse' } });
    s.start();
    s.prove('sse');
    s.end('sse', { status: 200 });
    s.pass(100);
    s.pass(1_000);
    expect(s.opened()[1]).toBe('websocket');
  });

  test('does not put first what is not among the transports', () => {
    const s = scene({ transports: ['sse', 'polling'], path: { first: 'websocket' } });
    s.start();
    expect(s.opened()).toEqual(['sse']);
  });

  test('holds nothing against a transport when a silence was too long, nor what was held before', () => {
    let isHabit = false;
    const s = scene({ path: { ended: (one) => (one.idle = isHabit) } });
    s.start();
    s.prove('websocket');
    s.pass(5_000);
    s.end('websocket', { status: 1006 });
    s.pass(1_000);
    s.welcome('sse');
    expect(s.standing('websocket')?.strikes).toBe(1);
    isHabit = true;
    s.tell('proven', s.last('sse'));
    s.pass(5_000);
    s.end('sse', { status: 200 });
    expect(s.policy.standings.size).toBe(0);
    expect(verdictOf(s.begun[1]!)).toBe('idle-cut');
  });
});

describe('of several servers', () => {
  const two = () => {
    const s = scene({ servers: ['primary', 'backup'] });
    s.start();
    return s;
  };
  const refusePrimary = (s: ReturnType<typeof scene>) => {
    for (const transport of ALL) s.end(transport);
  };
  /** On the backup, proven, because nobody of the primary answered. */
  const away = () => {
    const s = two();
    refusePrimary(s);
    s.prove('websocket at backup');
    s.pass(0);
    return s;
  };

  test('the backup is asked behind all transports of the primary, beside those that are slow', () => {
    const s = two();
    s.pass(999);
    expect(s.open()).toEqual(ALL);
    s.pass(1);
    expect(s.open()).toEqual([...ALL, 'websocket at backup']);
  });

  test('the backup is asked at once when each transport of the primary is refused', () => {
    const s = two();
    refusePrimary(s);
    expect(s.open()).toEqual(['websocket at backup']);
  });

  test('the primary on its last transport is better than the backup on its best', () => {
    const s = two();
    s.pass(1_000);
    s.prove('websocket at backup');
    expect(s.open()).toEqual([...ALL, 'websocket at backup']);
    s.prove('polling');
    expect(s.open()).not.toContain('websocket at backup');
    s.pass(500);
    expect(s.changes()).toEqual(['websocket at backup', 'polling']);
  });

  test('one that is down is told so, and nothing is held against its transports (G9)', () => {
    const s = away();
    expect(ALL.flatMap(s.verdicts)).toEqual(ALL.map(() => 'server-down'));
    expect(s.policy.standings.size).toBe(0);
  });

  test('nothing is held against transports of a primary that stays away, however often they are probed (G9)', () => {
    const s = away();
    for (let sweeps = 0; sweeps < 3; sweeps++) {
      while (s.open().length === 1) s.pass(1_000);
      for (const transport of ALL) {
        expect(s.open()).toEqual(['websocket at backup', `${transport}?`]);
        s.end(transport);
      }
    }
    expect(new Set(ALL.flatMap(s.verdicts))).toEqual(new Set(['server-down']));
    expect(s.policy.standings.size).toBe(0);
  });

  test('a transport of the primary is judged once another one of it has answered', () => {
    const s = away();
    s.pass(15_000);
    s.end('websocket');
    expect(s.policy.standings.size).toBe(0);
    s.prove('sse');
    expect(s.standing('websocket')).toMatchObject({ strikes: 1, verdict: 'ws-refused' });
  });

  test('what is held against a transport of one server is not held against that of the other', () => {
    const s = two();
    s.end('websocket');
    s.prove('sse');
    expect(s.standing('websocket')?.strikes).toBe(1);
    expect(s.standing('websocket at backup')).toBeUndefined();
  });

  test('a primary that is back is gone to when its probe has lived for 10 s, and the backup is left after the proof', () => {
    const s = away();
    s.pass(15_000);
    s.prove('websocket');
    s.pass(9_999);
    expect(s.open()).toEqual(['websocket at backup', 'websocket?']);
    s.pass(1);
    expect(s.open()).toEqual(['websocket at backup', 'websocket']);
    s.prove('websocket');
    expect(s.open()).toEqual(['websocket']);
    expect(s.changes()).toEqual(['websocket at backup', 'websocket']);
  });

  test('a primary that is back waits until nothing is unsettled, but not for a client that is always busy', () => {
    const AT: Record<string, number> = {
      never: 10_000,
      'for 5 s': 10_000,
      'for 18 s': 18_000,
      always: 25_000,
    };
    for (const [howLong, at] of Object.entries(AT)) {
      const s = away();
      s.pass(15_000);
      s.occupy(howLong === 'never' ? 0 : 2);
      s.prove('websocket');
      const back = s.now;
      while (s.open().includes('websocket?')) {
        if (howLong === `for ${(s.now - back) / 1_000} s`) s.occupy(0);
        s.pass(100);
      }
      expect([howLong, s.begun.at(-1)!.startedAt - back]).toEqual([howLong, at]);
      expect(s.open()).toEqual(['websocket at backup', 'websocket']);
    }
  });

  test('a better transport of the same server does not wait until nothing is unsettled', () => {
    const s = scene();
    s.start();
    s.prove('websocket');
    s.end('websocket');
    s.pass(250);
    s.prove('sse');
    s.occupy(1);
    s.pass(15_000);
    s.prove('websocket');
    s.pass(10_000);
    expect(s.open()).toEqual(['sse', 'websocket']);
  });

  test('from the backup on a lower transport all of the primary is looked at first, then what is better of the backup', () => {
    const s = two();
    refusePrimary(s);
    s.end('websocket at backup');
    s.prove('sse at backup');
    s.pass(15_000);
    refusePrimary(s);
    expect(s.open()).toEqual(['sse at backup', 'websocket at backup?']);
    s.prove('websocket at backup');
    s.prove('websocket at backup');
    expect(s.open()).toEqual(['websocket at backup']);
  });

  test('one that says no is not asked the same again, and the next one is', () => {
    const s = two();
    s.pass(250);
    s.end('websocket', { detail: 'overload', advice: 'back_off' });
    expect(s.open()).toEqual(['websocket at backup']);
  });

  test('one that says no ends nothing of another one that may still answer', () => {
    const s = two();
    s.pass(1_000);
    s.end('websocket at backup', { detail: 'session_unknown', advice: 'open_session' });
    expect(s.open()).toEqual(ALL);
    s.prove('polling');
    s.pass(500);
    expect(s.changes()).toEqual(['polling']);
  });

  test('all are asked again later when none answered, and all of them are down', () => {
    const s = two();
    refusePrimary(s);
    for (const transport of ALL) s.end(`${transport} at backup`);
    expect(phaseOf(s.policy)).toBe('waiting');
    expect(new Set(s.begun.map(verdictOf))).toEqual(new Set(['server-down']));
    s.pass(250);
    expect(s.open()).toEqual(['websocket']);
  });

  test('the third one is asked behind the second', () => {
    const s = scene({ transports: ['websocket', 'sse'], servers: ['primary', 'backup', 'third'] });
    s.start();
    for (const name of ['websocket', 'sse', 'websocket at backup', 'sse at backup'] as const) s.end(name);
    expect(s.open()).toEqual(['websocket at third']);
  });
});

describe('the breaker', () => {
  /** Lets every attempt open, and closes it without a word. */
  const reject = (s: ReturnType<typeof scene>): void => {
    // The end of one begins the next.
    for (let one; (one = s.policy.running[0]);) {
      s.tell('opened', one.attempt);
      s.tell('ended', one.attempt, { status: one.overHttp ? 403 : 1008, detail: '' });
    }
  };
  /** When attempts were made within so many ms, by a client of its own chance. */
  const attemptsOf = (chance: number, until: number): number[] => {
    const s = scene({}, () => (chance = (chance * 16_807) % 2_147_483_647) / 2_147_483_647);
    s.start();
    while (s.now < until) {
      reject(s);
      s.pass(Math.max(10, s.policy.deadline - s.now));
    }
    return s.begun.flatMap(({ startedAt }) => (startedAt < until ? startedAt : []));
  };

  test('lets 200 clients ask a server that rejects all of them ever more rarely (P57)', () => {
    const minutes = Array.from({ length: 30 }, () => 0);
    for (let client = 1; client <= 200; client++) {
      for (const at of attemptsOf(client * 7_919, 1_800_000)) minutes[Math.floor(at / 60_000)]!++;
    }
    const share = (from: number, to: number): number =>
      minutes.slice(from, to).reduce((sum, count) => sum + count, 0) / (to - from);
    // The first minute, then five minutes each.
    const rates = [share(0, 1), share(1, 6), share(6, 11), share(11, 30)];
    expect(rates[1]).toBeLessThan(rates[0]! / 10);
    expect(rates[2]).toBeLessThan(rates[1]!);
    expect(rates[3]).toBeLessThan(200 / 2);
  });

  test('opens after five times, tries one thing at a time, and closes when that is proven (P57)', () => {
    const s = scene();
    s.start();
    while (!s.breaker.isBroken()) {
      reject(s);
      s.pass(10);
    }
    expect(s.policy.running).toEqual([]);
    const before = s.begun.length;
    while (s.begun.length === before) s.pass(1_000);
    s.pass(2_000);
    expect(s.opened().slice(before)).toEqual(['websocket']);
    s.prove('websocket');
    expect(s.breaker.isBroken()).toBe(false);
  });

  const OTHERWISE: Record<string, Partial<Cause>> = {
    'nobody answers': { status: 0 },
    'a proxy says that the server is away': { status: 502 },
    'a server gives a reason': { status: 503, advice: 'back_off' },
  };
  test.each(Object.entries(OTHERWISE))('stays closed when %s (P57)', (_, cause) => {
    const s = scene();
    s.start();
    for (let times = 0; times < 2_000; times++) {
      for (const one of [...s.policy.running]) s.tell('ended', one.attempt, { detail: '', ...cause });
      s.pass(100);
    }
    expect(s.breaker.isBroken()).toBe(false);
  });

  test('tries at once when the page wakes (P57)', () => {
    const s = scene();
    s.start();
    while (!s.breaker.isBroken()) {
      reject(s);
      s.pass(10);
    }
    const before = s.begun.length;
    s.tell('woke');
    expect(s.begun.length).toBe(before + 1);
  });
});
