import fc from 'fast-check';
import type { Logger } from 'pino';
import { describe, expect, test } from 'vitest';
import { envelopeSchema } from '@iskra/protocol';
import { EVENTS, sentenceOf } from './catalogue.js';
import type { EventName } from './catalogue.js';
import type { SystemEvent } from './event.js';
import { Events } from './events.js';
import { Patterns, QUIET } from './patterns.js';

type Payload = Partial<SystemEvent['payload']>;

/** A stream of one node, on a hand-moved time; and the patterns that were told of it. */
class Stream {
  now = 1_000;
  readonly told: SystemEvent[] = [];
  readonly #patterns = new Patterns();

  tell(delta: EventName, payload: Payload = {}): this {
    const { dimension, lambda, category } = EVENTS[delta];
    const event: SystemEvent = {
      ...{ delta, dimension, omega: 1, lambda },
      payload: { at: 1_700_000_000_000 + this.now, category, cluster: 'c', node: 'n', ...payload },
    };
    const found = this.#patterns.handle(event, this.now);
    for (const pattern of found) {
      // Each is an envelope of the catalogue, one level above what it was seen in, and its sentence has no holes.
      expect(envelopeSchema.safeParse(pattern).success).toBe(true);
      expect(pattern.dimension).toBe(dimension + 1);
      expect(sentenceOf(pattern.delta, pattern.payload)).not.toMatch(/[{}?]/);
    }
    this.told.push(...found);
    return this;
  }

  wait(ms: number): this {
    this.now += ms;
    return this;
  }

  get names(): string[] {
    return this.told.map(({ delta }) => delta);
  }
}

/** An address of the n-th client in an office. */
const office = (n: number): string => `203.0.113.${n % 250}`;
/** One of a network of its own. */
const anywhere = (n: number): string => `198.${n % 250}.${Math.floor(n / 250) % 250}.7`;
const each = (count: number, act: (n: number) => void): void => {
  for (let n = 0; n < count; n++) act(n);
};

describe('a fallback storm', () => {
  const fall = (stream: Stream, n: number, address = office(n), from = 'websocket', to = 'sse'): Stream =>
    stream.tell('transport_downgraded', { session: `s${n}`, address, from, to, transport: to }).wait(2_000);

  test('is several sessions of one network that go down from the same transport within a minute', () => {
    const stream = new Stream();
    each(5, (n) => fall(stream, n));
    expect(stream.told).toEqual([
      {
        delta: 'fallback_storm',
        dimension: 3,
        omega: 0.97,
        lambda: 'let_transport_pass',
        payload: {
          ...{ at: 1_700_000_009_000, category: 'pattern', cluster: 'c', node: 'n' },
          ...{ network: '203.0.113.0/24', from: 'websocket' },
          ...{ sessions: 5, window: 60, share: 1 },
        },
      },
    ]);
  });

  test('is less sure where others of the network still have it, and none where most do', () => {
    const some = new Stream();
    each(4, (n) =>
      some.tell('transport_proven', { session: `t${n}`, address: office(n), transport: 'websocket' }),
    );
    each(5, (n) => fall(some, n));
    expect(some.told).toMatchObject([{ omega: 0.54, payload: { sessions: 5, share: 0.56 } }]);
    const most = new Stream();
    each(9, (n) =>
      most.tell('transport_proven', { session: `t${n}`, address: office(n), transport: 'websocket' }),
    );
    each(6, (n) => fall(most, n));
    expect(most.names).toEqual([]);
  });

  test('is no four sessions, no five over minutes, no one session five times, and no five networks', () => {
    const [few, slow, one, spread] = [new Stream(), new Stream(), new Stream(), new Stream()];
    each(4, (n) => fall(few, n));
    each(8, (n) => fall(slow, n).wait(14_000));
    each(5, () => fall(one, 1).wait(8_000));
    each(20, (n) => fall(spread, n, anywhere(n)));
    for (const stream of [few, slow, spread]) expect(stream.names).toEqual([]);
    expect(one.names).not.toContain('fallback_storm');
  });

  test('is told for each network, also where another makes much noise', () => {
    const stream = new Stream();
    each(2_000, (n) => {
      stream
        .tell('transport_downgraded', { session: `x${n}`, address: '192.0.2.1', from: 'websocket' })
        .wait(10);
      if (n % 250 === 0) fall(stream, n);
    });
    expect(stream.told.map(({ payload }) => payload.network)).toEqual(['192.0.2.0/24', '203.0.113.0/24']);
  });
});

describe('an idle cut', () => {
  const cut = (stream: Stream, n: number, silent: number, address = anywhere(n)): Stream =>
    stream.tell('connection_lost', { session: `s${n}`, address, silent, transport: 'websocket' }).wait(5_000);

  test('is connections that end after the same silence, and says how short a heartbeat has to be', () => {
    const stream = new Stream();
    [10_020, 9_950, 10_400, 9_800, 10_100].forEach((silent, n) => cut(stream, n, silent));
    expect(stream.told).toMatchObject([
      {
        ...{ delta: 'idle_cut', dimension: 3, omega: 0.97, lambda: 'shorten_heartbeat' },
        payload: { silence: 10_020, heartbeat: 6_000, cuts: 5, sessions: 5, networks: 5, share: 1 },
      },
    ]);
  });

  test('names the network where it is in one only', () => {
    const stream = new Stream();
    each(4, (n) => cut(stream, n + 50, 2_000 + n * 5_000));
    each(5, (n) => cut(stream, n, 15_000, office(n)));
    expect(stream.told).toMatchObject([
      { payload: { network: '203.0.113.0/24', silence: 15_000, heartbeat: 9_000 } },
    ]);
  });

  test('is no silences of all lengths, as of people who leave', () => {
    const [spread, one, busy] = [new Stream(), new Stream(), new Stream()];
    const silence = (n: number): number => 2_000 + ((n * 7_919) % 18_000);
    each(60, (n) => cut(spread, n, silence(n)));
    each(60, (n) => cut(one, n, silence(n), office(n)));
    each(3_000, (n) => cut(busy, n, silence(n)) && (busy.now -= 4_900));
    for (const stream of [spread, one, busy]) expect(stream.names).toEqual([]);
  });

  test('is no many that end at once, after the same silence: what carried them went away', () => {
    const stream = new Stream();
    each(200, (n) => {
      stream.tell('connection_lost', {
        session: `s${n}`,
        address: anywhere(n),
        silent: 9_000,
        transport: 'sse',
      });
      stream.wait(5);
    });
    expect(stream.names).toEqual([]);
  });

  test('is no four, no one session alone, no polls, and no silence of a moment', () => {
    const [four, alone, polls, short] = [new Stream(), new Stream(), new Stream(), new Stream()];
    each(4, (n) => cut(four, n, 10_000));
    each(9, () => cut(alone, 1, 10_000));
    each(9, (n) =>
      polls.tell('connection_lost', { session: `s${n}`, silent: 15_000, transport: 'long-poll' }).wait(5_000),
    );
    each(9, (n) => cut(short, n, 300));
    for (const stream of [four, alone, polls, short]) expect(stream.names).not.toContain('idle_cut');
  });

  test('is not what we closed ourselves: zombies are as silent as our own deadline', () => {
    const stream = new Stream();
    each(9, (n) =>
      stream.tell('zombie_closed', { session: `s${n}`, silent: 50_000, transport: 'websocket' }).wait(5_000),
    );
    expect(stream.names).toEqual([]);
  });
});

describe('a buffering proxy', () => {
  const tried = (stream: Stream, n: number, after: number, delta: EventName, address = office(n)): Stream =>
    stream
      .tell('connection_welcomed', { session: `s${n}`, address, transport: 'sse' })
      .wait(after)
      .tell(delta, { session: `s${n}`, address, transport: 'sse' });
  const held = (stream: Stream, n: number, address?: string): Stream =>
    tried(stream, n, 2_000, 'transport_unproven', address);

  test('is sessions of one network whose event streams are given up before anything came of them', () => {
    const stream = new Stream();
    each(3, (n) => held(stream, n));
    expect(stream.told).toMatchObject([
      {
        ...{ delta: 'buffering_proxy', dimension: 3, omega: 0.88, lambda: 'switch_off_buffering' },
        payload: { network: '203.0.113.0/24', sessions: 3, share: 1 },
      },
    ]);
  });

  test('is no two, no three networks, and none where streams of the network come through', () => {
    const [two, spread, mixed] = [new Stream(), new Stream(), new Stream()];
    each(2, (n) => held(two, n));
    each(9, (n) => held(spread, n, anywhere(n)));
    each(5, (n) => tried(mixed, n, 300, 'transport_proven'));
    each(5, (n) => held(mixed, n + 5));
    for (const stream of [two, spread, mixed]) expect(stream.names).toEqual([]);
  });

  test('is no race that another transport wins, no WebSocket, and no stream that was proven and lost later', () => {
    const [race, sockets, later] = [new Stream(), new Stream(), new Stream()];
    each(9, (n) => {
      tried(race, n, 400, 'transport_unproven').wait(9_000);
      sockets
        .tell('connection_welcomed', { session: `s${n}`, address: office(n), transport: 'websocket' })
        .wait(3_000);
      sockets.tell('transport_unproven', { session: `s${n}`, address: office(n), transport: 'websocket' });
      tried(later, n, 300, 'transport_proven').wait(20_000);
      later.tell('connection_lost', { session: `s${n}`, address: office(n), transport: 'sse', silent: 100 });
    });
    for (const stream of [race, sockets, later]) expect(stream.names).toEqual([]);
  });
});

describe('a flapping client', () => {
  const fall = (stream: Stream, session = 's1'): Stream =>
    stream
      .tell('connection_lost', { session, transport: 'websocket', silent: 400 })
      .wait(300)
      .tell('transport_downgraded', { session, from: 'websocket', to: 'sse', transport: 'sse' })
      .wait(15_000)
      .tell('transport_upgraded', { session, from: 'sse', to: 'websocket', transport: 'websocket' })
      .wait(10_000);

  test('is one session that falls five times within three minutes', () => {
    const stream = new Stream();
    each(5, () => fall(stream));
    expect(stream.told).toMatchObject([
      {
        ...{ delta: 'flapping_client', dimension: 3, omega: 0.97, lambda: 'downgrade_transport' },
        payload: { session: 's1', falls: 5, transport: 'websocket' },
      },
    ]);
  });

  test('is no four falls, no five in an hour, and no five sessions', () => {
    const [four, hour, five] = [new Stream(), new Stream(), new Stream()];
    each(4, () => fall(four));
    each(5, () => fall(hour).wait(720_000));
    each(5, (n) => fall(five, `s${n}`));
    expect(four.names).toEqual([]);
    expect(hour.names).toEqual([]);
    expect(five.names).not.toContain('flapping_client');
  });
});

describe('a reconnect stampede', () => {
  const back = (stream: Stream, count: number, every: number): Stream => {
    each(count, (n) =>
      stream.tell('session_resumed', { session: `s${n}`, address: anywhere(n) }).wait(every),
    );
    return stream;
  };

  test('is more sessions that come back within a second than a drain would bring', () => {
    const stream = back(new Stream(), 400, 2);
    expect(stream.told).toMatchObject([
      {
        ...{ delta: 'reconnect_stampede', dimension: 4, omega: 1, lambda: 'back_off' },
        payload: { sessions: 301, share: 1 },
      },
    ]);
  });

  test('is less sure the more it is only the peak of a busy time', () => {
    const stream = back(new Stream(), 1_000, 6);
    back(stream.wait(100), 400, 2);
    expect(stream.told).toMatchObject([{ delta: 'reconnect_stampede' }]);
    expect(stream.told[0]?.omega).toBeLessThan(0.4);
  });

  test('is no thousand that come at the pace of a drain, no one session that comes often, and none that come first', () => {
    const [drain, one, first] = [new Stream(), new Stream(), new Stream()];
    back(drain, 1_000, 5);
    each(900, () => one.tell('session_resumed', { session: 's1' }));
    each(900, (n) => first.tell('session_opened', { session: `s${n}` }).wait(1));
    for (const stream of [drain, one, first]) expect(stream.names).toEqual([]);
  });
});

describe('slow consumers', () => {
  const slow = (stream: Stream, n: number, address: string): Stream =>
    stream.tell('slow_consumer', { session: `s${n}`, address, transport: 'websocket' }).wait(3_000);

  test('of one network have a line that is too thin', () => {
    const stream = new Stream();
    each(5, (n) => slow(stream, n, office(n)));
    expect(stream.told).toMatchObject([
      {
        ...{ delta: 'slow_consumers', dimension: 3, omega: 0.97, lambda: 'publish_less' },
        payload: { network: '203.0.113.0/24', sessions: 5, share: 1 },
      },
    ]);
  });

  test('of many networks are given more than they can take', () => {
    const stream = new Stream();
    each(10, (n) => slow(stream, n, anywhere(n)));
    expect(stream.told).toMatchObject([{ omega: 1, payload: { networks: 10, sessions: 10 } }]);
  });

  test('are no four of a network, no nine of nine networks, and no one that is closed time after time', () => {
    const [four, nine, one] = [new Stream(), new Stream(), new Stream()];
    each(4, (n) => slow(four, n, office(n)));
    each(9, (n) => slow(nine, n, anywhere(n)));
    each(20, () => slow(one, 1, office(1)));
    for (const stream of [four, nine, one]) expect(stream.names).toEqual([]);
  });
});

describe('the analyser', () => {
  const storm = (stream: Stream, prefix: string): void =>
    each(9, (n) =>
      stream
        .tell('transport_downgraded', { session: `${prefix}${n}`, address: office(n), from: 'sse' })
        .wait(500),
    );

  test('tells a pattern once in its quiet time, and again when it is still so behind it', () => {
    const stream = new Stream();
    storm(stream, 'a');
    storm(stream.wait(QUIET / 2), 'b');
    expect(stream.names).toEqual(['fallback_storm']);
    storm(stream.wait(QUIET / 2), 'c');
    expect(stream.names).toEqual(['fallback_storm', 'fallback_storm']);
  });

  test('never looks at what it told itself', () => {
    const stream = new Stream();
    storm(stream, 'a');
    const [pattern] = stream.told;
    const again = new Patterns();
    each(2_000, (n) => expect(again.handle(pattern!, n)).toEqual([]));
  });

  test('tells them into the stream and the log behind what completed them, with the voices of the node', () => {
    const told: string[] = [];
    const seen: SystemEvent[] = [];
    const logger = {
      warn: (_line: object, sentence: string) => void told.push(sentence),
      isLevelEnabled: (level: string) => level !== 'debug',
    };
    const events = new Events({
      ...{ node: 'n', cluster: 'c', patterns: new Patterns(), logger: logger as unknown as Logger },
      voices: (dimension) => (dimension === 4 ? { pain: 0.2, chaos: 0.1, trust: 0.6 } : undefined),
      ...{ now: () => 1_000, wallClock: () => 1_700_000_000_000, defer: (task) => task() },
    });
    // Nobody listens, and no line is written of them: they are looked at all the same.
    each(4, (n) => events.tell('slow_consumer', { session: `s${n}`, address: office(n) }));
    events.stream.subscribe((event) => seen.push(event));
    each(2, (n) => events.tell('slow_consumer', { session: `t${n}`, address: office(n) }));
    expect(seen.map(({ delta }) => delta)).toEqual(['slow_consumer', 'slow_consumers', 'slow_consumer']);
    expect(seen[1]).toMatchObject({
      payload: { category: 'pattern', cluster: 'c', node: 'n', at: 1_700_000_000_000 },
      fractal_metadata: { voice_pain: 0.2, voice_chaos: 0.1, voice_trust: 0.6, seam_id: 'n' },
    });
    expect(told.filter((sentence) => sentence.startsWith('In 60 s 5 sessions were closed'))).toHaveLength(1);
  });

  test('says nothing of an ordinary rolling deploy', () => {
    // Three nodes, 1,500 clients each over all transports. What the second one sees while the first and the third are replaced,
    // and while it is drained itself.
    const stream = new Stream();
    const transports = ['websocket', 'sse', 'long-poll', 'polling'];
    const arrive = (n: number): void => {
      const who = {
        session: `s${n}`,
        address: n % 3 === 0 ? office(n) : anywhere(n),
        transport: transports[n % 4]!,
      };
      stream.tell('connection_welcomed', who).tell('session_resumed', { ...who });
      if (n % 4 < 2) stream.tell('transport_proven', who);
    };
    const spread = (count: number, act: (n: number) => void): void =>
      each(count, (n) => (act(n), stream.wait(5)));
    for (const node of [0, 2]) {
      stream.tell('drain', { address: office(1) });
      spread(750, (n) => arrive(node * 10_000 + n));
      stream.wait(20_000);
    }
    stream.tell('drain_began', {});
    spread(1_500, (n) => {
      const who = { session: `s${n}`, address: anywhere(n), transport: transports[n % 4]! };
      stream.tell('client_left', who);
      // Balancers that are blind still bring some back.
      if (n % 50 === 0) stream.tell('drain', who);
    });
    stream.tell('drain_ended', {});
    // Its successor: everybody's polls come at once, as their last ones were answered at once.
    each(700, (n) =>
      stream.tell('connection_welcomed', { session: `s${n}`, transport: 'long-poll', address: office(n) }),
    );
    expect(stream.told).toEqual([]);
  });

  test('stays quiet through any stream in which every session does something once', () => {
    const deltas: EventName[] = [
      'connection_welcomed',
      'transport_proven',
      'transport_upgraded',
      'session_opened',
      'client_left',
    ];
    const event = fc.record({ delta: fc.constantFrom(...deltas), pause: fc.nat(5_000), n: fc.nat(200) });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 300 }), (events) => {
        const stream = new Stream();
        events.forEach(({ delta, pause, n }, index) => {
          const transport = ['websocket', 'sse'][n % 2]!;
          stream.tell(delta, { session: `s${index}`, address: office(n), transport }).wait(pause);
        });
        expect(stream.told).toEqual([]);
      }),
    );
  });

  test('takes events without a session, an address or anything else', () => {
    const stream = new Stream();
    const deltas: EventName[] = [
      'transport_downgraded',
      'connection_lost',
      'slow_consumer',
      'session_resumed',
      'store_away',
    ];
    for (const delta of deltas) {
      each(500, () => stream.tell(delta));
    }
    expect(stream.told).toEqual([]);
  });
});
