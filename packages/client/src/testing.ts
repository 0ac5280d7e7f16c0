/**
 * A session and a scripted server, frame by frame, under virtual time: tests
 * read as dialogues. No transport, no network; whoever writes the test is the
 * server and the network.
 */
import { drive } from '@iskra/protocol/wire';
import type { Contract, Envelope, Json, ServerFrame, Untyped } from '@iskra/protocol/wire';
import { manualClock } from '@iskra/protocol/testing';
import type { Rung } from './attempt.js';
import { createBehind } from './behind.js';
import { createBreaker } from './breaker.js';
import { connect } from './connect.js';
import type { ConnectOptions } from './connect.js';
import type { Socket } from './environment.js';
import { createInsight } from './insight.js';
import { createSession } from './session.js';
import type { SessionEffect, SessionEvent, SessionOptions, Told } from './session-events.js';
import type { TransportName } from './transports/transport.js';

export interface Opened {
  attempt: number;
  server: string;
  transport: TransportName;
  message: unknown[][];
}

/** All of these transports of each server, in this order. */
export const ladderOf = (transports: readonly TransportName[], ...servers: string[]): Rung[] =>
  (servers.length ? servers : ['http://host/realtime'])
    .flatMap((server) => transports.map((transport) => ({ server, transport })))
    .map((rung, rank) => ({ ...rung, rank }));

export const ALL: readonly TransportName[] = ['websocket', 'sse', 'long-poll', 'polling'];

const DEFAULTS: Omit<SessionOptions, 'ladder'> = {
  reconnect: { min: 500, max: 20_000 },
  probe: [15_000, 30_000, 50_000],
  stagger: 250,
  patience: 5_000,
  pingInterval: 0,
  poll: { min: 1_000, max: 5_000 },
  outbox: { messages: 1_000, bytes: 1_048_576 },
};

export type Dialogue = ReturnType<typeof dialogue>;

/** `servers`: addresses; one by default. */
export interface DialogueOptions extends Partial<SessionOptions> {
  auth?: () => Json;
  transports?: readonly TransportName[];
  servers?: readonly string[];
}

export function dialogue({ transports = ALL, servers = [], ...options }: DialogueOptions = {}) {
  const ladder = ladderOf(transports, ...servers);
  const clock = manualClock();
  const effects: SessionEffect[] = [];
  const opened: Opened[] = [];
  const sent: { attempt: number; message: unknown[][] }[] = [];
  const closed: number[] = [];
  let nonces = 0;
  let generation = 0;
  const session = createSession(
    { ...DEFAULTS, ladder, breaker: createBreaker(20_000, () => 0.5), path: createBehind(), ...options },
    () => 0.5,
    () => `nonce-${++nonces}`.padEnd(22, '-'),
  );
  const insight = createInsight(session, ladder, 'test');
  const machine = drive<SessionEvent, SessionEffect>(insight, clock, (effect) => {
    effects.push(effect);
    switch (effect[0]) {
      case 'askCredentials':
        machine.tell({ type: 'credentialsGiven', attempt: effect[1].attempt, auth: options.auth?.() });
        return;
      case 'open': {
        const [, { attempt, server, transport }, message] = effect;
        opened.push({ attempt, server, transport, message: message ? JSON.parse(message) : [] });
        return;
      }
      case 'send':
        sent.push({ attempt: effect[1].attempt, message: JSON.parse(effect[2]) });
        return;
      case 'close':
        closed.push(effect[1].attempt);
        return;
      case 'stop':
        machine.stop();
        return;
      default:
    }
  });

  const self = {
    session,
    insight,
    explain: () => insight.explain(),
    status: () => insight.status(clock.now()),
    clock,
    effects,
    opened,
    sent,
    closed,
    tell: (event: SessionEvent) => machine.tell(event),
    start: () => machine.tell({ type: 'started' }),
    /** The attempts on this transport so far. */
    on: (transport: TransportName): number[] => [
      ...new Set(opened.filter((one) => one.transport === transport).map((one) => one.attempt)),
    ],
    last: (): Opened => opened[opened.length - 1]!,
    /** Lets time pass until another attempt is opened; its number. */
    next(before = self.last().attempt): number {
      for (let steps = 0; self.last().attempt === before; steps++) {
        if (steps > 10_000) throw new Error('No other attempt is opened.');
        const moment = clock.waiting[0] ?? Infinity;
        clock.advance(Math.max(0, Math.min(moment - clock.now(), 60_000)));
      }
      return self.last().attempt;
    },
    open: (attempt: number) => machine.tell({ type: 'opened', attempt }),
    hear: (attempt: number, ...frames: (ServerFrame | unknown[])[]) =>
      machine.tell({ type: 'received', attempt, text: JSON.stringify(frames) }),
    answer: (attempt: number, status: number, ...frames: (ServerFrame | unknown[])[]) =>
      machine.tell({ type: 'answered', attempt, status, text: JSON.stringify(frames) }),
    die: (attempt: number, status = 0) => machine.tell({ type: 'closed', attempt, status, detail: 'test' }),
    welcome: (more: object = {}) => welcome({ generation: ++generation, ...more }),
    /** Opens, welcomes and proves it. */
    connect(attempt: number, more: object = {}) {
      const { transport } = opened.find((one) => one.attempt === attempt)!;
      self.open(attempt);
      self.hear(attempt, self.welcome(more));
      if (transport === 'websocket' || transport === 'sse') self.hear(attempt, ['ping', 1]);
      return attempt;
    },
    /** Answers a probe and proves it. */
    prove(attempt: number) {
      self.open(attempt);
      self.hear(attempt, welcome({ generation: 0 }), ['ping', 1]);
    },
    advance: (ms: number) => clock.advance(ms),
    told: <Name extends keyof Told>(name: Name): Told[Name][] =>
      effects.flatMap(([what, told, ...values]) =>
        what === 'tell' && told === name ? [values as unknown as Told[Name]] : [],
      ),
    reports: (): string[] => self.told('system').map(([{ delta }]) => delta),
    settled: () =>
      effects.flatMap((effect) => (effect[0] === 'settle' ? [{ send: effect[1], error: effect[2] }] : [])),
    /** What was handed to channels: of which kind. */
    handed: (): string[] => effects.flatMap((effect) => (effect[0] === 'hand' ? [effect[2]] : [])),
    entries: (channel: string): unknown[] =>
      effects.flatMap((effect) =>
        effect[0] === 'hand' && effect[2] === 'entry' && effect[1] === channel
          ? [(effect[3] as { envelope: Envelope }).envelope.payload]
          : [],
      ),
    /** Every send that went up, in order, by its number. */
    numbers: (): number[] =>
      [...opened, ...sent].flatMap(({ message }) =>
        message
          .filter(([tag]) => /^(publish|request|(un)?subscribe)$/.test(String(tag)))
          .map((frame) => frame[1] as number),
      ),
  };
  return self;
}

export const envelope = (delta: string, payload?: unknown): Envelope => ({
  delta,
  dimension: 1,
  omega: 1,
  lambda: 'continue',
  payload,
});

export const code = (delta: string, lambda: string, payload: object = {}): Envelope => ({
  ...envelope(delta, { code: 4000, message: delta, ...payload }),
  lambda,
});

/** A client over a WebSocket that the test plays. */
export async function scene<C extends Contract = Untyped>(options: ConnectOptions = {}, open = connect) {
  const clock = manualClock();
  const sockets: (Socket & { sent: unknown[][][] })[] = [];
  class Fake implements Socket {
    readyState = 1;
    sent: unknown[][][] = [];
    onopen: Socket['onopen'] = null;
    onmessage: Socket['onmessage'] = null;
    onclose: Socket['onclose'] = null;
    onerror: Socket['onerror'] = null;
    constructor() {
      sockets.push(this);
    }
    send(text: string) {
      this.sent.push(JSON.parse(text));
    }
    close() {}
  }
  const errors: unknown[] = [];
  const client = open<C>('http://host/realtime', {
    transports: ['websocket'],
    ...options,
    environment: {
      clock,
      random: () => 0.5,
      WebSocket: Fake,
      onPage: () => () => {},
      ...options.environment,
    },
  });
  client.on('error', (error) => errors.push(error));
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  const hear = (...frames: unknown[]) => sockets.at(-1)!.onmessage!({ data: JSON.stringify(frames) });
  const limits = { message: 262_144, envelope: 65_536, sends: 256, channels: 100 };
  await turn();
  return {
    client,
    clock,
    sockets,
    errors,
    turn,
    hear,
    welcome() {
      sockets.at(-1)!.onopen!();
      const payload = {
        session: 's',
        key: 'k',
        generation: sockets.length,
        inbox: ['e', 0],
        acked: 0,
        heartbeat: 20_000,
        node: 'n',
        limits,
      };
      hear(['welcome', envelope('connection_established', payload)], ['ping', 1]);
    },
  };
}

function welcome(more: object): unknown[] {
  return [
    'welcome',
    envelope('connection_established', {
      version: 1,
      session: 'session-1',
      key: 'key-1',
      inbox: ['e', 0],
      acked: 0,
      heartbeat: 20_000,
      window: 120_000,
      node: 'n',
      limits: { message: 262_144, envelope: 65_536, sends: 256, channels: 100 },
      ...more,
    }),
  ];
}
