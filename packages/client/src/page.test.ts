// What a session does about its page, and about sleep that no page tells of.
import { describe, expect, test } from 'vitest';
import type { PageSignal } from './environment.js';
import { dialogue } from './testing.js';
import type { TransportName } from './transports/transport.js';

type Dialogue = ReturnType<typeof dialogue>;

const start = (transport: TransportName): Dialogue => {
  const d = dialogue({ transports: [transport] });
  d.start();
  return d;
};
const connected = (transport: TransportName): Dialogue => {
  const d = start(transport);
  d.connect(1);
  return d;
};
/** Nobody answers any more, and the next attempt is far away. */
const away = (d: Dialogue): Dialogue => {
  d.die(1);
  for (let tries = 0; tries < 8; tries++) d.die(d.next());
  return d;
};
const signal = (d: Dialogue, what: PageSignal): void => d.tell({ type: 'pageChanged', signal: what });

type State =
  | 'new'
  | 'connecting'
  | 'on a WebSocket'
  | 'on a stream that was heard'
  | 'on a quiet stream'
  | 'on a quiet stream that answers POSTs'
  | 'on a quiet poll'
  | 'away'
  | 'parked'
  | 'closed';

const reach: Record<State, () => Dialogue> = {
  new: () => dialogue({ transports: ['websocket'] }),
  connecting: () => start('websocket'),
  'on a WebSocket': () => connected('websocket'),
  'on a stream that was heard': () => connected('sse'),
  'on a quiet stream': () => {
    const d = connected('sse');
    d.advance(6_000);
    return d;
  },
  'on a quiet stream that answers POSTs': () => {
    const d = connected('sse');
    d.answer(1, 200);
    d.hear(1, ['pong', 1]);
    d.advance(6_000);
    return d;
  },
  'on a quiet poll': () => {
    const d = connected('long-poll');
    d.advance(6_000);
    return d;
  },
  away: () => away(connected('websocket')),
  parked: () => {
    const d = connected('websocket');
    signal(d, 'parked');
    return d;
  },
  closed: () => {
    const d = connected('websocket');
    d.tell({ type: 'closeAsked' });
    return d;
  },
};

type Deed =
  | 'nothing'
  /** A ping, over HTTP in a POST, and 1.5 s for whatever comes. */
  | 'asks'
  /** The one that is held is answered then; in 1.5 s. */
  | 'polls beside'
  /** Another connection; the old one delivers until that one is proven. */
  | 'opens another beside'
  /** Without waiting for its turn. */
  | 'tries at once'
  | 'closes'
  /** In a request that outlives the page; over a WebSocket there too. */
  | 'says bye';

/** What a signal makes it do. */
const deed = (d: Dialogue, what: PageSignal): Deed => {
  const [opened, sent, closed, effects] = [d.opened.length, d.sent.length, d.closed.length, d.effects.length];
  signal(d, what);
  const soon = (): void => expect(d.session.deadline).toBe(d.clock.now() + 1_500);
  if (d.effects.slice(effects).some(([name]) => name === 'bye')) return 'says bye';
  if (d.closed.length > closed) return 'closes';
  const { newest } = d.session.policy;
  if (d.opened.length > opened) {
    if (!newest()) return 'tries at once';
    if (d.last().attempt !== newest()!.attempt) return 'opens another beside';
    soon();
    return 'polls beside';
  }
  if (d.sent.length === sent) return 'nothing';
  expect(d.sent.at(-1)!.message.map(([tag]) => tag)).toContain('ping');
  soon();
  return 'asks';
};

// `offline` is wrong as often as not: it never does more than to ask.
const table: Record<State, Record<PageSignal, Deed>> = {
  new: {
    visible: 'tries at once',
    hidden: 'nothing',
    online: 'tries at once',
    offline: 'nothing',
    parked: 'nothing',
    left: 'nothing',
  },
  connecting: {
    visible: 'nothing',
    hidden: 'nothing',
    online: 'nothing',
    offline: 'nothing',
    parked: 'closes',
    left: 'nothing',
  },
  'on a WebSocket': {
    visible: 'asks',
    hidden: 'nothing',
    online: 'asks',
    offline: 'asks',
    parked: 'closes',
    left: 'says bye',
  },
  'on a stream that was heard': {
    visible: 'nothing',
    hidden: 'nothing',
    online: 'nothing',
    offline: 'nothing',
    parked: 'closes',
    left: 'says bye',
  },
  'on a quiet stream': {
    visible: 'opens another beside',
    hidden: 'nothing',
    online: 'opens another beside',
    offline: 'opens another beside',
    parked: 'closes',
    left: 'says bye',
  },
  'on a quiet stream that answers POSTs': {
    visible: 'asks',
    hidden: 'nothing',
    online: 'asks',
    offline: 'asks',
    parked: 'closes',
    left: 'says bye',
  },
  'on a quiet poll': {
    visible: 'polls beside',
    hidden: 'nothing',
    online: 'polls beside',
    offline: 'polls beside',
    parked: 'closes',
    left: 'says bye',
  },
  away: {
    visible: 'tries at once',
    hidden: 'nothing',
    online: 'tries at once',
    offline: 'nothing',
    parked: 'nothing',
    left: 'says bye',
  },
  parked: {
    visible: 'tries at once',
    hidden: 'nothing',
    online: 'tries at once',
    offline: 'nothing',
    parked: 'nothing',
    left: 'says bye',
  },
  closed: {
    visible: 'nothing',
    hidden: 'nothing',
    online: 'nothing',
    offline: 'nothing',
    parked: 'nothing',
    left: 'nothing',
  },
};

describe('the truth table', () => {
  for (const [state, row] of Object.entries(table) as [State, Record<PageSignal, Deed>][]) {
    test.each(Object.entries(row) as [PageSignal, Deed][])(`${state}: %s → %s`, (what, expected) => {
      expect(deed(reach[state](), what)).toBe(expected);
    });
  }
});

describe('a page', () => {
  test('may be mistaken about being offline: who answers stays', () => {
    const d = connected('websocket');
    signal(d, 'offline');
    d.advance(1_499);
    d.hear(1, ['pong', d.clock.now()]);
    d.advance(1_500);
    expect(d.closed).toEqual([]);
    expect(d.on('websocket')).toEqual([1]);
  });

  test('that is offline is noticed 1.5 s later, and is still connected for 5 s', () => {
    const d = connected('websocket');
    signal(d, 'offline');
    d.advance(1_500);
    expect(d.closed).toEqual([1]);
    d.advance(4_999);
    expect(d.status().state).toBe('connected');
    d.advance(1);
    expect(d.status().state).toBe('reconnecting');
  });

  test('shows no disconnect for what happens while it is hidden, and one 5 s after it is seen again', () => {
    const d = connected('websocket');
    signal(d, 'hidden');
    d.die(1, 1006);
    d.advance(600_000);
    signal(d, 'online');
    d.advance(60_000);
    expect(d.status().state).toBe('connected');
    signal(d, 'visible');
    d.advance(4_999);
    expect(d.status().state).toBe('connected');
    d.advance(1);
    expect(d.status().state).toBe('reconnecting');
  });

  test('shows nothing at all when it is back in time, parked and hidden as it was', () => {
    const d = connected('websocket');
    // As a browser tells it of its back/forward cache.
    for (const one of ['parked', 'hidden', 'parked'] as const) signal(d, one);
    d.advance(100_000);
    for (const one of ['online', 'visible', 'online'] as const) signal(d, one);
    expect(d.on('websocket')).toEqual([1, 2]);
    d.connect(2);
    expect(d.status().state).toBe('connected');
    expect(d.reports()).toEqual(['connection_established', 'session_resumed']);
    d.advance(10_000);
    expect(d.status().state).toBe('connected');
  });

  test('says so when it was away before it was hidden', () => {
    const d = away(connected('websocket'));
    expect(d.status().state).toBe('reconnecting');
    signal(d, 'hidden');
    signal(d, 'visible');
    expect(d.status().state).toBe('reconnecting');
  });

  test('that is frozen where it can be seen is missed 5 s after it goes on', () => {
    const d = connected('websocket');
    signal(d, 'parked');
    // It is not hidden, but no timer of it fires.
    signal(d, 'online');
    d.advance(4_999);
    expect(d.status().state).toBe('connected');
    d.advance(1);
    expect(d.status().state).toBe('reconnecting');
  });
});

describe('sleep that nobody tells of', () => {
  /** The clock has gone on, and no timer has fired. */
  const wake = (d: Dialogue, asleep: number) => {
    const at = d.session.deadline + asleep;
    return { at, does: d.session.handle({ type: 'deadlinePassed' }, at).map(([what]) => what) };
  };

  test('is no reason to close what may have been spoken to meanwhile, but to ask (P52)', () => {
    const d = connected('websocket');
    const { at, does } = wake(d, 60_000);
    expect(does).toEqual(['send']);
    expect(d.session.deadline).toBe(at + 1_500);
  });

  test('asks twice when there was an answer in between', () => {
    const d = connected('websocket');
    const { at } = wake(d, 60_000);
    d.session.handle({ type: 'received', attempt: 1, text: '[["pong",1]]' }, at + 10);
    expect(wake(d, 60_000).does).toEqual(['send']);
  });

  test('ends by giving up whoever did not answer, though each timer comes a minute late, as in a hidden page', () => {
    const d = connected('websocket');
    wake(d, 60_000);
    expect(wake(d, 55_000).does).toContain('close');
  });

  test('counts the time without a connection from its end', () => {
    const d = connected('websocket');
    d.die(1, 1006);
    d.die(d.next(1));
    const { at } = wake(d, 3_600_000);
    expect(d.session.status(at).state).toBe('connected');
    expect(d.session.handle({ type: 'deadlinePassed' }, at + 4_999)).not.toContainEqual(['tell', 'status']);
    d.session.handle({ type: 'deadlinePassed' }, at + 5_000);
    expect(d.session.status(at).state).toBe('reconnecting');
  });
});
