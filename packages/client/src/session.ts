/**
 * PURE. One session over whatever connections the policy opens: what to send,
 * what to deliver, when a connection is dead, when the session itself is.
 *
 * Entries of all connections pass the same cursors (`downlink.ts`); the newest
 * live connection carries the sends (`outbox.ts`); who opens and closes is the
 * business of `policy.ts`.
 */
import { INBOX, parseMessage, POLL_WAIT, readServerFrame } from '@iskra/protocol/wire';
import type {
  Advice,
  Envelope,
  Fault,
  Position,
  Send,
  ServerFrame,
  Subscribed,
  Welcome,
} from '@iskra/protocol/wire';
import type { SubscribeOptions } from './channel.js';
import { createConnection } from './connection.js';
import type { Connection } from './connection.js';
import { createDownlink } from './downlink.js';
import type { PageSignal } from './environment.js';
import { OutcomeUnknown, RequestTimeout, SendError } from './errors.js';
import { blames, certainty } from './explain.js';
import type { Attempt, Cause } from './explain.js';
import { createOutbox } from './outbox.js';
import type { Pending } from './outbox.js';
import { createPolicy } from './policy.js';
import type { PolicyEvent } from './policy.js';
import { createQuality } from './quality.js';
import type { SessionEffect, SessionEvent, SessionOptions, SessionState, Told } from './session-events.js';
import { control, createSending } from './sending.js';
import type { Identity } from './sending.js';

/** Time to hear something after a page woke up or a timer came late, ms. */
const CHECK = 5_000;
/** How long it is nobody's business that there is no connection, ms. */
const QUIET = 5_000;
const ACK_INTERVAL = 2_000;
/** How much longer than its hold a poll may take, ms. */
const POLL_GRACE = 10_000;
const MAX_REFRESHES = 3;

export type Session = ReturnType<typeof createSession>;

export function createSession(options: SessionOptions, random: () => number, makeNonce: () => string) {
  const policy = createPolicy(options, random);
  const outbox = createOutbox(options.outbox);
  const downlink = createDownlink();
  const quality = createQuality();
  const { cursors } = downlink;
  const identity: Identity = { nonce: makeNonce(), welcome: undefined, cursors };
  const sending = createSending(identity, outbox);
  const connections = new Map<number, Connection>();
  const pings = new Set<number>();
  let effects: SessionEffect[] = [];
  let now = 0;
  let state: SessionState = 'connecting';
  let lostAt = Infinity;
  let ackedInbox = 0;
  let ackAt = Infinity;
  let refreshes = 0;
  let resyncs = 0;
  let resyncAt = 0;
  let timeoutAt = Infinity;
  let pingedAt = 0;
  let skipped = 0;

  const primary = (): Connection | undefined => connections.get(policy.newest()?.attempt ?? 0);
  const inbox = (): number => cursors.get(INBOX)?.[1] ?? 0;

  const tell = <Name extends keyof Told>(name: Name, ...values: Told[Name]): void =>
    void effects.push({ type: 'tell', name, values } as SessionEffect);

  const hand = (channel: string, what: 'entry' | 'gap' | 'members', value: unknown): void =>
    void effects.push({ type: 'hand', channel, what, value: value as never });

  const report = (delta: string, lambda: Advice, omega: number, payload: object, dimension = 2): void => {
    const { pain, chaos, trust } = quality.voices(now);
    const fractal_metadata = {
      voice_pain: pain,
      voice_chaos: chaos,
      voice_trust: trust,
      seam_id: options.seam,
    };
    tell('system', { delta, dimension, omega, lambda, payload, fractal_metadata });
  };

  const settle = (sends: Pending[]): void => {
    for (const send of sends) {
      const { state, outcome } = send;
      const error =
        state === 'unknown'
          ? new OutcomeUnknown()
          : state === 'rejected'
            ? new SendError(outcome!.delta, outcome!.lambda, outcome!.payload as Fault)
            : undefined;
      effects.push({ type: 'settle', send, error });
    }
  };

  const turn = (next: SessionState): void => {
    if (state !== next) {
      state = next;
      tell('status');
    }
  };

  // ─── What the policy wants ────────────────────────────────────────────────

  const consult = (event: PolicyEvent): void => {
    for (const effect of policy.handle(event, now)) {
      const { attempt } = effect;
      switch (effect.type) {
        case 'open':
          begin(attempt);
          break;
        case 'close':
          effects.push({ type: 'closeConnection', attempt: attempt.attempt });
          break;
        case 'ended':
          ended(attempt);
          break;
        case 'changed': {
          const { from, why } = effect;
          const to = attempt.transport;
          if (from?.transport === to) break;
          if (from) {
            const better = options.transports.indexOf(to) < options.transports.indexOf(from.transport);
            quality.count('switched', now);
            report(
              better ? 'transport_upgraded' : 'transport_downgraded',
              'monitor_stability',
              certainty((policy.standings.get(from.transport)?.strikes ?? 0) + 1),
              { from: from.transport, to, verdict: why },
            );
          }
          tell('transport', { from: from?.transport, to });
          tell('status');
        }
      }
    }
  };

  const begin = (attempt: Attempt): void => {
    connections.set(attempt.attempt, createConnection(attempt, now));
    effects.push({ type: 'askCredentials', attempt: attempt.attempt });
  };

  const ended = ({ attempt, transport, verdict = 'left', omega = 1 }: Attempt): void => {
    connections.delete(attempt);
    if (blames(verdict) || verdict === 'lost') quality.count('failed', now);
    if (lostAt < Infinity || !identity.welcome || policy.newest() || state === 'closed') return;
    lostAt = now;
    // Superseded: its successor is on its way already.
    if (verdict !== 'superseded') report('connection_lost', 'resume', omega, { transport, verdict });
  };

  const end = (one: Connection, cause: Cause): void => {
    if (cause.by === 'network' && cause.status === 413) sending.split(one.underWay?.bytes);
    consult({ type: 'ended', attempt: one.attempt.attempt, cause });
  };

  // ─── Up ───────────────────────────────────────────────────────────────────

  const say = ({ attempt }: Connection, message: string): void =>
    void effects.push({ type: 'sendMessage', attempt: attempt.attempt, message });

  /** Over HTTP one message with sends is under way at a time, and it may be another attempt's (P36). */
  const hello = (one: Connection): string =>
    sending.hello(one, !one.http || ![...connections.values()].some(({ underWay }) => underWay));

  /** Sends what can be sent now. */
  const flush = (): void => {
    const carrier = primary();
    if (now >= ackAt) {
      ackAt = Infinity;
      ackedInbox = inbox();
      if (carrier && !carrier.polls) control(carrier, 'ack', ackedInbox);
    }
    for (const one of connections.values()) {
      if (!one.attempt.welcomeAt) continue;
      for (let message; (message = sending.next(one, one === carrier, now));) say(one, message);
    }
  };

  const poll = (one: Connection): void => {
    const { attempt, transport } = one.attempt;
    const wait = transport === 'polling' ? 0 : POLL_WAIT;
    one.pollAt = Infinity;
    one.polledAt = now;
    one.dueAt = now + wait + POLL_GRACE;
    effects.push({ type: 'openConnection', attempt, transport, message: sending.poll(one, wait) });
  };

  const answered = (one: Connection, status: number, text: string): void => {
    const sent = one.underWay;
    one.underWay = undefined;
    receive(one, text, true);
    if (!sent) return;
    const { refused, broken } = sending.answered(one, sent, status, now, random() * options.reconnect.min);
    settle(refused);
    if (broken) end(one, { by: 'network', status, detail: 'no way up', idle: 0 });
  };

  // ─── Down ─────────────────────────────────────────────────────────────────

  /** A message; `aside` when it is the answer to sends and says nothing about the way down. */
  const receive = (one: Connection, text: string, aside = false): void => {
    const { attempt } = one.attempt;
    const frames = parseMessage(text);
    // What a captive portal answers is no sign of life.
    if (!frames) return;
    let news = false;
    if (!aside) {
      one.heardAt = now;
      one.dueAt = now + one.patience;
    }
    for (const value of frames) {
      const frame = readServerFrame(value);
      // What a frame did to this connection holds for the rest of its message too.
      if (!frame || !connections.has(attempt)) continue;
      news ||= /^[aefgw]/.test(frame[0]);
      take(one, frame);
    }
    settle(outbox.settle(inbox()));
    if (inbox() !== ackedInbox && ackAt === Infinity) ackAt = now + ACK_INTERVAL;
    // An outcome waits in the inbox: whoever polls now and then asks for it now.
    if (aside && one.pollAt < Infinity && outbox.sends[0]?.barrier) one.pollAt = now;
    if (aside || !one.polls || one !== primary()) return;
    const took = now - one.polledAt;
    if (one.attempt.transport === 'polling') {
      one.pause =
        news || outbox.sends.length ? options.poll.min : Math.min(options.poll.max, one.pause * 1.5);
      one.pollAt = now + one.pause;
      return;
    }
    if (took >= POLL_WAIT * 0.8) consult({ type: 'held', attempt });
    if (news || took > 1_000) poll(one);
    // Answered at once with nothing: someone does not hold, and must not be asked in a circle.
    else one.pollAt = now + options.poll.min;
  };

  const take = (one: Connection, frame: ServerFrame): void => {
    switch (frame[0]) {
      case 'welcome':
        welcomed(one, frame[1].payload as Welcome);
        break;
      case 'entry':
        entry(one, frame);
        break;
      case 'gap': {
        const [, channel, reason, was, to] = frame;
        if (downlink.gap(channel, was, to) !== 'deliver') break;
        const gap = { channel, reason, was, now: to };
        if (channel === INBOX) outbox.doubt();
        if (reason === 'denied') downlink.forget(channel);
        hand(channel, 'gap', gap);
        report('gap', 'resynchronize', 1, gap, 1);
        break;
      }
      case 'fork':
        if (downlink.fork(frame[1], frame[2], frame[3], frame[4]) === 'resync') resync(one);
        break;
      case 'acked':
        outbox.acked(frame[1], frame[2]);
        // Over SSE the answer to the opening message comes down the stream.
        if (one.attempt.transport === 'sse' && !one.attempt.provenAt && frame[1] >= one.sentUpTo)
          one.underWay = undefined;
        break;
      case 'expect':
        expect(one, frame[1]);
        break;
      case 'ping':
        control(one, 'pong', frame[1]);
        if (!one.attempt.provenAt || now - pingedAt >= options.pingInterval) {
          pingedAt = now;
          control(one, 'ping', now);
        }
        proven(one);
        break;
      case 'pong':
        quality.measured(now - frame[1]);
        policy.measured(quality.roundTrip!);
        if (pings.delete(frame[1])) effects.push({ type: 'pong', moment: frame[1] });
        break;
      default:
        obey(one, frame[0], frame[1] as Envelope<Partial<Fault> & { within?: number }>);
    }
  };

  const welcomed = (one: Connection, given: Welcome | undefined): void => {
    const { attempt, transport, role, openedAt, startedAt, welcomeAt } = one.attempt;
    if (!given?.generation !== (role === 'probe') || welcomeAt) return;
    if (one.polls) one.underWay = undefined;
    else one.patience = given!.heartbeat * 1.5;
    if (role !== 'probe') {
      const { session, node, inbox } = given!;
      const first = !identity.welcome;
      const away = now - lostAt;
      identity.welcome = given!;
      lostAt = Infinity;
      downlink.begin(inbox);
      quality.measured(now - (one.http ? startedAt : openedAt!));
      policy.measured(quality.roundTrip!);
      for (const moment of pings) control(one, 'ping', moment);
      if (first) {
        report('connection_established', 'monitor_stability', 0.5, { transport, session, node });
        tell('session', { session, lost: false });
      } else if (away >= 0) report('session_resumed', 'continue', 1, { transport, away }, 3);
    }
    consult({ type: 'welcomed', attempt, generation: given!.generation });
    if (role !== 'probe') turn('connected');
    one.dueAt = now + one.patience;
    if (one.polls) proven(one);
  };

  /** Something came down that only a working transport brings (P55). */
  const proven = (one: Connection): void => {
    if (!one.attempt.welcomeAt) return;
    quality.count('proved', now);
    tell('status');
    if (one.attempt.provenAt) return;
    one.underWay = undefined;
    refreshes = 0;
    consult({ type: 'proven', attempt: one.attempt.attempt });
  };

  const entry = (one: Connection, frame: Extract<ServerFrame, ['entry', ...unknown[]]>): void => {
    const [, channel, epoch, offset, envelope, answers] = frame;
    const passage = downlink.entry(channel, epoch, offset);
    if (passage === 'resync') resync(one);
    if (passage !== 'deliver') return;
    resyncs = 0;
    const position: Position = [epoch, offset];
    if (channel !== INBOX) hand(channel, 'entry', { channel, position, envelope });
    else if (answers) answer(answers, envelope as Envelope);
    else tell('message', envelope as Envelope, position);
  };

  const answer = (number: number, envelope: Envelope): void => {
    outbox.answer(number, envelope);
    if (envelope.delta !== 'subscribed') return;
    const { channel, position, members = [] } = envelope.payload as Subscribed;
    if (downlink.subscribed(channel, number, position)) hand(channel, 'members', members);
  };

  /** At most one in 500 ms, then ever fewer until an entry fits again (P22). */
  const resync = (one: Connection): void => {
    const wait = Math.max(0, resyncAt - now);
    resyncAt = now + wait + Math.min(options.reconnect.max, 500 * 2 ** resyncs++);
    end(one, { by: 'us', code: 'resync', wait });
  };

  const expect = (one: Connection, next: number): void => {
    const { committed } = outbox;
    if (!sending.expect(one, next) || skipped === committed) return;
    skipped = committed;
    report('sends_lost', 'resynchronize', 1, { from: next, to: committed }, 3);
    const message = `The store lost the sends ${next}–${committed}.`;
    tell('error', new SendError('sends_lost', 'resynchronize', { message }));
  };

  /** A code and its advice: also one that we never met (P70). */
  const obey = (
    one: Connection,
    tag: 'error' | 'drain' | 'close',
    envelope: Envelope<Partial<Fault> & { within?: number }>,
  ): void => {
    const { delta: name, lambda: advice, payload = {} } = envelope;
    const { attempt, role, welcomeAt } = one.attempt;
    if (tag === 'drain') {
      if (one === primary()) consult({ type: 'moved', within: payload.within ?? 0 });
      return;
    }
    const error = new SendError(name, advice, payload);
    if (tag === 'error') {
      if (advice === 'refresh_credentials') effects.push({ type: 'askCredentials', attempt });
      else if (advice !== 'split_message') tell('error', error);
      return;
    }
    // An old connection has no say any more, and a probe never had one.
    if (role !== 'probe' && (!welcomeAt || one === primary())) {
      // A key that no longer counts (the server restarted with another secret) is not mended by credentials.
      if (advice === 'open_session' || payload.field === 'key') return renew();
      if (advice === 'split_message') sending.split();
      if (
        advice === 'stop' ||
        advice === 'reload_application' ||
        (advice === 'refresh_credentials' && ++refreshes > MAX_REFRESHES)
      ) {
        tell('error', error);
        return stop(name);
      }
    }
    end(one, { by: 'server', name, advice, wait: payload.retryAfter ?? 0 });
  };

  // ─── The session's own life ───────────────────────────────────────────────

  /** The session is gone: a new one, with the same channel cursors (P14). */
  const renew = (): void => {
    const session = identity.welcome?.session ?? '';
    identity.nonce = makeNonce();
    identity.welcome = undefined;
    ackedInbox = skipped = 0;
    lostAt = Math.min(lostAt, now);
    settle(outbox.clear());
    report('session_lost', 'resynchronize', 1, { session }, 3);
    tell('session', { session, lost: true });
    // Members belong to a session: the new one has to enter again.
    for (const [channel, since, presence] of downlink.renew()) subscribe(channel, { since, presence });
    consult({ type: 'renewed' });
  };

  const stop = (reason: string): void => {
    state = 'closed';
    consult({ type: 'stopped' });
    settle(outbox.clear());
    tell('status');
    effects.push({ type: 'stop', reason });
  };

  const bye = (): void => {
    const one = primary();
    if (one) say(one, sending.bye(one));
  };

  const subscribe = (channel: string, options: SubscribeOptions): Pending | undefined => {
    const send = outbox.add((number) => ['subscribe', number, channel, options] as Send);
    if (send) downlink.wish(channel, send.number, options.presence);
    return send;
  };

  /** Asks whether a connection still lives; it then has a few seconds. */
  const check = (one: Connection): void => {
    if (!one.http) {
      control(one, 'ping', now);
      one.dueAt = Math.min(one.dueAt, now + CHECK);
      // Only the stream or the poll itself could tell, and a new one costs no more than a question.
    } else if (now - one.heardAt > CHECK) consult({ type: 'moved', within: 0 });
  };

  const timePassed = (): void => {
    for (const one of connections.values()) {
      if (now >= one.pollAt) poll(one);
      if (now < one.dueAt) continue;
      // A timer that comes late has slept, and what came meanwhile may still wait to be read.
      if (now - one.dueAt > CHECK) {
        one.dueAt = now + CHECK;
        check(one);
        continue;
      }
      quality.count('missed', now);
      report('heartbeat_missed', 'resume', 0.5, {
        transport: one.attempt.transport,
        silent: now - one.heardAt,
      });
      end(one, { by: 'silence' });
    }
    if (now >= timeoutAt) {
      timeoutAt = Infinity;
      for (const send of outbox.sends) {
        const { until = Infinity, frame } = send;
        if (until > now) timeoutAt = Math.min(timeoutAt, until);
        else {
          send.until = Infinity;
          effects.push({ type: 'settle', send, error: new RequestTimeout((frame[2] as Envelope).delta) });
        }
      }
    }
    if (state === 'connected' && now >= lostAt + QUIET) turn('reconnecting');
    consult({ type: 'timePassed' });
  };

  const pageChanged = (signal: PageSignal): void => {
    if (signal === 'left') return bye();
    if (signal === 'parked') return consult({ type: 'stopped' });
    if (policy.phase === 'idle') consult({ type: 'started' });
    if (signal !== 'offline') consult({ type: 'woke' });
    const one = primary();
    if (one) check(one);
  };

  const happen = (event: SessionEvent): void => {
    const one = 'attempt' in event ? connections.get(event.attempt) : undefined;
    switch (event.type) {
      case 'started':
        return consult({ type: 'started' });
      case 'pinged':
        pings.add(event.moment);
        if (primary()) control(primary()!, 'ping', event.moment);
        return;
      case 'pageChanged':
        return pageChanged(event.signal);
      case 'closeAsked':
        bye();
        return stop('by close()');
      case 'deadlinePassed':
        return timePassed();
      default:
    }
    if (!one) return;
    const { attempt, transport, welcomeAt } = one.attempt;
    switch (event.type) {
      case 'credentialsGiven':
        one.auth = event.auth;
        if (welcomeAt) return control(one, 'auth', event.auth as never);
        consult({ type: 'ready', attempt });
        effects.push({ type: 'openConnection', attempt, transport, message: one.http ? hello(one) : '' });
        break;
      case 'credentialsFailed':
        if (!welcomeAt)
          end(one, { by: 'server', name: 'unauthorized', advice: 'refresh_credentials', wait: 0 });
        break;
      case 'connectionOpened':
        consult({ type: 'opened', attempt });
        if (!one.http) say(one, hello(one));
        break;
      case 'messageReceived':
        receive(one, event.text);
        break;
      case 'sendAnswered':
        answered(one, event.status, event.text);
        break;
      case 'connectionClosed':
        end(one, { by: 'network', status: event.status, detail: event.detail, idle: now - one.heardAt });
        break;
      default:
    }
  };

  return {
    handle(event: SessionEvent, at: number): SessionEffect[] {
      now = at;
      effects = [];
      if (state !== 'closed') {
        happen(event);
        flush();
      }
      return effects;
    },
    get deadline(): number {
      if (state === 'closed') return Infinity;
      return Math.min(
        policy.deadline,
        timeoutAt,
        ackAt,
        state === 'connected' ? lostAt + QUIET : Infinity,
        ...[...connections.values()].flatMap(({ dueAt, pollAt, sendAt }) => [
          dueAt,
          pollAt,
          sendAt > now ? sendAt : Infinity,
        ]),
      );
    },
    policy,
    quality,
    outbox,
    get state() {
      return state;
    },
    /** What the server said last of itself and of this session. */
    get welcome() {
      return identity.welcome;
    },
    position: (channel: string): Position | undefined => cursors.get(channel),

    /** Takes a send; undefined when the outbox is full. Tell `sendAdded` after it. */
    add(frame: (number: number) => Send, until?: number): Pending | undefined {
      timeoutAt = Math.min(timeoutAt, until ?? Infinity);
      return outbox.add(frame, until);
    },
    subscribe,
    unsubscribe(channel: string): Pending | undefined {
      const send = outbox.add((number) => ['unsubscribe', number, channel]);
      if (send) downlink.forget(channel);
      return send;
    },
  };
}
