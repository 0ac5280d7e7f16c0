import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { faultEnvelope, parseMessage } from '@iskra/protocol/wire';
import type { Cursors, Position, ServerFrame } from '@iskra/protocol/wire';
import { Run } from './message.js';
import { Session } from './session.js';
import type { Mode, SessionEffect, SessionEvent, SessionSettings } from './session.js';
import type { Entry, SessionState } from './store.js';

const SETTINGS: SessionSettings = {
  mode: 'stream',
  heartbeat: 20_000,
  markerDelay: 150,
  helloTimeout: 5_000,
  probeTimeout: 30_000,
  supersededGrace: 5_000,
  slowTimeout: 30_000,
  linger: 0,
  window: 8,
  rate: { perSecond: 1_000, burst: 1_000 },
  readSize: 4,
};

const nonce = 'n'.repeat(22);
const envelope = { delta: 'said', dimension: 1, omega: 1, lambda: 'continue' };
const said = JSON.stringify(envelope);
const system = (delta: string, payload: unknown): string =>
  JSON.stringify({ ...envelope, delta, dimension: 3, payload });

const hello = ['hello', { version: 1, nonce }];
const goOn = (wait?: number) => [
  'continue',
  { nonce, key: 'k', generation: 2, ...(wait !== undefined && { wait }) },
];
const welcome: ServerFrame = ['welcome', { ...envelope, delta: 'connection_established' }];
/** The head of the inbox, at which everything is known but the session: it was heard just now. */
const inboxSeen = (generation: number, revision?: number): SessionEvent => ({
  type: 'headSeen',
  log: '@s',
  head: {
    ...{ epoch: 'i1', offset: 0, first: 1 },
    session: { generation, silence: 0, ...(revision && { revision }) },
  },
});
const state: SessionState = { session: 's', identity: {}, generation: 2, acked: 0, inbox: ['i1', 0] };
const room: Cursors = { room: ['e1', 3] };

const entry = (offset: number, body = said, epoch = 'e1'): Entry => ({ epoch, offset, body });
const entries = (from: number, to: number): Entry[] =>
  Array.from({ length: to - from + 1 }, (_, n) => entry(from + n));
const runOf = (log: string, first: Entry, ...more: Entry[]): Run => {
  const run = new Run(log, first);
  for (const next of more) expect(run.extend(next)).toBe(true);
  return run;
};

const at = ([epoch, offset]: readonly [string, number]): string => `${epoch}:${offset}`;

function frameInShort(frame: unknown): string {
  const [tag, a, b, c, d, e] = frame as [string, ...unknown[]];
  const delta = (value: unknown): string => (value as { delta: string }).delta;
  const field = (value: unknown): string => {
    const { field: found } = (value as { payload: { field?: string } }).payload;
    return found === undefined ? '' : ` ${found}`;
  };
  switch (tag) {
    case 'entry':
      return `${String(a)} ${at([b as string, c as number])}${e === undefined ? '' : ` for ${Number(e)}`}`;
    case 'gap':
      return `gap ${String(a)} ${String(b)} ${at(c as Position)} to ${at(d as Position)}`;
    case 'error':
    case 'close':
      return `${tag} ${delta(a)}${field(a)}`;
    case 'acked':
      return `acked ${String(a)} at ${String(c)}`;
    case 'expect':
    case 'pong':
      return `${tag} ${String(a)}`;
    default:
      return tag;
  }
}

/** The frames that an effect writes, in short. */
function written(effect: SessionEffect): string[] {
  if (effect.type !== 'write') return [];
  return parseMessage(`[${effect.message.frames}]`)?.map(frameInShort) ?? ['no message'];
}

/** An effect in short: what is written goes in brackets, everything else is its type and what it is about. */
function short(effect: SessionEffect): string {
  switch (effect.type) {
    case 'write':
      return `[${written(effect).join(', ')}]`;
    case 'follow':
    case 'read':
      return `${effect.type} ${effect.log} ${at([effect.epoch, effect.offset])}`;
    case 'unfollow':
      return `unfollow ${effect.log}`;
    case 'begin':
    case 'skip':
      return `${effect.type} ${effect.number}`;
    case 'perform':
      return `perform ${effect.batch.map(({ number }) => number).join(' ')}`;
    case 'commit':
      return `commit ${effect.last}`;
    case 'measured':
      return `measured ${effect.roundTrip}`;
    case 'tellAnswered':
      return `tellAnswered ${effect.moment}`;
    case 'trimInbox':
      return `trimInbox ${effect.offset}`;
    case 'finish':
      return effect.code === undefined ? 'finish' : `finish ${effect.code}`;
    case 'close':
      return `close ${effect.code}`;
    case 'report':
      return `report ${effect.event}`;
    default:
      return effect.type;
  }
}

/** A session on a hand-moved time, and what it answers, in short. */
class Dialogue {
  now = 1_000;
  readonly session: Session;
  readonly #opened: number;

  constructor(mode: Mode = 'stream', settings: Partial<SessionSettings> = {}) {
    this.session = new Session({ ...SETTINGS, ...settings, mode }, this.now);
    this.#opened = this.now;
  }

  tell(event: SessionEvent): string[] {
    // As a connection does.
    if (event.type === 'headSeen' && this.session.isAt(event.log, event.head, this.now)) return [];
    return this.session.handle(event, this.now).map(short);
  }

  receive(...frames: unknown[]): string[] {
    return this.tell({ type: 'messageReceived', frames });
  }

  join(cursors: Cursors = {}, more: Partial<Extract<SessionEvent, { type: 'joined' }>> = {}): string[] {
    return this.tell({ type: 'joined', state, welcome, cursors, denied: [], expiresIn: Infinity, ...more });
  }

  read(
    log: string,
    position: Position,
    result: Entry[] | Extract<SessionEvent, { type: 'logRead' }>['result'],
    head?: number,
  ): string[] {
    const [epoch, offset] = position;
    const answer = Array.isArray(result)
      ? {
          kind: 'entries' as const,
          entries: result,
          head: [epoch, head ?? result.at(-1)?.offset ?? offset] as const,
        }
      : result;
    return this.tell({ type: 'logRead', log, epoch, offset, result: answer });
  }

  offer(log: string, first: Entry, ...more: Entry[]): string[] {
    return this.tell({ type: 'runOffered', run: runOf(log, first, ...more), alone: false });
  }

  /** Moves the time on, waking the session at each of its deadlines. */
  advance(ms: number): string[] {
    const until = this.now + ms;
    const effects: string[] = [];
    while (this.session.deadline <= until) {
      this.now = Math.max(this.now, this.session.deadline);
      effects.push(...this.session.handle({ type: 'deadlinePassed' }, this.now).map(short));
    }
    this.now = until;
    return effects;
  }

  /** Milliseconds since the connection was opened. */
  get age(): number {
    return this.now - this.#opened;
  }
}

/** A stream that reads `room` from 3, and its inbox; nothing is under way. */
function live(settings: Partial<SessionSettings> = {}, more: Parameters<Dialogue['join']>[1] = {}): Dialogue {
  const dialogue = new Dialogue('stream', settings);
  dialogue.receive(hello);
  dialogue.join(room, more);
  dialogue.read('@s', ['i1', 0], []);
  dialogue.read('room', ['e1', 3], []);
  return dialogue;
}

// ── the table ─────────────────────────────────────────────────────────────────

type Phase = 'waiting' | 'opening' | 'live' | 'closed';
type Frame =
  | 'hello'
  | 'continue'
  | 'publish'
  | 'refused send'
  | 'skip'
  | 'ack'
  | 'auth'
  | 'ping'
  | 'pong'
  | 'bye'
  | 'unknown frame'
  | 'no message';
type Event = Exclude<SessionEvent['type'], 'messageReceived'> | 'deadlinePassed' | Frame;

const arrive: Record<Phase, () => Dialogue> = {
  waiting: () => new Dialogue(),
  opening: () => {
    const dialogue = new Dialogue();
    dialogue.receive(hello);
    return dialogue;
  },
  live: () => live(),
  closed: () => {
    const dialogue = new Dialogue();
    dialogue.tell({ type: 'refused', code: 'unauthorized' });
    return dialogue;
  },
};

const received = (...frames: unknown[]): SessionEvent => ({ type: 'messageReceived', frames });
const sample: Record<Exclude<Event, 'deadlinePassed'>, SessionEvent> = {
  hello: received(hello),
  continue: received(goOn()),
  publish: received(['publish', 1, 'room', envelope]),
  'refused send': received(['publish', 1, 'room', { ...envelope, omega: 2 }]),
  skip: received(['skip', 4, 4]),
  ack: received(['ack', 0]),
  auth: received(['auth', 'x']),
  ping: received(['ping', 7]),
  pong: received(['pong', 900]),
  bye: received(['bye']),
  'unknown frame': received(['binary', 1]),
  'no message': { type: 'messageReceived', frames: undefined },
  joined: { type: 'joined', state, welcome, cursors: {}, denied: [], expiresIn: Infinity },
  probed: { type: 'probed', welcome },
  refused: { type: 'refused', code: 'forbidden', field: 'nonce' },
  identified: { type: 'identified', expiresIn: 60_000 },
  changed: { type: 'changed' },
  looked: { type: 'looked', expiresIn: 60_000, refreshIn: 50_000, revision: 1 },
  begun: { type: 'begun', result: { kind: 'busy' } },
  performed: { type: 'performed', outcomes: [] },
  committed: { type: 'committed', result: { kind: 'committed', acked: 1, inbox: ['i1', 0] } },
  storeFailed: { type: 'storeFailed' },
  logRead: {
    type: 'logRead',
    log: 'other',
    epoch: 'e1',
    offset: 0,
    result: { kind: 'fork', base: 0, next: 'e2' },
  },
  runOffered: { type: 'runOffered', run: runOf('room', entry(4)), alone: true },
  headSeen: { type: 'headSeen', log: 'room', head: { epoch: 'e1', offset: 9, first: 1 } },
  touched: { type: 'touched', result: 'unknown' },
  heard: { type: 'heard' },
  echoed: { type: 'echoed', moment: 7 },
  answered: { type: 'answered', moment: 900 },
  superseded: { type: 'superseded' },
  replaced: { type: 'replaced' },
  successorGone: { type: 'successorGone' },
  reattached: { type: 'reattached', result: { kind: 'attached', state } },
  draining: { type: 'draining', after: 5_000 },
  blocked: { type: 'blocked' },
  writable: { type: 'writable' },
  turnEnded: { type: 'turnEnded' },
};

/** Cannot happen: nobody asked, or nobody is told. */
const never = Symbol('never');
const nothing = '';

/** What a stream does. Frames behind `hello` wait in `opening`. */
const table: Record<Event, Record<Phase, string | typeof never>> = {
  hello: { waiting: 'join', opening: nothing, live: '[error bad_frame hello]', closed: nothing },
  continue: {
    waiting: '[close bad_frame continue] close bad_frame',
    opening: nothing,
    live: '[error bad_frame continue]',
    closed: nothing,
  },
  publish: {
    waiting: '[close bad_frame hello] close bad_frame',
    opening: nothing,
    live: 'begin 1',
    closed: nothing,
  },
  'refused send': {
    waiting: '[close bad_frame hello] close bad_frame',
    opening: nothing,
    live: 'begin 1',
    closed: nothing,
  },
  skip: {
    waiting: '[close bad_frame hello] close bad_frame',
    opening: nothing,
    live: 'skip 4',
    closed: nothing,
  },
  ack: {
    waiting: '[close bad_frame hello] close bad_frame',
    opening: nothing,
    live: 'trimInbox 0',
    closed: nothing,
  },
  auth: {
    waiting: '[close bad_frame hello] close bad_frame',
    opening: nothing,
    live: 'identify',
    closed: nothing,
  },
  ping: {
    waiting: '[close bad_frame hello] close bad_frame',
    opening: nothing,
    live: '[pong 7]',
    closed: nothing,
  },
  pong: { waiting: nothing, opening: nothing, live: nothing, closed: nothing },
  bye: {
    waiting: '[close bad_frame hello] close bad_frame',
    opening: nothing,
    live: 'end [close bye] close bye',
    closed: nothing,
  },
  'unknown frame': {
    waiting: '[close bad_frame tag] close bad_frame',
    opening: nothing,
    live: '[error bad_frame tag]',
    closed: nothing,
  },
  'no message': {
    waiting: '[close bad_frame message] close bad_frame',
    opening: '[close bad_frame message] close bad_frame',
    live: '[error bad_frame message]',
    closed: nothing,
  },
  joined: { waiting: never, opening: '[welcome] follow @s i1:0', live: never, closed: nothing },
  probed: { waiting: never, opening: '[welcome]', live: never, closed: nothing },
  refused: {
    waiting: '[close forbidden nonce] close forbidden',
    opening: '[close forbidden nonce] close forbidden',
    live: '[close forbidden nonce] close forbidden',
    closed: nothing,
  },
  identified: { waiting: never, opening: never, live: nothing, closed: nothing },
  changed: { waiting: nothing, opening: nothing, live: 'look', closed: nothing },
  looked: { waiting: never, opening: never, live: nothing, closed: nothing },
  begun: { waiting: never, opening: never, live: nothing, closed: nothing },
  performed: { waiting: never, opening: never, live: never, closed: nothing },
  committed: { waiting: never, opening: never, live: never, closed: nothing },
  storeFailed: {
    waiting: never,
    opening: '[close overload] close overload',
    live: '[close overload] close overload',
    closed: nothing,
  },
  logRead: { waiting: never, opening: never, live: nothing, closed: nothing },
  runOffered: { waiting: never, opening: never, live: '[room e1:4]', closed: nothing },
  headSeen: { waiting: never, opening: never, live: 'read room e1:3', closed: nothing },
  touched: {
    waiting: never,
    opening: never,
    live: '[close session_unknown] close session_unknown',
    closed: nothing,
  },
  heard: { waiting: nothing, opening: nothing, live: nothing, closed: nothing },
  echoed: { waiting: never, opening: never, live: '[pong 7]', closed: nothing },
  answered: { waiting: never, opening: never, live: nothing, closed: nothing },
  superseded: { waiting: never, opening: never, live: nothing, closed: nothing },
  successorGone: { waiting: nothing, opening: nothing, live: nothing, closed: nothing },
  reattached: { waiting: never, opening: never, live: nothing, closed: nothing },
  replaced: { waiting: never, opening: never, live: nothing, closed: nothing },
  draining: {
    waiting: '[close drain] close drain',
    opening: '[close drain] close drain',
    live: '[drain]',
    closed: nothing,
  },
  blocked: { waiting: nothing, opening: nothing, live: nothing, closed: nothing },
  writable: { waiting: nothing, opening: nothing, live: nothing, closed: nothing },
  turnEnded: { waiting: nothing, opening: nothing, live: nothing, closed: nothing },
  deadlinePassed: { waiting: nothing, opening: nothing, live: nothing, closed: nothing },
};

const rows = Object.entries(table).flatMap(([event, phases]) =>
  Object.entries(phases)
    .filter(([, expected]) => expected !== never)
    .map(([phase, expected]) => [event, phase, expected] as [Event, Phase, string]),
);

describe('every phase', () => {
  test.each(rows)('is told "%s" while %s, and does: %s (P5, P12)', (event, phase, expected) => {
    const dialogue = arrive[phase]();
    const told = event === 'deadlinePassed' ? ({ type: 'deadlinePassed' } as const) : sample[event];
    const effects = dialogue.session.handle(told, dialogue.now).map(short);
    expect(effects.join(' ')).toBe(expected);
  });

  test.each<Phase>(['waiting', 'opening', 'live'])('that is %s has a deadline', (phase) => {
    expect(arrive[phase]().session.deadline).toBeLessThan(Infinity);
  });

  test('but closed has none', () => {
    expect(arrive.closed().session.deadline).toBe(Infinity);
  });
});

// ── what heartbeats measure ───────────────────────────────────────────────────

describe('the answer to a heartbeat', () => {
  /** A stream whose first heartbeat has gone out. */
  const asked = (): { dialogue: Dialogue; moment: number } => {
    const dialogue = live();
    expect(dialogue.advance(150)).toContain('[ping]');
    return { dialogue, moment: dialogue.now };
  };

  test('measures the round trip, on the connection and beside it (P50)', () => {
    const { dialogue, moment } = asked();
    expect(dialogue.session.measured).toBeUndefined();
    dialogue.advance(40);
    dialogue.receive(['pong', moment]);
    expect(dialogue.session.measured).toMatchObject({ roundTrip: 40, jitter: 0, missed: 0 });
    dialogue.advance(20_000 - 40);
    const second = dialogue.now;
    dialogue.advance(120);
    dialogue.tell({ type: 'answered', moment: second });
    expect(dialogue.session.measured).toMatchObject({ roundTrip: 50, jitter: 20 });
  });

  test('measures nothing when it repeats another moment than that of the last heartbeat', () => {
    const { dialogue, moment } = asked();
    dialogue.advance(40);
    dialogue.receive(['pong', moment - 1], ['pong', moment + 20], ['pong', 0]);
    expect(dialogue.session.measured).toBeUndefined();
  });

  test('is missed when it has not come by the next heartbeat', () => {
    const { dialogue, moment } = asked();
    dialogue.receive(['pong', moment]);
    expect(dialogue.advance(20_000)).toContain('[ping]');
    dialogue.tell({ type: 'heard' });
    expect(dialogue.session.measured?.missed).toBe(0);
    expect(dialogue.advance(20_000)).toContain('[ping]');
    expect(dialogue.session.measured?.missed).toBe(1);
  });

  test('is nothing that a poll has', () => {
    const dialogue = new Dialogue('poll');
    dialogue.receive(goOn());
    dialogue.join();
    dialogue.receive(['pong', dialogue.now]);
    expect(dialogue.session.measured).toBeUndefined();
  });
});

// ── hello ─────────────────────────────────────────────────────────────────────

describe('hello', () => {
  test('is answered with welcome first, then the data of the cursors (P12, P42)', () => {
    const dialogue = new Dialogue();
    dialogue.receive(hello);
    expect(dialogue.join({ '@': ['i1', 5], room: ['e1', 3], hall: ['h', 0] })).toEqual([
      '[welcome]',
      'follow @s i1:5',
      'follow room e1:3',
      'follow hall h:0',
    ]);
    expect(dialogue.session.generation).toBe(2);
    expect([...dialogue.session.logs]).toEqual(['@s', 'room', 'hall']);
  });

  test('is followed by the frames behind it, in order, once the session is open (P12)', () => {
    const dialogue = new Dialogue();
    expect(
      dialogue.receive(
        hello,
        ['publish', 1, 'room', envelope],
        ['ping', 5],
        ['publish', 2, 'room', envelope],
      ),
    ).toEqual(['join']);
    expect(dialogue.receive(['publish', 3, 'room', envelope])).toEqual([]);
    expect(dialogue.join()).toEqual(['[welcome]', 'follow @s i1:0', '[pong 5]', 'begin 1']);
    expect(dialogue.tell({ type: 'begun', result: { kind: 'run', redelivered: false } })).toEqual([
      'perform 1 2 3',
    ]);
  });

  test('that never comes closes a stream with timeout after 5 s (P67)', () => {
    const dialogue = new Dialogue();
    expect(dialogue.advance(4_999)).toEqual([]);
    expect(dialogue.advance(1)).toEqual(['[close timeout]', 'close timeout']);
  });

  test('that is not answered in that time closes it as well, so that a hanging store holds nothing (P67)', () => {
    const dialogue = new Dialogue();
    dialogue.receive(hello);
    expect(dialogue.advance(5_000)).toEqual(['[close timeout]', 'close timeout']);
  });

  test('that was welcome in time has no such end (P67)', () => {
    const dialogue = live();
    expect(dialogue.advance(10_000)).toEqual(['[ping]', 'touch']);
  });

  test('may be preceded by nothing: the first frame is welcome or close (P12)', () => {
    for (const frames of [[['ping', 1]], [['publish', 1, 'room', envelope]], [], undefined]) {
      const effects = new Dialogue().tell({ type: 'messageReceived', frames });
      if (frames?.length === 0) expect(effects).toEqual([]);
      else expect(effects[0]).toMatch(/^\[close bad_frame/);
    }
  });

  test('can be followed by so much only while the session is being opened', () => {
    const dialogue = new Dialogue();
    dialogue.receive(hello);
    const pings = Array.from({ length: 512 }, () => ['ping', 1]);
    expect(dialogue.receive(...pings)).toEqual([]);
    expect(dialogue.receive(['ping', 1])).toEqual(['[close rate_limited]', 'close rate_limited']);
  });

  test.each(['unauthorized', 'forbidden', 'session_unknown', 'version', 'drain'] as const)(
    'that is refused closes with %s, and nothing else was sent (P11, P12, P14, P15, P17)',
    (code) => {
      const dialogue = new Dialogue();
      dialogue.receive(hello, ['publish', 1, 'room', envelope]);
      expect(dialogue.tell({ type: 'refused', code })).toEqual([`[close ${code}]`, `close ${code}`]);
      expect(dialogue.join()).toEqual([]);
    },
  );

  test('tells a channel that is not allowed any more as a gap, and does not read it (P28, P44)', () => {
    const dialogue = new Dialogue();
    dialogue.receive(hello);
    expect(dialogue.join({ room: ['e1', 3], hall: ['h', 4] }, { denied: ['room'] })).toEqual([
      '[welcome]',
      'follow @s i1:0',
      '[gap room denied e1:3 to e1:3]',
      'report gap',
      'follow hall h:4',
    ]);
    expect(dialogue.offer('room', entry(4))).toEqual([]);
  });
});

describe('a heartbeat', () => {
  test('that is answered, on the stream or beside it, tells how long that took (P50)', () => {
    const dialogue = live();
    expect(dialogue.advance(150)).toContain('[ping]');
    const beat = dialogue.now;
    dialogue.advance(35);
    expect(dialogue.receive(['pong', beat])).toEqual(['measured 35']);
    expect(dialogue.tell({ type: 'answered', moment: beat })).toEqual([]);
    dialogue.advance(20_000 - 35);
    dialogue.now += 50;
    expect(dialogue.tell({ type: 'answered', moment: dialogue.now - 50 })).toEqual(['measured 50']);
  });

  test('is not measured by an answer to what it was not, or to one before it', () => {
    const dialogue = live();
    dialogue.advance(150);
    const beat = dialogue.now;
    for (const moment of [beat - 1, beat + 1, 0]) {
      expect(dialogue.receive(['pong', moment])).toEqual([]);
    }
    dialogue.advance(20_000);
    expect(dialogue.receive(['pong', beat])).toEqual([]);
  });
});

describe('a probe', () => {
  const probed = (): Dialogue => {
    const dialogue = new Dialogue();
    dialogue.receive(hello);
    expect(dialogue.tell({ type: 'probed', welcome })).toEqual(['[welcome]']);
    return dialogue;
  };

  test('gets its welcome and its pings, is echoed, and reads nothing (P16, P50, P51)', () => {
    const dialogue = probed();
    expect([...dialogue.session.logs]).toEqual([]);
    expect(dialogue.receive(['ping', 3])).toEqual(['[pong 3]']);
    expect(dialogue.advance(149)).toEqual([]);
    expect(dialogue.advance(1)).toEqual(['[ping]']);
    expect(dialogue.receive(['pong', dialogue.now])).toEqual(['measured 0']);
    expect(dialogue.advance(25_000)).toEqual(['[ping]']);
  });

  test('is over after 30 s (P16)', () => {
    expect(probed().advance(30_000).at(-1)).toBe('close timeout');
  });

  test('may become a real connection on the same stream (P16)', () => {
    const dialogue = probed();
    expect(dialogue.receive(hello)).toEqual(['join']);
    expect(dialogue.join(room)).toEqual(['[welcome]', 'follow @s i1:0', 'follow room e1:3']);
    expect(dialogue.advance(40_000).filter((effect) => effect.includes('close'))).toEqual([]);
  });

  test('over HTTP is answered and finished (P16)', () => {
    const dialogue = new Dialogue('poll');
    dialogue.receive(hello);
    expect(dialogue.tell({ type: 'probed', welcome })).toEqual(['[welcome]', 'finish']);
  });

  test('sends nothing: numbers belong to a session (P16)', () => {
    expect(probed().receive(['publish', 1, 'room', envelope]).at(-1)).toBe('close bad_frame');
  });
});

// ── down ──────────────────────────────────────────────────────────────────────

describe('an entry', () => {
  test('that is the successor is written, and the next one too (P25)', () => {
    const dialogue = live();
    expect(dialogue.offer('room', entry(4))).toEqual(['[room e1:4]']);
    expect(dialogue.offer('room', entry(5), entry(6))).toEqual(['[room e1:5, room e1:6]']);
  });

  test('of a run goes out as the bytes that every reader shares (P25)', () => {
    const run = runOf('room', entry(4), entry(5));
    const messages = [live(), live()].flatMap((dialogue) =>
      dialogue.session.handle({ type: 'runOffered', run, alone: true }, dialogue.now),
    );
    expect(messages).toEqual([
      { type: 'write', message: run.message },
      { type: 'write', message: run.message },
    ]);
  });

  test('that was written before is not written again (P25)', () => {
    const dialogue = live();
    dialogue.offer('room', entry(4), entry(5));
    expect(dialogue.offer('room', entry(4))).toEqual([]);
    expect(dialogue.offer('room', entry(4), entry(5))).toEqual([]);
  });

  test('in a run of which a part was written is read from the log (P25)', () => {
    const dialogue = live();
    dialogue.offer('room', entry(4));
    expect(dialogue.offer('room', entry(4), entry(5))).toEqual(['read room e1:4']);
    expect(dialogue.read('room', ['e1', 4], [entry(5)])).toEqual(['[room e1:5]']);
  });

  test('that is not the successor is not written: the log knows what is missing (P25)', () => {
    const dialogue = live();
    expect(dialogue.offer('room', entry(6))).toEqual(['read room e1:3']);
    expect(dialogue.read('room', ['e1', 3], entries(4, 6))).toEqual(['[room e1:4, room e1:5, room e1:6]']);
    expect(dialogue.offer('room', entry(7))).toEqual(['[room e1:7]']);
  });

  test('of another epoch makes the log be read (P25, P28)', () => {
    const dialogue = live();
    expect(dialogue.offer('room', entry(4, said, 'e2'))).toEqual(['read room e1:3']);
  });

  test('that comes while the log is being read is read behind it, not written between (P25)', () => {
    const dialogue = live();
    dialogue.offer('room', entry(6));
    expect(dialogue.offer('room', entry(4))).toEqual([]);
    expect(dialogue.offer('room', entry(7))).toEqual([]);
    expect(dialogue.read('room', ['e1', 3], entries(4, 6))).toEqual([
      '[room e1:4, room e1:5, room e1:6]',
      'read room e1:6',
    ]);
    expect(dialogue.read('room', ['e1', 6], [entry(7)])).toEqual(['[room e1:7]']);
  });

  test('beyond one read is asked for again until the head is reached (P25)', () => {
    const dialogue = live();
    dialogue.offer('room', entry(9));
    expect(dialogue.read('room', ['e1', 3], entries(4, 7), 9)).toEqual([
      '[room e1:4, room e1:5, room e1:6, room e1:7]',
      'read room e1:7',
    ]);
    expect(dialogue.read('room', ['e1', 7], entries(8, 9))).toEqual(['[room e1:8, room e1:9]']);
  });

  test('of a channel that is not read here is not written (P41, P43)', () => {
    expect(live().offer('hall', entry(1))).toEqual([]);
  });

  test('whose hint was lost is found when the heads are compared (P27)', () => {
    const dialogue = live();
    const seen = (offset: number, epoch = 'e1'): string[] =>
      dialogue.tell({ type: 'headSeen', log: 'room', head: { epoch, offset, first: 1 } });
    expect(seen(3)).toEqual([]);
    expect(seen(2)).toEqual([]);
    expect(seen(4)).toEqual(['read room e1:3']);
    expect(seen(5)).toEqual([]);
    dialogue.read('room', ['e1', 3], [entry(4)]);
    expect(seen(4, 'e2')).toEqual(['read room e1:4']);
  });
});

describe('the short way of a broadcast', () => {
  const run = runOf('room', entry(4), entry(5));

  test('takes what is simply the next thing to write, once (P25)', () => {
    const { session } = live();
    expect(session.accept(run)).toBe(run.message);
    expect(session.accept(run)).toBeUndefined();
    expect(session.accept(runOf('room', entry(6)))).toBeDefined();
  });

  test.each<[string, () => Dialogue]>([
    ['before it is live', arrive.opening],
    [
      'after it was closed',
      () => {
        const dialogue = live();
        dialogue.tell({ type: 'refused', code: 'forbidden' });
        return dialogue;
      },
    ],
    [
      'while it is full',
      () => {
        const dialogue = live();
        dialogue.tell({ type: 'blocked' });
        return dialogue;
      },
    ],
    [
      'while it reads the log',
      () => {
        const dialogue = live();
        dialogue.offer('room', entry(9));
        return dialogue;
      },
    ],
    [
      'when something was written already',
      () => {
        const dialogue = live();
        dialogue.offer('room', entry(4));
        return dialogue;
      },
    ],
  ])('is not open to a session %s (P25)', (_, at) => {
    expect(at().session.accept(run)).toBeUndefined();
  });

  test('is not open to other channels, epochs and the inbox, whose outcomes have to be obeyed (P25, P41)', () => {
    const { session } = live();
    expect(session.accept(runOf('hall', entry(4)))).toBeUndefined();
    expect(session.accept(runOf('room', entry(4, said, 'e2')))).toBeUndefined();
    expect(session.accept(runOf('room', entry(5)))).toBeUndefined();
    expect(session.accept(runOf('@s', entry(1, said, 'i1')))).toBeUndefined();
  });
});

describe('a log that is not continuous', () => {
  test('is told as one gap, and read on behind it (P25, P28)', () => {
    const dialogue = live();
    dialogue.offer('room', entry(90));
    expect(dialogue.read('room', ['e1', 3], { kind: 'gap', reason: 'trimmed', now: ['e1', 80] })).toEqual([
      '[gap room trimmed e1:3 to e1:80]',
      'report gap',
      'read room e1:80',
    ]);
    expect(dialogue.read('room', ['e1', 80], entries(81, 82), 82)).toEqual(['[room e1:81, room e1:82]']);
  });

  test('is told with its new epoch when it lost its history (P28)', () => {
    const dialogue = live();
    dialogue.offer('room', entry(1, said, 'e9'));
    expect(dialogue.read('room', ['e1', 3], { kind: 'gap', reason: 'epoch', now: ['e9', 0] })).toEqual([
      '[gap room epoch e1:3 to e9:0]',
      'report gap',
      'read room e9:0',
    ]);
    dialogue.read('room', ['e9', 0], [entry(1, said, 'e9')]);
    expect(dialogue.offer('room', entry(2, said, 'e9'))).toEqual(['[room e9:2]']);
  });

  test('is told to go on under another epoch, with nothing missing (P24)', () => {
    const dialogue = live();
    dialogue.offer('room', entry(4, said, 'e2'));
    expect(dialogue.read('room', ['e1', 3], { kind: 'fork', base: 3, next: 'e2' })).toEqual([
      '[gap room forked e1:3 to e2:3]',
      'read room e2:3',
    ]);
    expect(dialogue.read('room', ['e2', 3], [entry(4, said, 'e2')])).toEqual(['[room e2:4]']);
  });

  test('is told of the inbox under its own name only (P28)', () => {
    const dialogue = live();
    dialogue.tell({ type: 'headSeen', log: '@s', head: { epoch: 'i1', offset: 9, first: 8 } });
    expect(dialogue.read('@s', ['i1', 0], { kind: 'gap', reason: 'inbox_overflow', now: ['i1', 7] })).toEqual(
      ['[gap @ inbox_overflow i1:0 to i1:7]', 'report gap', 'read @s i1:7'],
    );
  });
});

describe('a full connection', () => {
  const full = (): Dialogue => {
    const dialogue = live();
    dialogue.tell({ type: 'blocked' });
    return dialogue;
  };

  test('is given no entries, and reads the log when there is room again', () => {
    const dialogue = full();
    expect(dialogue.offer('room', entry(4))).toEqual([]);
    expect(dialogue.offer('room', entry(5))).toEqual([]);
    expect(dialogue.tell({ type: 'writable' })).toEqual(['read room e1:3']);
    expect(dialogue.read('room', ['e1', 3], entries(4, 5))).toEqual(['[room e1:4, room e1:5]']);
    expect(dialogue.offer('room', entry(6))).toEqual(['[room e1:6]']);
  });

  test('is given none of a read that was under way either', () => {
    const dialogue = live();
    dialogue.offer('room', entry(6));
    dialogue.tell({ type: 'blocked' });
    expect(dialogue.read('room', ['e1', 3], entries(4, 6))).toEqual([]);
    expect(dialogue.tell({ type: 'writable' })).toEqual(['read room e1:3']);
  });

  test('reads nothing for a head that moved on, and nothing at all when nothing was missed', () => {
    const dialogue = full();
    expect(
      dialogue.tell({ type: 'headSeen', log: 'room', head: { epoch: 'e1', offset: 9, first: 1 } }),
    ).toEqual([]);
    expect(full().tell({ type: 'writable' })).toEqual([]);
  });

  test('is closed with slow_consumer after 30 s, heartbeats written in between or not', () => {
    const dialogue = full();
    const effects: string[] = [];
    for (let second = 0; second < 29; second++) {
      effects.push(...dialogue.advance(1_000));
      // The socket says so after each write.
      dialogue.tell({ type: 'blocked' });
      dialogue.receive(['pong', dialogue.now]);
    }
    expect(effects).toEqual(['[ping]', 'touch', '[ping]', 'touch']);
    expect(dialogue.advance(1_000)).toEqual(['[close slow_consumer]', 'close slow_consumer']);
  });

  test('that had room in time is not closed', () => {
    const dialogue = full();
    dialogue.advance(29_000);
    dialogue.tell({ type: 'writable' });
    dialogue.receive(['pong', dialogue.now]);
    expect(dialogue.advance(29_000).filter((effect) => effect.startsWith('close'))).toEqual([]);
  });
});

// ── up ────────────────────────────────────────────────────────────────────────

describe('a send', () => {
  const run: SessionEvent = { type: 'begun', result: { kind: 'run', redelivered: false } };
  const done = (acked: number, inbox = 0): SessionEvent => ({
    ...{ type: 'committed', result: { kind: 'committed', acked, inbox: ['i1', inbox] } },
  });

  test('is acknowledged after its commit, not before (P33)', () => {
    const dialogue = live();
    expect(dialogue.receive(['publish', 1, 'room', envelope])).toEqual(['begin 1']);
    expect(dialogue.tell(run)).toEqual(['perform 1']);
    expect(dialogue.tell({ type: 'performed', outcomes: [undefined] })).toEqual(['commit 1']);
    expect(dialogue.tell(done(1))).toEqual(['[acked 1 at 0]']);
  });

  test('of a message is one batch with the others; a request is alone (P30)', () => {
    const dialogue = live();
    dialogue.receive(
      ['publish', 1, 'room', envelope],
      ['publish', 2, 'room', envelope],
      ['request', 3, envelope],
      ['publish', 4, 'room', envelope],
    );
    expect(dialogue.tell(run)).toEqual(['perform 1 2']);
    dialogue.tell({ type: 'performed', outcomes: [] });
    expect(dialogue.tell(done(2))).toEqual(['[acked 2 at 0]', 'begin 3']);
    expect(dialogue.tell(run)).toEqual(['perform 3']);
  });

  test('that is known is acknowledged; one too high is told the number that is expected (P31, P32)', () => {
    const dialogue = live();
    dialogue.receive(['publish', 1, 'room', envelope]);
    expect(
      dialogue.tell({ type: 'begun', result: { kind: 'duplicate', acked: 6, inbox: ['i1', 2] } }),
    ).toEqual(['[acked 6 at 2]']);
    dialogue.receive(['publish', 9, 'room', envelope]);
    expect(dialogue.tell({ type: 'begun', result: { kind: 'expect', number: 7 } })).toEqual(['[expect 7]']);
  });

  test('with a wrong field becomes a refused outcome of its number; the others go on (P5, P35)', () => {
    const dialogue = live();
    dialogue.receive(
      ['publish', 1, 'room', envelope],
      ['publish', 2, 'room', { ...envelope, mood: 1 }],
      ['publish', 3, 'room', envelope],
    );
    const effects = dialogue.session.handle(run, dialogue.now);
    expect(effects).toMatchObject([
      { type: 'perform', batch: [{ number: 1 }, { number: 2, refusedField: 'mood' }, { number: 3 }] },
    ]);
  });

  test('without a readable number is answered with an error, and the session goes on (P5)', () => {
    const dialogue = live();
    expect(dialogue.receive(['publish', 'one', 'room', envelope], ['ping', 4])).toEqual([
      '[error bad_frame number]',
      '[pong 4]',
    ]);
  });

  test('over the window closes the connection with rate_limited (P37)', () => {
    const dialogue = live({ window: 3 });
    const sends = Array.from({ length: 4 }, (_, n) => ['publish', n + 1, 'room', envelope]);
    expect(dialogue.receive(...sends.slice(0, 3))).toEqual(['begin 1']);
    expect(dialogue.receive(sends[3])).toEqual(['[close rate_limited]', 'close rate_limited']);
  });

  test('over the rate waits for its turn, and is not refused', () => {
    const dialogue = live({ rate: { perSecond: 10, burst: 1 } });
    expect(dialogue.receive(['publish', 1, 'room', envelope], ['publish', 2, 'room', envelope])).toEqual([
      'begin 1',
    ]);
    dialogue.tell(run);
    dialogue.tell({ type: 'performed', outcomes: [undefined] });
    expect(dialogue.tell(done(1))).toEqual(['[acked 1 at 0]']);
    expect(dialogue.advance(99)).toEqual([]);
    expect(dialogue.advance(1)).toEqual(['begin 2']);
  });

  test('whose session ended closes with session_unknown (P14)', () => {
    const dialogue = live();
    dialogue.receive(['publish', 1, 'room', envelope]);
    expect(dialogue.tell({ type: 'begun', result: { kind: 'unknown' } })).toEqual([
      '[close session_unknown]',
      'close session_unknown',
    ]);
  });

  test('that the store did not answer closes with overload: nothing was acknowledged (P33)', () => {
    const dialogue = live();
    dialogue.receive(['publish', 1, 'room', envelope]);
    dialogue.tell(run);
    expect(dialogue.tell({ type: 'storeFailed' })).toEqual(['[close overload]', 'close overload']);
  });

  test('behind a skip is performed once the skip is committed, and is never lost by it (P40)', () => {
    const dialogue = live();
    dialogue.receive(['publish', 8, 'room', envelope]);
    expect(dialogue.tell({ type: 'begun', result: { kind: 'expect', number: 4 } })).toEqual(['[expect 4]']);
    expect(dialogue.receive(['skip', 4, 6], ['publish', 7, 'room', envelope])).toEqual(['skip 6']);
    expect(dialogue.tell(done(6))).toEqual(['[acked 6 at 0]', 'begin 7']);
    expect(dialogue.tell(run)).toEqual(['perform 7']);
    dialogue.tell({ type: 'performed', outcomes: [undefined] });
    expect(dialogue.tell(done(7))).toEqual(['[acked 7 at 0]']);
  });
});

describe('an acknowledgement of the inbox', () => {
  test('lets the store forget what was handed on (P34)', () => {
    const dialogue = live();
    dialogue.offer('@s', entry(1, `${said},1`, 'i1'));
    expect(dialogue.receive(['ack', 1])).toEqual(['trimInbox 1']);
  });

  test('of something that was never sent is an error, and forgets nothing (P5)', () => {
    const dialogue = live();
    expect(dialogue.receive(['ack', 1])).toEqual(['[error bad_frame offset]']);
  });
});

// ── subscriptions ─────────────────────────────────────────────────────────────

describe('a subscription', () => {
  const subscribed = (channel: string, position: Position): string =>
    `${system('subscribed', { channel, position })},1`;
  const unsubscribed = (channel: string): string => `${system('unsubscribed', { channel })},2`;

  test('begins behind its outcome, at the position that it names (P41)', () => {
    const dialogue = live();
    expect(dialogue.offer('@s', entry(1, subscribed('hall', ['h', 41]), 'i1'))).toEqual([
      '[@ i1:1 for 1]',
      'follow hall h:41',
    ]);
    expect(dialogue.read('hall', ['h', 41], [])).toEqual([]);
    expect(dialogue.offer('hall', entry(42, said, 'h'))).toEqual(['[hall h:42]']);
  });

  test('begins also when its outcome is read from the inbox after a reconnect (P41)', () => {
    const dialogue = new Dialogue();
    dialogue.receive(hello);
    dialogue.join();
    expect(dialogue.read('@s', ['i1', 0], [entry(1, subscribed('hall', ['h', 2]), 'i1')])).toEqual([
      '[@ i1:1 for 1]',
      'follow hall h:2',
    ]);
  });

  test('that is among the cursors is not begun a second time (P42)', () => {
    const dialogue = live();
    expect(dialogue.offer('@s', entry(1, subscribed('room', ['e1', 0]), 'i1'))).toEqual(['[@ i1:1 for 1]']);
    expect(dialogue.offer('room', entry(4))).toEqual(['[room e1:4]']);
  });

  test('is not begun by an application that says the same words (P41)', () => {
    const dialogue = live();
    const spoof = system('subscribed', { channel: 'hall', position: ['h', 1] });
    expect(dialogue.offer('@s', entry(1, spoof, 'i1'))).toEqual(['[@ i1:1]']);
    expect(dialogue.offer('room', entry(4, subscribed('hall', ['h', 1])))).toEqual(['[room e1:4 for 1]']);
  });

  test('ends behind the outcome that says so (P43)', () => {
    const dialogue = live();
    expect(dialogue.offer('@s', entry(1, unsubscribed('room'), 'i1'))).toEqual([
      '[@ i1:1 for 2]',
      'unfollow room',
    ]);
    expect(dialogue.offer('room', entry(4))).toEqual([]);
    expect(
      dialogue.tell({ type: 'headSeen', log: 'room', head: { epoch: 'e1', offset: 9, first: 1 } }),
    ).toEqual([]);
  });

  test('that ended and began anew is not given what was read for the one before (P25, P41)', () => {
    const dialogue = live();
    expect(dialogue.offer('room', entry(6))).toEqual(['read room e1:3']);
    dialogue.offer('@s', entry(1, unsubscribed('room'), 'i1'));
    expect(dialogue.offer('@s', entry(2, subscribed('room', ['e1', 9]), 'i1'))).toEqual([
      '[@ i1:2 for 1]',
      'follow room e1:9',
    ]);
    expect(dialogue.read('room', ['e1', 3], entries(4, 6))).toEqual([]);
    expect(dialogue.read('room', ['e1', 9], [entry(10)])).toEqual(['[room e1:10]']);
  });
});

// ── time ──────────────────────────────────────────────────────────────────────

describe('the heartbeat', () => {
  test('of a stream begins 150 ms after welcome, then keeps its interval (P50, P51)', () => {
    const dialogue = live();
    const pings: number[] = [];
    for (let ms = 0; ms < 60_000; ms += 50) {
      if (dialogue.advance(50).includes('[ping]')) pings.push(dialogue.age);
      dialogue.tell({ type: 'heard' });
    }
    expect(pings).toEqual([150, 20_150, 40_150]);
  });

  test('is as quick as the client asked for, and never slower than the server wants (P50)', () => {
    for (const [asked, interval] of [
      [5_000, 5_000],
      [300_000, 20_000],
    ] as const) {
      const dialogue = new Dialogue();
      dialogue.receive(['hello', { version: 1, nonce, heartbeat: asked }]);
      dialogue.join();
      dialogue.advance(150);
      expect(dialogue.advance(interval - 1)).toEqual([]);
      expect(dialogue.advance(1)).toContain('[ping]');
    }
  });

  test('goes on while the log is silent, and while it is full (P50)', () => {
    const dialogue = live();
    dialogue.tell({ type: 'blocked' });
    expect(dialogue.advance(150)).toContain('[ping]');
  });

  test('makes contact with the store when the client was heard, as this generation (P13)', () => {
    const dialogue = live();
    const effects = dialogue.session.handle({ type: 'deadlinePassed' }, dialogue.now + 150);
    expect(effects.at(-1)).toEqual({ type: 'touch', generation: 2 });
    // Nothing was heard since: silence of the client does not keep its session.
    expect(dialogue.advance(20_150)).toEqual(['[ping]', 'report heartbeat_missed']);
    dialogue.receive(['pong', dialogue.now]);
    expect(dialogue.advance(20_000)).toEqual(['[ping]', 'touch']);
  });

  test('does not come from a poll: its answer is the sign of life (P50)', () => {
    const dialogue = new Dialogue('poll');
    dialogue.receive(goOn(60_000));
    dialogue.join({}, { welcome: undefined });
    dialogue.read('@s', ['i1', 0], []);
    expect(dialogue.advance(59_000)).toEqual([]);
  });
});

describe('silence', () => {
  test('of two and a half heartbeats closes with timeout, to the millisecond (P53)', () => {
    const dialogue = live();
    dialogue.advance(10_000);
    dialogue.receive(['pong', dialogue.now]);
    const before = dialogue.advance(49_999);
    expect(before.filter((effect) => effect.includes('close'))).toEqual([]);
    expect(dialogue.advance(1)).toEqual(['[close timeout]', 'close timeout']);
  });

  test('of the time that is set closes, however quick the heartbeat is that the client asks for (P53)', () => {
    const dialogue = new Dialogue('stream', { silence: 31_000 });
    dialogue.receive(['hello', { version: 1, nonce, heartbeat: 5_000 }]);
    dialogue.join();
    expect(dialogue.advance(30_999).filter((effect) => effect.includes('close'))).toEqual([]);
    expect(dialogue.advance(1)).toEqual(['[close timeout]', 'close timeout']);
  });

  test.each<[string, SessionEvent]>([
    ['a pong', received(['pong', 1])],
    ['a ping', received(['ping', 1])],
    ['a send', received(['publish', 1, 'room', envelope])],
    ['nonsense', received('nonsense')],
    ['a request of the session on another connection', { type: 'heard' }],
    ['a request of the session on another node, of which the store tells', inboxSeen(2)],
  ])('is broken by %s (P53)', (_, event) => {
    const dialogue = live();
    dialogue.advance(49_000);
    dialogue.tell(event);
    expect(dialogue.advance(49_000).filter((effect) => effect.startsWith('close'))).toEqual([]);
  });

  test('is not broken by what the server writes (P53)', () => {
    const dialogue = live();
    for (let offset = 4; offset < 52; offset++) {
      dialogue.advance(1_000);
      dialogue.offer('room', entry(offset));
    }
    expect(dialogue.advance(2_000).at(-1)).toBe('close timeout');
  });
});

describe('credentials', () => {
  test('that expire close with unauthorized (P55)', () => {
    const dialogue = live({}, { expiresIn: 10_000 });
    expect(dialogue.advance(9_999)).not.toContain('close unauthorized');
    expect(dialogue.advance(1)).toEqual(['[close unauthorized]', 'close unauthorized']);
  });

  test('that were refreshed count from then on', () => {
    const dialogue = live({}, { expiresIn: 10_000 });
    dialogue.advance(5_000);
    expect(dialogue.receive(['auth', { token: 'x' }])).toEqual(['identify']);
    expect(dialogue.tell({ type: 'identified', expiresIn: 8_000 })).toEqual([]);
    expect(dialogue.advance(7_999)).toEqual([]);
    expect(dialogue.advance(1).at(-1)).toBe('close unauthorized');
  });

  test('are asked for before they end, and again in 5 s, while everything goes on (P81)', () => {
    const dialogue = live({}, { expiresIn: 30_000, refreshIn: 10_000 });
    expect(dialogue.advance(9_999)).not.toContain('[error unauthorized auth]');
    expect(dialogue.advance(1)).toContain('[error unauthorized auth]');
    expect(dialogue.advance(4_999)).toEqual([]);
    expect(dialogue.advance(1)).toContain('[error unauthorized auth]');
    dialogue.tell({ type: 'identified', expiresIn: 30_000, refreshIn: 20_000 });
    expect(dialogue.advance(19_999)).not.toContain('[error unauthorized auth]');
    expect(dialogue.advance(1)).toContain('[error unauthorized auth]');
  });

  test('that are to be asked for end a poll that is held: the next one is told (P81)', () => {
    const dialogue = new Dialogue('poll');
    dialogue.receive(goOn(20_000));
    dialogue.join({}, { welcome: undefined, refreshIn: 10_000 });
    dialogue.read('@s', ['i1', 0], []);
    expect(dialogue.advance(9_999)).toEqual([]);
    expect(dialogue.advance(1)).toEqual(['awaitTurn']);
    expect(dialogue.tell({ type: 'turnEnded' })).toEqual(['finish']);
    const next = new Dialogue('poll');
    next.receive(goOn(20_000));
    expect(next.join({}, { welcome: undefined, refreshIn: 0 })).toContain('[error unauthorized auth]');
  });

  test('that came are not asked for again within 5 s, however short they last (P81)', () => {
    const dialogue = live({}, { expiresIn: 30_000, refreshIn: 0 });
    expect(dialogue.tell({ type: 'identified', expiresIn: 30_000, refreshIn: 0 })).toEqual([]);
    expect(dialogue.advance(4_999)).not.toContain('[error unauthorized auth]');
    expect(dialogue.advance(1)).toContain('[error unauthorized auth]');
  });

  test('that changed elsewhere are looked at: the store says how long they last (P84)', () => {
    const dialogue = live({}, { expiresIn: 10_000 });
    expect(dialogue.tell({ type: 'changed' })).toEqual(['look']);
    dialogue.tell({ type: 'looked', expiresIn: 19_000, refreshIn: Infinity, revision: 1 });
    expect(dialogue.advance(18_999)).not.toContain('close unauthorized');
    expect(dialogue.tell({ type: 'looked', expiresIn: 0, refreshIn: Infinity, revision: 2 })).toEqual([
      '[close unauthorized auth]',
      'close unauthorized',
    ]);
  });

  test('are looked at as well when a head has a revision that is not known here (P84, P27)', () => {
    const dialogue = live();
    const seen = (revision?: number) => dialogue.tell(inboxSeen(2, revision));
    expect([seen(), seen(1)]).toEqual([[], ['look']]);
    dialogue.tell({ type: 'looked', expiresIn: Infinity, refreshIn: Infinity, revision: 1 });
    expect([seen(1), seen(2)]).toEqual([[], ['look']]);
  });

  test('are looked at as well when a read of the inbox says so: they changed before it was followed (P84)', () => {
    const dialogue = live();
    const read = (revision?: number) =>
      dialogue.tell({
        ...{ type: 'logRead', log: '@s', epoch: 'i1', offset: 0 },
        result: { kind: 'entries', entries: [], head: ['i1', 0], ...(revision && { revision }) },
      });
    expect(read(1)).toEqual(['look']);
    dialogue.tell({ type: 'looked', expiresIn: Infinity, refreshIn: Infinity, revision: 1 });
    expect([read(), read(1), read(2)]).toEqual([[], [], ['look']]);
  });

  test('that were refused close the connection; the session lives on', () => {
    const dialogue = live();
    dialogue.receive(['auth', 'x']);
    const effects = dialogue.tell({ type: 'refused', code: 'unauthorized', field: 'auth' });
    expect(effects).toEqual(['[close unauthorized auth]', 'close unauthorized']);
  });
});

describe('a request that says bye', () => {
  test('to a session that has ended already is answered bye, not refused (P72)', () => {
    const dialogue = new Dialogue('send');
    dialogue.receive(goOn(), ['bye']);
    expect(dialogue.tell({ type: 'refused', code: 'session_unknown' })).toEqual(['[close bye]', 'close bye']);
  });
});

describe('a superseded stream', () => {
  const supersede: [string, SessionEvent][] = [
    ['the hub', { type: 'superseded' }],
    ['the store', { type: 'touched', result: 'superseded' }],
    ['a head in the store', inboxSeen(3)],
  ];
  test.each(supersede)('goes on delivering for 5 s after %s said so, then closes (P13)', (_, event) => {
    const dialogue = live();
    expect(dialogue.tell(event)).toEqual([]);
    expect(dialogue.offer('room', entry(4))).toEqual(['[room e1:4]']);
    dialogue.advance(4_000);
    dialogue.tell({ type: 'superseded' });
    expect(dialogue.advance(999)).toEqual([]);
    expect(dialogue.advance(1)).toEqual(['[close superseded]', 'close superseded']);
  });

  test('takes the session again when its successor is gone, and lives on (P13)', () => {
    const dialogue = live();
    dialogue.tell({ type: 'superseded' });
    expect(dialogue.tell({ type: 'successorGone' })).toEqual(['reattach']);
    const regained = { ...state, generation: state.generation + 2 };
    dialogue.tell({ type: 'reattached', result: { kind: 'attached', state: regained } });
    expect(dialogue.session.generation).toBe(regained.generation);
    expect(dialogue.advance(5_001)).not.toContain('close superseded');
  });

  test('whose session ended with its successor is told so (P14)', () => {
    const dialogue = live();
    dialogue.tell({ type: 'superseded' });
    dialogue.tell({ type: 'successorGone' });
    expect(dialogue.tell({ type: 'reattached', result: { kind: 'unknown' } })).toEqual([
      '[close session_unknown]',
      'close session_unknown',
    ]);
  });

  test('of HTTP is closed at once: its poll is answered superseded (P13)', () => {
    const dialogue = held();
    expect(dialogue.tell({ type: 'superseded' })).toEqual(['[close superseded]', 'close superseded']);
  });
});

describe('the end', () => {
  test('by the client ends the session, then closes (P72)', () => {
    expect(live().receive(['bye'], ['publish', 1, 'room', envelope])).toEqual([
      'end',
      '[close bye]',
      'close bye',
    ]);
  });

  test('of the node is told on every stream, with the moment at which it is to be elsewhere (P71)', () => {
    const dialogue = live();
    const [effect] = dialogue.session.handle({ type: 'draining', after: 8_000 }, dialogue.now);
    const frames = effect?.type === 'write' ? parseMessage(`[${effect.message.frames}]`) : undefined;
    expect(frames).toMatchObject([
      ['drain', { delta: 'drain', lambda: 'reconnect_elsewhere', payload: { after: 8_000 } }],
    ]);
    expect(dialogue.offer('room', entry(4))).toEqual(['[room e1:4]']);
  });

  test('is told before it happens, with the advice of its code (P70)', () => {
    const dialogue = live();
    const effects = dialogue.session.handle(
      { type: 'refused', code: 'forbidden', field: 'auth' },
      dialogue.now,
    );
    const [write] = effects;
    expect(write?.type === 'write' && write.message.frames).toBe(
      JSON.stringify(['close', faultEnvelope('forbidden', 2, { field: 'auth' })]),
    );
  });
});

// ── polls and batches of sends ────────────────────────────────────────────────

/** A poll that is held for 25 s; nothing is under way. */
function held(settings: Partial<SessionSettings> = {}): Dialogue {
  const dialogue = new Dialogue('poll', settings);
  expect(dialogue.receive(goOn(25_000))).toEqual(['rejoin']);
  dialogue.join(room, { welcome: undefined });
  dialogue.read('@s', ['i1', 0], []);
  expect(dialogue.read('room', ['e1', 3], [])).toEqual([]);
  return dialogue;
}

describe('a poll', () => {
  const turnEnded: SessionEvent = { type: 'turnEnded' };

  test('is held until there is data, then answered at the end of the turn (P64)', () => {
    const dialogue = held();
    dialogue.advance(20_000);
    expect(dialogue.offer('room', entry(4))).toEqual(['[room e1:4]', 'awaitTurn']);
    expect(dialogue.offer('@s', entry(1, said, 'i1'))).toEqual(['[@ i1:1]']);
    expect(dialogue.tell(turnEnded)).toEqual(['finish']);
    expect(dialogue.offer('room', entry(5))).toEqual([]);
  });

  test('is answered at once with what is the only thing of its turn (P64)', () => {
    const dialogue = held();
    const run = runOf('room', entry(4));
    expect(dialogue.tell({ type: 'runOffered', run, alone: true })).toEqual(['[room e1:4]', 'finish']);
  });

  test('in its first moments gathers entries, so that a busy channel costs few requests (P64)', () => {
    const dialogue = held({ linger: 30 });
    expect(dialogue.offer('room', entry(4))).toEqual(['[room e1:4]']);
    expect(dialogue.advance(29)).toEqual([]);
    expect(dialogue.offer('room', entry(5))).toEqual(['[room e1:5]']);
    expect(dialogue.advance(1)).toEqual(['awaitTurn']);
    expect(dialogue.tell(turnEnded)).toEqual(['finish']);
  });

  test('that has waited is not delayed by gathering (P64)', () => {
    const dialogue = held({ linger: 30 });
    dialogue.advance(30);
    expect(dialogue.offer('room', entry(4))).toEqual(['[room e1:4]', 'awaitTurn']);
  });

  test('is answered empty when its time is over (P64)', () => {
    const dialogue = held();
    expect(dialogue.advance(24_999)).toEqual([]);
    expect(dialogue.advance(1)).toEqual(['awaitTurn']);
    expect(dialogue.tell(turnEnded)).toEqual(['finish']);
  });

  test('is answered when a newer one of the session arrives (P64)', () => {
    const dialogue = held();
    expect(dialogue.tell({ type: 'replaced' })).toEqual(['awaitTurn']);
    expect(dialogue.tell(turnEnded)).toEqual(['finish']);
  });

  test('is answered when the node drains (P71)', () => {
    const dialogue = held();
    expect(dialogue.tell({ type: 'draining', after: 100 })).toEqual(['[drain]', 'awaitTurn']);
    expect(dialogue.tell(turnEnded)).toEqual(['finish']);
  });

  test('without a wait is answered at once, with what the logs hold (P64)', () => {
    const dialogue = new Dialogue('poll');
    dialogue.receive(goOn(0));
    expect(dialogue.join(room, { welcome: undefined })).toEqual(['follow @s i1:0', 'follow room e1:3']);
    expect(dialogue.tell(turnEnded)).toEqual([]);
    expect(dialogue.read('room', ['e1', 3], entries(4, 5))).toEqual(['[room e1:4, room e1:5]']);
    expect(dialogue.read('@s', ['i1', 0], [])).toEqual(['awaitTurn']);
    expect(dialogue.tell(turnEnded)).toEqual(['finish']);
  });

  test('that opens a session is answered at once, with everything: welcome, outcome, entries (P12)', () => {
    const dialogue = new Dialogue('poll');
    dialogue.receive(hello, ['subscribe', 1, 'hall', { last: 10 }], ['publish', 2, 'hall', envelope]);
    expect(dialogue.join()).toEqual(['[welcome]', 'follow @s i1:0', 'begin 1']);
    dialogue.read('@s', ['i1', 0], []);
    dialogue.tell({ type: 'begun', result: { kind: 'run', redelivered: false } });
    dialogue.tell({ type: 'performed', outcomes: ['outcome', undefined] });
    const outcome = `${system('subscribed', { channel: 'hall', position: ['h', 40] })},1`;
    expect(
      dialogue.tell({ type: 'committed', result: { kind: 'committed', acked: 2, inbox: ['i1', 1] } }),
    ).toEqual(['[acked 2 at 1]', 'awaitTurn']);
    expect(dialogue.offer('@s', entry(1, outcome, 'i1'))).toEqual(['[@ i1:1 for 1]', 'follow hall h:40']);
    expect(dialogue.tell(turnEnded)).toEqual([]);
    expect(dialogue.read('hall', ['h', 40], [entry(41, said, 'h')])).toEqual(['[hall h:41]', 'awaitTurn']);
    expect(dialogue.tell(turnEnded)).toEqual(['finish']);
  });

  test('that opens a session does not wait long for the sends that came with it (P64)', () => {
    const dialogue = new Dialogue('poll');
    dialogue.receive(hello, ['request', 1, envelope], ['request', 2, envelope]);
    dialogue.join();
    dialogue.read('@s', ['i1', 0], []);
    dialogue.tell({ type: 'begun', result: { kind: 'run', redelivered: false } });
    expect(dialogue.advance(99)).toEqual([]);
    expect(dialogue.advance(1)).toEqual(['finish']);
  });

  test('that sends is not answered before its sends are settled (P33)', () => {
    const dialogue = new Dialogue('poll');
    dialogue.receive(goOn(0), ['publish', 1, 'room', envelope]);
    dialogue.join({}, { welcome: undefined });
    dialogue.read('@s', ['i1', 0], []);
    expect(dialogue.advance(4_000)).toEqual([]);
    expect(dialogue.tell(turnEnded)).toEqual([]);
  });

  test('may begin neither with anything else nor with two beginnings', () => {
    expect(new Dialogue('poll').receive(['ping', 1]).at(-1)).toBe('close bad_frame');
    const dialogue = new Dialogue('poll');
    dialogue.receive(goOn(25_000), goOn(25_000));
    expect(dialogue.join({}, { welcome: undefined })).toContain('[error bad_frame continue]');
  });
});

describe('a poll that asks for a small answer (P69)', () => {
  const turnEnded: SessionEvent = { type: 'turnEnded' };
  const least = 1_024;
  const filled = (offset: number, length: number): Entry =>
    entry(offset, JSON.stringify({ ...envelope, payload: 'x'.repeat(length) }));
  /** Its logs are being read. */
  const asking = (asked: object, settings: Partial<SessionSettings> = {}): Dialogue => {
    const dialogue = new Dialogue('poll', settings);
    const [tag, request] = goOn(0) as [string, object];
    dialogue.receive([tag, { ...request, ...asked }]);
    dialogue.join(room, { welcome: undefined });
    dialogue.read('@s', ['i1', 0], []);
    return dialogue;
  };

  test('has as many entries as fit; the rest waits for the next one', () => {
    const dialogue = asking({ answer: least });
    const four = [4, 5, 6, 7].map((offset) => filled(offset, 300));
    expect(dialogue.read('room', ['e1', 3], four)).toEqual(['[room e1:4, room e1:5]', 'awaitTurn']);
    expect(dialogue.offer('room', filled(8, 1))).toEqual([]);
    expect(dialogue.tell(turnEnded)).toEqual(['finish']);
  });

  test('counts bytes, and not characters', () => {
    const dialogue = asking({ answer: least });
    const two = [4, 5].map((offset) =>
      entry(offset, JSON.stringify({ ...envelope, payload: 'ї'.repeat(250) })),
    );
    expect(dialogue.read('room', ['e1', 3], two)).toEqual(['[room e1:4]', 'awaitTurn']);
  });

  test('has of a run that is offered as much as fits', () => {
    const dialogue = asking({ answer: least, wait: 25_000 });
    expect(dialogue.read('room', ['e1', 3], [])).toEqual([]);
    const run = [filled(4, 500), filled(5, 500)] as const;
    expect(dialogue.offer('room', ...run)).toEqual(['[room e1:4]', 'awaitTurn']);
  });

  test('has an entry that is larger alone, and nothing else', () => {
    const dialogue = asking({ answer: least });
    const both = [filled(4, 2_000), filled(5, 1)];
    expect(dialogue.read('room', ['e1', 3], both)).toEqual(['[room e1:4]', 'awaitTurn']);
    const behind = asking({ answer: least });
    expect(behind.read('room', ['e1', 3], [filled(4, 1), filled(5, 2_000)])).toEqual([
      '[room e1:4]',
      'awaitTurn',
    ]);
  });

  test('has nothing but welcome when it opens, and what fits beside it', () => {
    const opening = (length: number): string[] => {
      const dialogue = new Dialogue('poll');
      dialogue.receive(['hello', { version: 1, nonce, answer: least }]);
      dialogue.join(room);
      dialogue.read('@s', ['i1', 0], []);
      return dialogue.read('room', ['e1', 3], [filled(4, length)]);
    };
    expect(opening(500)).toEqual(['[room e1:4]', 'awaitTurn']);
    expect(opening(2_000)).toEqual(['awaitTurn']);
  });

  test('does not wait for more when it is full', () => {
    const dialogue = asking({ answer: least, wait: 25_000 }, { linger: 30 });
    expect(dialogue.read('room', ['e1', 3], [filled(4, 800), filled(5, 800)])).toEqual([
      '[room e1:4]',
      'awaitTurn',
    ]);
  });

  test('is told of an entry that does not pass as a gap, where it says how large one may be', () => {
    const dialogue = asking({ answer: least, entry: 1_500 });
    const both = [filled(4, 2_000), filled(5, 1)];
    expect(dialogue.read('room', ['e1', 3], both)).toEqual([
      '[gap room too_big e1:3 to e1:4]',
      'report gap',
      'awaitTurn',
    ]);
    expect(dialogue.tell(turnEnded)).toEqual(['finish']);
    const fits = asking({ answer: least, entry: 2_500 });
    expect(fits.read('room', ['e1', 3], both)).toEqual(['[room e1:4]', 'awaitTurn']);
    const later = asking({ entry: 1_500 });
    const reversed = [filled(4, 1), filled(5, 2_000)];
    expect(later.read('room', ['e1', 3], reversed)).toEqual(['[room e1:4]', 'awaitTurn']);
  });

  test('still has what is told of a log that is not continuous, and then what fits', () => {
    const dialogue = asking({ answer: least });
    dialogue.read('room', ['e1', 3], { kind: 'gap', reason: 'trimmed', now: ['e1', 9] });
    expect(dialogue.read('room', ['e1', 9], [filled(10, 2_000)])).toEqual(['awaitTurn']);
  });

  test('is no business of a stream', () => {
    const dialogue = new Dialogue();
    dialogue.receive(['hello', { version: 1, nonce, answer: least }]);
    dialogue.join(room);
    const both = [filled(4, 800), filled(5, 800)];
    expect(dialogue.read('room', ['e1', 3], both)).toEqual(['[room e1:4, room e1:5]']);
  });
});

describe('a batch of sends', () => {
  const batch = (...frames: unknown[]): Dialogue => {
    const dialogue = new Dialogue('send', { rate: { perSecond: 10, burst: 1 } });
    expect(dialogue.receive(goOn(), ...frames)).toEqual(['rejoin']);
    return dialogue;
  };
  const join = (dialogue: Dialogue): string[] => dialogue.join({}, { welcome: undefined });
  const run: SessionEvent = { type: 'begun', result: { kind: 'run', redelivered: false } };

  test('is answered when all are committed, and reads no log (P33)', () => {
    const dialogue = batch(['publish', 1, 'room', envelope]);
    expect(join(dialogue)).toEqual(['begin 1']);
    dialogue.tell(run);
    dialogue.tell({ type: 'performed', outcomes: [undefined] });
    expect(
      dialogue.tell({ type: 'committed', result: { kind: 'committed', acked: 1, inbox: ['i1', 0] } }),
    ).toEqual(['[acked 1 at 0]', 'finish']);
  });

  test('is answered after 1 s with what is committed by then, also when a handler takes longer (P68)', () => {
    const dialogue = batch(['request', 1, envelope]);
    join(dialogue);
    dialogue.tell(run);
    expect(dialogue.advance(999)).toEqual([]);
    expect(dialogue.advance(1)).toEqual(['answer']);
    // What is under way goes on.
    expect(dialogue.tell({ type: 'performed', outcomes: ['outcome'] })).toEqual([
      expect.stringContaining('commit 1'),
    ]);
    const committed = { kind: 'committed', acked: 1, inbox: ['i1', 1] } as const;
    expect(dialogue.tell({ type: 'committed', result: committed }).at(-1)).toBe('finish');
  });

  test('is answered after 1 s also when the store has not found the session by then (P68)', () => {
    const dialogue = batch(['request', 1, envelope]);
    expect(dialogue.advance(1_000)).toEqual(['answer']);
    expect(join(dialogue)).toEqual(['begin 1']);
  });

  test('is given up after 1 s while another connection performs its sends (P68)', () => {
    const dialogue = batch(['request', 1, envelope]);
    join(dialogue);
    dialogue.tell({ type: 'begun', result: { kind: 'busy' } });
    for (let times = 0; times < 9; times++) {
      expect(dialogue.advance(100)).toEqual(['begin 1']);
      dialogue.tell({ type: 'begun', result: { kind: 'busy' } });
    }
    expect(dialogue.advance(100)).toEqual(['begin 1', 'answer']);
    expect(dialogue.tell({ type: 'begun', result: { kind: 'busy' } })).toEqual(['finish']);
  });

  test('that only pings or acknowledges is answered at once (P54)', () => {
    // That it passes says nothing of the stream beside it.
    expect(join(batch(['ping', 8], ['pong', 5]))).toEqual(['echo', '[pong 8]', 'tellAnswered 5', 'finish']);
  });

  test('that only skips is answered when the skip is committed (P40)', () => {
    const dialogue = batch(['skip', 1, 5]);
    expect(join(dialogue)).toEqual(['skip 5']);
    expect(
      dialogue.tell({ type: 'committed', result: { kind: 'committed', acked: 5, inbox: ['i1', 0] } }),
    ).toEqual(['[acked 5 at 0]', 'finish']);
  });

  test('over the rate is answered rate_limited with what was done, so that the rest comes again (P36, P65)', () => {
    const dialogue = batch(['publish', 1, 'room', envelope], ['publish', 2, 'room', envelope]);
    join(dialogue);
    dialogue.tell(run);
    dialogue.tell({ type: 'performed', outcomes: [undefined] });
    expect(
      dialogue.tell({ type: 'committed', result: { kind: 'committed', acked: 1, inbox: ['i1', 0] } }),
    ).toEqual(['[acked 1 at 0]', '[error rate_limited]', 'finish rate_limited']);
  });

  test('ends a session that says bye (P72)', () => {
    expect(join(batch(['bye']))).toEqual(['end', '[close bye]', 'close bye']);
  });
});

// ── the property ──────────────────────────────────────────────────────────────

describe('a stream', () => {
  type Step =
    | { do: 'append'; count: number }
    | { do: 'hint'; which: number; length: number; quickly: boolean }
    | { do: 'answer' }
    | { do: 'block' }
    | { do: 'write again' }
    | { do: 'compare heads' };

  const step: fc.Arbitrary<Step> = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constant('append' as const), count: fc.integer({ min: 1, max: 6 }) }),
    },
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant('hint' as const),
        which: fc.nat(30),
        length: fc.integer({ min: 1, max: 4 }),
        quickly: fc.boolean(),
      }),
    },
    { weight: 5, arbitrary: fc.record({ do: fc.constant('answer' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('block' as const) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('write again' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('compare heads' as const) }) },
  );

  test('writes the log from the cursor on, every entry once and in order, whatever becomes of the hints (P20, P25, P27)', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.nat(5), (steps, cursor) => {
        const log: Entry[] = entries(1, cursor);
        const out: number[] = [];
        /** Reads under way, answered when the schedule says so. */
        const asked: { epoch: string; offset: number; max: number }[] = [];
        let isBlocked = false;
        const session = new Session(SETTINGS, 0);
        const note = (effect: SessionEffect): void => {
          if ((effect.type === 'follow' || effect.type === 'read') && effect.log === 'room')
            asked.push(effect);
          for (const frame of written(effect)) {
            if (!frame.startsWith('room')) continue;
            expect(isBlocked).toBe(false);
            out.push(Number(frame.split(':')[1]));
          }
        };
        const tell = (event: SessionEvent): void => session.handle(event, 0).forEach(note);
        const answer = (): void => {
          const question = asked.shift();
          if (question === undefined) return;
          const { epoch, offset, max } = question;
          const found = log.slice(offset, offset + max);
          tell({
            ...{ type: 'logRead', log: 'room', epoch, offset },
            result: { kind: 'entries', entries: found, head: [epoch, log.length] },
          });
        };
        tell({ type: 'messageReceived', frames: [hello] });
        tell({
          type: 'joined',
          state,
          welcome,
          cursors: { room: ['e1', cursor] },
          denied: [],
          expiresIn: Infinity,
        });
        for (const next of steps) {
          if (next.do === 'append') log.push(...entries(log.length + 1, log.length + next.count));
          if (next.do === 'hint') {
            // Any stretch of the log, in any order, also twice: hints are lost where the schedule names none.
            const [first, ...more] = log.slice(next.which % (log.length + 1)).slice(0, next.length);
            if (first === undefined) continue;
            const run = runOf('room', first, ...more);
            const message = next.quickly ? session.accept(run) : undefined;
            if (message === undefined) tell({ type: 'runOffered', run, alone: false });
            else note({ type: 'write', message });
          }
          if (next.do === 'answer') answer();
          if (next.do === 'block') {
            isBlocked = true;
            tell({ type: 'blocked' });
          }
          if (next.do === 'write again') {
            isBlocked = false;
            tell({ type: 'writable' });
          }
          if (next.do === 'compare heads') {
            tell({ type: 'headSeen', log: 'room', head: { epoch: 'e1', offset: log.length, first: 1 } });
          }
          expect(out).toEqual(out.map((_, n) => cursor + 1 + n));
        }
        // In the end there is room, and the heads are compared: then nothing is missing.
        isBlocked = false;
        tell({ type: 'writable' });
        while (asked.length > 0) answer();
        tell({ type: 'headSeen', log: 'room', head: { epoch: 'e1', offset: log.length, first: 1 } });
        while (asked.length > 0) answer();
        expect(out).toEqual(Array.from({ length: log.length - cursor }, (_, n) => cursor + 1 + n));
      }),
      { numRuns: 400 },
    );
  });
});
