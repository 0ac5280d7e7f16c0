/** One session over several servers: which of them has a say in it, what is sent to which, and what the application is told. */
import { describe, expect, test } from 'vitest';
import { connect as connectCore } from './client.js';
import { connect } from './connect.js';
import { OutcomeUnknown } from './errors.js';
import { code, dialogue, envelope } from './testing.js';
import type { DialogueOptions } from './testing.js';

const [PRIMARY, BACKUP] = ['http://a/realtime', 'http://b/realtime'] as const;
const lost = code('session_unknown', 'open_session');

const pair = (options: DialogueOptions = {}) =>
  dialogue({ transports: ['websocket'], servers: [PRIMARY, BACKUP], ...options });
type Pair = ReturnType<typeof pair>;

const publish = (d: Pair, text: string) => {
  const send = d.session.outbox.add('publish', 'room', envelope('said', text))!;
  d.tell({ type: 'sendAdded' });
  return send;
};
const tags = (message: unknown[][] = []) => message.map(([tag]) => tag);
const serverOf = (d: Pair, attempt: number) => d.opened.find((one) => one.attempt === attempt)!.server;
const sessions = (d: Pair) => d.told('session').map(([change]) => change);

/** On the primary, which then goes away: the next attempt is one at it, the one behind it at the backup. */
const bereft = (options: DialogueOptions = {}) => {
  const d = pair(options);
  d.start();
  d.connect(1);
  d.advance(11_000);
  d.hear(1, ['ping', 2]);
  d.die(1, 1006);
  return d;
};
/** The primary refuses everybody; whoever asks the backup next. */
const nextAtBackup = (d: Pair): number => {
  let attempt = d.next();
  while (serverOf(d, attempt) === PRIMARY) {
    d.die(attempt, 1006);
    attempt = d.last().attempt === attempt ? d.next() : d.last().attempt;
  }
  return attempt;
};
/** The primary refuses, and the backup does not know the session, until it is given up. */
const giveUp = (d: Pair) => {
  for (let tries = 0; !sessions(d).some((one) => one.lost); tries++) {
    if (tries > 20) throw new Error('The session is never given up.');
    const attempt = nextAtBackup(d);
    d.open(attempt);
    d.hear(attempt, ['close', lost]);
  }
};
/** On the backup, with a session of its own, while the primary is down. */
const away = (options?: DialogueOptions) => {
  const d = bereft(options);
  giveUp(d);
  d.connect(nextAtBackup(d), { session: 'session-2' });
  return d;
};

describe('a backup that shares the store', () => {
  test('goes on with the session, and nothing but the server is told to have changed', () => {
    const d = bereft();
    d.die(d.next(), 1006);
    const send = publish(d, 'kept');
    d.connect(d.last().attempt);
    expect(serverOf(d, d.last().attempt)).toBe(BACKUP);
    expect(send.state).toBe('sent');
    expect(sessions(d)).toEqual([{ session: 'session-1', lost: false }]);
    expect(d.status()).toMatchObject({ state: 'connected', server: BACKUP, transport: 'websocket' });
    expect(d.told('transport').at(-1)).toEqual([{ from: 'websocket', to: 'websocket' }]);
    const [change] = d.told('system').filter(([{ delta }]) => delta === 'server_changed');
    expect(change?.[0]).toMatchObject({
      lambda: 'monitor_stability',
      payload: { from: PRIMARY, to: BACKUP, transport: 'websocket', verdict: 'lost' },
    });
    expect(d.reports()).not.toContain('transport_downgraded');
  });
});

describe('a backup that does not know the session', () => {
  test('has no say as long as the primary may only have hiccuped', () => {
    const d = bereft();
    const send = publish(d, 'kept');
    for (let times = 0; times < 2; times++) {
      d.die(d.next(), 1006);
      d.open(d.last().attempt);
      d.hear(d.last().attempt, ['close', lost]);
    }
    expect(sessions(d)).toEqual([{ session: 'session-1', lost: false }]);
    const back = d.next();
    expect(serverOf(d, back)).toBe(PRIMARY);
    d.connect(back);
    expect(send.state).toBe('sent');
    expect(d.status()).toMatchObject({ state: 'connected', server: PRIMARY });
  });

  test('is obeyed once a disconnect was shown: what was under way is unknown, and a new session is opened (P14)', () => {
    const d = bereft();
    publish(d, 'lost');
    const from = d.clock.now();
    giveUp(d);
    expect(d.clock.now() - from).toBeGreaterThan(5_000);
    expect(d.settled().map(({ error }) => error)).toEqual([expect.any(OutcomeUnknown)]);
    expect(sessions(d)[1]).toEqual({ session: 'session-1', lost: true });
    d.connect(nextAtBackup(d), { session: 'session-2' });
    expect(d.status()).toMatchObject({ state: 'connected', server: BACKUP, session: 'session-2' });
  });

  test('that says stop does not stop the client either', () => {
    const d = bereft();
    d.die(d.next(), 1006);
    d.open(d.last().attempt);
    d.hear(d.last().attempt, ['close', code('forbidden', 'stop')]);
    expect(d.status().state).toBe('connected');
    d.connect(d.next());
    expect(d.status().server).toBe(PRIMARY);
  });
});

describe('a primary that comes back', () => {
  test('without the session gets a new one, and what was under way is told to be unknown (P14)', () => {
    const d = away({ probe: [1_000] });
    const backup = d.last().attempt;
    const probe = d.next();
    expect(serverOf(d, probe)).toBe(PRIMARY);
    d.prove(probe);
    for (let seconds = 0; seconds < 10; seconds++) {
      d.advance(1_000);
      for (const one of [backup, probe]) d.hear(one, ['ping', 2]);
    }
    const attach = d.last().attempt;
    expect({ server: serverOf(d, attach), isNew: attach > probe }).toEqual({ server: PRIMARY, isNew: true });
    expect(d.status()).toMatchObject({ state: 'connected', server: BACKUP, session: 'session-2' });
    const send = publish(d, 'under way');
    d.open(attach);
    d.hear(attach, ['close', lost]);
    expect(d.closed).toContain(backup);
    expect(send.state).toBe('unknown');
    const fresh = d.next();
    expect(serverOf(d, fresh)).toBe(PRIMARY);
    d.connect(fresh, { session: 'session-3' });
    expect(d.status()).toMatchObject({ state: 'connected', server: PRIMARY, session: 'session-3' });
    expect(sessions(d).slice(-2)).toEqual([
      { session: 'session-2', lost: true },
      { session: 'session-3', lost: false },
    ]);
  });
});

describe('a primary that comes back while something is unsettled', () => {
  /** A primary whose probe has lived for 9 s, and a send that the backup has not settled. */
  const unsettled = () => {
    const d = away({ probe: [1_000] });
    const backup = d.last().attempt;
    const probe = d.next();
    d.prove(probe);
    const pass = (seconds: number) => {
      for (let n = 0; n < seconds; n++) {
        d.advance(1_000);
        for (const one of [backup, probe]) d.hear(one, ['ping', 2]);
      }
    };
    pass(9);
    return { d, backup, probe, pass, send: publish(d, 'under way') };
  };

  test('is gone to once that is settled, so that its end is known', () => {
    const { d, backup, probe, pass, send } = unsettled();
    pass(5);
    expect(d.last().attempt).toBe(probe);
    d.hear(backup, ['acked', 1, 'e', 0]);
    expect(send.state).toBe('acknowledged');
    d.advance(0);
    expect(d.last().attempt).toBeGreaterThan(probe);
    expect(serverOf(d, d.last().attempt)).toBe(PRIMARY);
    d.open(d.last().attempt);
    d.hear(d.last().attempt, ['close', lost]);
    expect(d.settled().filter(({ error }) => error)).toEqual([]);
  });

  test('is gone to all the same when that takes too long', () => {
    const { d, probe, pass, send } = unsettled();
    pass(15);
    expect(d.last().attempt).toBe(probe);
    pass(1);
    expect(d.last().attempt).toBeGreaterThan(probe);
    expect(send.state).toBe('sent');
  });
});

describe('a session that is opened', () => {
  test('carries no sends with it, which two servers could both perform; they follow the welcome', () => {
    const d = pair({ transports: ['sse'] });
    const send = publish(d, 'once');
    d.start();
    expect(tags(d.opened[0]!.message)).toEqual(['hello']);
    expect(send.state).toBe('queued');
    d.connect(1);
    expect(d.sent.flatMap(({ message }) => tags(message))).toContain('publish');
  });

  test('is that of the server that was welcomed first; another one of another server is left', () => {
    const d = pair({ transports: ['sse'] });
    publish(d, 'once');
    d.start();
    d.advance(250);
    d.connect(2, { session: 'of the backup' });
    d.open(1);
    d.hear(1, d.welcome({ session: 'of the primary' }));
    expect(d.status()).toMatchObject({ server: BACKUP, session: 'of the backup' });
    expect(d.closed).toEqual([1]);
    expect(d.sent.map(({ attempt }) => attempt)).not.toContain(1);
    expect(d.explain().attempts[0]).toMatchObject({ server: PRIMARY, verdict: 'left' });
  });
});

describe('when nobody answers', () => {
  test('the client is degraded, says so, and takes sends; it is not any more once somebody answers', () => {
    const d = pair();
    d.start();
    d.die(1, 1006);
    expect(d.status().degraded).toBe(false);
    const told = d.told('status').length;
    d.die(2, 1006);
    expect(d.status()).toMatchObject({ state: 'connecting', degraded: true });
    expect(d.told('status').length).toBe(told + 1);
    expect(publish(d, 'waits').state).toBe('queued');
    expect(d.explain().servers).toEqual([
      { server: PRIMARY, verdict: 'server-down', cure: 'cures#server-down' },
      { server: BACKUP, verdict: 'server-down', cure: 'cures#server-down' },
    ]);
    d.die(d.next(), 1006);
    expect(d.status().degraded).toBe(true);
    d.connect(d.last().attempt);
    expect(d.status()).toMatchObject({ state: 'connected', degraded: false, server: BACKUP });
  });

  test('a server that says no is there, so the client is not degraded', () => {
    const d = pair();
    d.start();
    d.die(1, 1006);
    d.open(2);
    d.hear(2, ['close', code('overload', 'back_off')]);
    expect(d.status().degraded).toBe(false);
    expect(d.explain().servers.map(({ verdict }) => verdict)).toEqual(['server-down', undefined]);
  });

  test('a server that was down and then says no is not told to be down any more', () => {
    const d = pair();
    d.start();
    d.die(1, 1006);
    d.die(2, 1006);
    const last = nextAtBackup(d);
    d.open(last);
    d.hear(last, ['close', code('overload', 'back_off')]);
    expect(d.explain().servers.map(({ verdict }) => verdict)).toEqual(['server-down', undefined]);
  });
});

test('explain() names the server of each attempt, and why it is the backup', () => {
  const d = away();
  d.advance(1);
  const { attempts, transports, servers, why, current } = d.explain();
  expect(new Set(attempts.map(({ server }) => server))).toEqual(new Set([PRIMARY, BACKUP]));
  expect(transports.map(({ server, strikes }) => [server, strikes])).toEqual([
    [PRIMARY, undefined],
    [BACKUP, undefined],
  ]);
  expect(servers.map(({ verdict }) => verdict)).toEqual(['server-down', undefined]);
  expect({ why, current }).toEqual({ why: 'server-down', current: 'websocket' });
});

test('a client that is closed says so to the server that has its session', async () => {
  const { clock } = dialogue();
  const asked: string[] = [];
  const answer = (url: string): Promise<Response> => {
    asked.push(url);
    if (url.startsWith(PRIMARY)) return Promise.reject(new TypeError('refused'));
    const welcome = envelope('connection_established', {
      ...{ session: 's', key: 'k', generation: 1, inbox: ['e', 0], acked: 0, heartbeat: 20_000, node: 'n' },
      limits: { message: 262_144, envelope: 65_536, sends: 256, channels: 100 },
    });
    return Promise.resolve(new Response(JSON.stringify([['welcome', welcome]])));
  };
  const client = connect([PRIMARY, BACKUP], {
    transports: ['polling'],
    environment: { clock, random: () => 0.5, fetch: answer, onPage: () => () => {} },
  });
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  for (let turns = 0; client.status.state !== 'connected' && turns < 20; turns++) await turn();
  expect(client.status).toMatchObject({ state: 'connected', server: BACKUP });
  await client.close();
  expect(asked).toEqual([`${PRIMARY}/poll`, `${BACKUP}/poll`, `${BACKUP}/send`]);
});

test('the beginning of a client without a server teaches', () => {
  for (const open of [connect, connectCore])
    expect(() => open(['no host'], { environment: { base: undefined } })).toThrow('needs a host');
  expect(() => connect([])).toThrow('give one, or a list with the primary server first');
});
