/**
 * PURE. One session over whatever connections the policy opens: what to send,
 * what to deliver, when the session itself is dead.
 *
 * Entries of all connections pass the same cursors (`downlink.ts`); the newest
 * live connection carries the sends (`outbox.ts`); whether one lives is judged by
 * `liveness.ts`; who opens and closes is the business of `policy.ts`.
 */
import { INBOX, parseMessage, readServerFrame } from '@iskra/protocol/wire';
import type { Envelope, Fault, Position, ServerFrame, Subscribed, Welcome } from '@iskra/protocol/wire';
import type { SubscribeOptions } from './channel.js';
import { createDownlink } from './downlink.js';
import { createLiveness } from './liveness.js';
import { ClosedError, OutcomeUnknown, SendError } from './errors.js';
import type { Refusal } from './errors.js';
import type { Attempt, Cause } from './attempt.js';
import { createOutbox } from './outbox.js';
import type { Pending } from './outbox.js';
import { createPolicy } from './policy.js';
import type { PolicyEvents } from './policy-events.js';
import type { SessionEffect, SessionEvent, SessionOptions, SessionState, Status } from './session-events.js';
import { control, createSending } from './sending.js';
import type { Identity } from './sending.js';

/** How long it is nobody's business that there is no connection, ms. */
const QUIET = 5_000;
const ACK_INTERVAL = 2_000;
const MAX_REFRESHES = 3;

export type Session = ReturnType<typeof createSession>;

/** What whoever waits for this send is told; nothing, if it ended as it was hoped for. */
export const errorOf = ({ state, outcome }: Pending): Error | undefined =>
  state === 'unknown'
    ? new OutcomeUnknown('outcome_unknown', 'It may have happened.')
    : state === 'rejected'
      ? new SendError(outcome as Refusal)
      : undefined;

/** What the server says in an envelope of its own. */
type Said = Envelope<Partial<Fault> & { after?: number }>;

export function createSession(options: SessionOptions, random: () => number, makeNonce: () => string) {
  const { poll: pace, pingInterval = 0, path = {} } = options;
  const outbox = createOutbox(options.outbox);
  const downlink = createDownlink();
  const { cursors } = downlink;
  const identity: Identity = { nonce: makeNonce(), welcome: undefined, cursors };
  const sending = createSending(identity, outbox, path);
  let effects: SessionEffect[] = [];
  let now = 0;
  let state: SessionState = options.resumed ? 'connected' : 'connecting';
  /** Since when nothing carries the session. */
  let lostAt = Infinity;
  /** Nobody sees the page, so nothing is shown to them. */
  let hidden = false;
  let ackedInbox = 0;
  let ackAt = Infinity;
  let refreshes = 0;
  let resyncs = 0;
  let resyncAt = 0;
  let pingedAt = 0;
  /** The sends that the application was told to be forgotten. */
  let skipped = 0;
  let skippedFrom = 0;
  /** An opening that carried sends has failed. */
  let bare = false;
  let roundTrip: number | undefined;
  const act = (...effect: SessionEffect): void => void effects.push(effect);

  const measured = (sample: number): void => {
    roundTrip ??= sample;
    roundTrip += (sample - roundTrip) / 8;
    act('measured', sample);
  };

  const smoothed = (): number => roundTrip ?? 0;

  /** Then the application learns that nothing carries the session. */
  const toldAt = (): number => (state === 'connected' && !hidden ? lostAt + QUIET : Infinity);

  const turn = (next: SessionState): void => {
    state = next;
    act('tell', 'status');
  };

  const policy = createPolicy(options, random, smoothed, act, () => outbox.sends.length);

  const consult = <Name extends keyof PolicyEvents>(
    name: Name,
    about?: Attempt,
    value?: PolicyEvents[Name],
  ): void => policy.tell(now, name, about, value);

  const end = (one: Attempt, cause: Cause): void => {
    const { underWay } = one;
    if (cause.status === 413) sending.split(underWay);
    // They may have been too much for the way: the next one opens without any.
    if (underWay?.opening && !one.welcomeAt) bare = true;
    consult('ended', one, cause);
  };

  /** The connection that carries the sends. */
  const primary = policy.newest;
  const inbox = (): Position => cursors.get(INBOX) ?? ['', 0];

  // ─── Up ───────────────────────────────────────────────────────────────────

  const settle = (sends: Pending[]): void => {
    for (const send of sends) act('settle', send, errorOf(send));
  };

  const say = (one: Attempt, message: string): void => act('send', one, message);

  /** Over HTTP one message with sends is under way at a time (P36): hello carries some where nothing else does. */
  const hello = (one: Attempt): string =>
    sending.hello(
      one,
      // Two servers that share nothing would both perform what opens a session.
      !(!identity.welcome && options.ladder.some(({ server }) => server !== one.server)) &&
        (!one.overHttp || (!bare && !primary() && !policy.running.some(({ underWay }) => underWay))),
    );

  /** Sends what can be sent now. */
  const flush = (): void => {
    const carrier = primary();
    lostAt = carrier ? Infinity : Math.min(lostAt, now);
    if (now >= ackAt) {
      ackAt = Infinity;
      [, ackedInbox] = inbox();
      if (carrier && !carrier.polls) control(carrier, 'ack', ackedInbox);
    }
    for (const one of policy.running) {
      if (!one.welcomeAt) continue;
      for (let message; (message = sending.next(one, one === carrier, now));) say(one, message);
    }
  };

  /** How long a poll is held: not longer than a connection may be silent here. */
  const holdOf = ({ hold }: Attempt): number => (path.heartbeat ? Math.min(hold, path.heartbeat) : hold);

  const poll = (one: Attempt, wait = holdOf(one)): void => {
    one.pollAt = Infinity;
    liveness.polled(one, wait, now);
    act('open', one, sending.poll(one, wait));
  };

  const liveness = createLiveness(primary, smoothed, outbox, path, poll, () =>
    consult('moved', undefined, 0),
  );

  const subscribe = (channel: string, options: SubscribeOptions): Pending | undefined => {
    const send = outbox.add('subscribe', channel, options);
    if (send) downlink.wish(channel, send.number, options.presence);
    return send;
  };

  const unsubscribe = (channel: string): Pending | undefined => {
    // Nothing comes from now on, also when there is no room to say so.
    downlink.forget(channel);
    return outbox.add('unsubscribe', channel);
  };

  /** Subscribes again to what the other end may not know: whoever did already, loses nothing by it. */
  const askAgain = (isMeant: (channel: string, presence: unknown) => unknown): void => {
    for (const [channel, { presence }] of downlink.wishes) {
      const since = cursors.get(channel);
      if (since && isMeant(channel, presence)) subscribe(channel, { since, presence });
    }
  };
  /** Members belong to a session, and to what the store remembers of it. */
  const enterAgain = (): void => askAgain((_, presence) => presence !== undefined);

  // ─── Down ─────────────────────────────────────────────────────────────────

  /** A message; `aside` when it is the answer to sends and says nothing about the way down. */
  const receive = (one: Attempt, text: string, aside = false): void => {
    const frames = parseMessage(text);
    // What a captive portal answers is no sign of life.
    if (!frames) return;
    if (!aside) path.came?.(one, text.length);
    let news = false;
    const { asked, welcomeAt } = one;
    if (!aside) liveness.heard(one, now);
    for (const value of frames) {
      const frame = readServerFrame(value);
      // What a frame did to this connection holds for the rest of its message too.
      if (!frame || one.endedAt) continue;
      if (frame[0] === 'pong') liveness.echoed(one, frame[1], aside, now);
      news ||= /^[adegw]/.test(frame[0]);
      (take[frame[0]] as (one: Attempt, frame: ServerFrame) => void)(one, frame);
    }
    settle(outbox.settle(inbox()));
    if (inbox()[1] !== ackedInbox) ackAt = Math.min(ackAt, now + ACK_INTERVAL);
    // An outcome waits in the inbox: whoever polls now and then asks for it now.
    if (aside && one.pollAt < Infinity && outbox.sends[0]?.barrier) one.pollAt = now;
    if (aside || !one.polls || one !== primary()) return;
    const took = now - one.polledAt;
    if (one.hold && welcomeAt) consult('held', one, took < holdOf(one) * 0.8 ? took : Infinity);
    if (!one.hold) {
      one.pause = news || outbox.sends.length ? pace.min : Math.min(pace.max, one.pause * 1.5);
      one.pollAt = now + one.pause;
    } else if (news || asked || took > 500) poll(one);
    // Answered at once with nothing: someone does not hold, and must not be asked in a circle.
    else one.pollAt = now + pace.min;
  };

  /** What each frame does. */
  const take: {
    [Tag in ServerFrame[0]]: (one: Attempt, frame: Extract<ServerFrame, [Tag, ...unknown[]]>) => void;
  } = {
    welcome(one, [, envelope]) {
      const given = envelope.payload as Welcome | undefined;
      const probe = one.role === 'probe';
      if (one.welcomeAt || !given?.generation !== probe) return;
      const { session, inbox, generation, heartbeat } = given!;
      liveness.welcomed(one, heartbeat, now);
      bare = false;
      if (!probe) {
        // That of an earlier page has no generation here.
        const first = !identity.welcome?.generation;
        // Of servers that share nothing, only one has the session.
        if (!first && session !== identity.welcome!.session) return end(one, { verdict: 'left' });
        identity.welcome = given;
        downlink.begin(inbox);
        measured(now - (one.overHttp ? one.startedAt : one.openedAt!));
        if (first) act('tell', 'session', { session, lost: false });
      }
      consult('welcomed', one, generation);
      if (!probe) {
        turn('connected');
        // Taken on another connection, while this one's hello was on its way without them.
        if (!one.polls) askAgain((channel) => !one.offered?.has(channel));
      }
      if (one.polls) proven(one);
    },

    entry(one, [, channel, epoch, offset, envelope, answers]) {
      one.entryAt = now;
      const passage = downlink.entry(channel, epoch, offset);
      // What does not fit closes its connection: at most once in 500 ms, then ever more rarely until an entry fits (P22).
      if (passage === 'resync') {
        const wait = Math.max(0, resyncAt - now);
        resyncAt = now + wait + Math.min(options.reconnect.max, 500 * 2 ** resyncs++);
        end(one, { verdict: 'resync', wait });
      }
      if (passage !== 'next') return;
      resyncs = 0;
      const position: Position = [epoch, offset];
      if (channel !== INBOX) act('hand', channel, 'entry', { channel, position, envelope } as never);
      else if (!answers) act('tell', 'message', envelope as Envelope, position);
      else {
        outbox.answer(answers, envelope as Envelope);
        // Its POST may have been answered without waiting for it: asked now, it is acknowledged.
        one.sendAt = Math.min(one.sendAt, now);
        if (envelope.delta !== 'subscribed') return;
        const page = envelope.payload as Subscribed;
        const { channel, position } = page;
        // Of a channel that is being read already, entries may have gone past the page.
        const first = downlink.subscribed(channel, answers, position) ? page : undefined;
        act('hand', channel, 'members', first as never);
      }
    },

    gap(one, [, channel, reason, ...places]) {
      // Asked for to see whether anything passes (P69).
      if (reason === 'too_big' && !path.givesUp?.(channel, places[0])) return;
      // This connection does not deliver it at all, whatever an older one brought meanwhile (P23).
      const stands = reason === 'denied' && one === primary() && cursors.get(channel);
      const [was, to] = stands ? ([stands, stands] as const) : places;
      if (downlink.gap(channel, was, to) !== 'next') return;
      // What was for others only, or goes on in another epoch, is not missing here (P24, P82).
      const isMissing = !/^(excepted|forked)$/.test(reason);
      if (channel === INBOX) outbox.doubt(to[0], isMissing);
      if (!isMissing) return;
      if (reason === 'denied') unsubscribe(channel);
      // The store forgot a part of the log, and perhaps that this end is in its member list.
      else if (was[0] !== to[0]) askAgain((one, presence) => one === channel && presence !== undefined);
      act('hand', channel, 'gap', { channel, reason, was, now: to } as never);
    },

    acked(one, [, number, epoch, offset]) {
      // An old connection may speak of an epoch that this end never was in.
      if (epoch === inbox()[0] || (one === primary() && !downlink.past.has(epoch)))
        outbox.acked(number, [epoch, offset]);
      if (number >= one.sentUpTo) opened(one);
      // The store may lose the same number again.
      one.expected = undefined;
    },

    expect(one, [, from]) {
      const { committed: to } = outbox;
      // Asked again, by another connection perhaps: told once, unless there is more of it.
      if (!sending.expect(one, from) || (skipped === to && from >= skippedFrom)) return;
      skipped = to;
      skippedFrom = from;
      outbox.forgotten(from);
      enterAgain();
      const payload = { message: `The store lost sends ${from} to ${to}.` };
      act('tell', 'error', { delta: 'sends_lost', lambda: 'resynchronize', payload }, { from, to });
    },

    ping(one, [, moment]) {
      liveness.beat(one, now);
      control(one, 'pong', moment);
      if (!one.provenAt || now - pingedAt >= pingInterval) {
        pingedAt = now;
        control(one, 'ping', now);
      }
      proven(one);
    },

    pong: (_, [, moment]) => measured(now - moment),

    drain(one, [, envelope]) {
      // Any node takes the next poll, and so another one does.
      if (one === primary() && !one.polls)
        consult('moved', undefined, (envelope as Said).payload?.after ?? 0);
    },

    error(one, [, envelope]) {
      if (envelope.lambda === 'refresh_credentials') act('askCredentials', one);
      else if (envelope.lambda !== 'split_message') act('tell', 'error', envelope as Refusal);
    },

    /** Obeys the advice: also of a code that we never met (P70). */
    close(one, [, envelope]) {
      const { delta, lambda: advice, payload = {} } = envelope as Said;
      // An old connection has no say any more, a probe never had one, and another server has none as long as the one that
      // has the session may only have hiccuped.
      const isOther = one.role === 'race' && state === 'connected' && one.server !== policy.current?.server;
      if (!isOther && one.role !== 'probe' && (!one.welcomeAt || one === primary())) {
        // A key that no longer counts (the server restarted with another secret) is not mended by credentials.
        if (advice === 'open_session' || payload.field === 'key') return renew();
        if (advice === 'split_message') sending.split();
        if (advice === 'refresh_credentials') refreshes++;
        if (advice === 'stop' || advice === 'reload_application' || refreshes > MAX_REFRESHES) {
          act('tell', 'error', envelope as Refusal);
          return stop(delta);
        }
      }
      end(one, { detail: delta, advice, wait: payload.retryAfter });
    },
  };

  /** The message that opened it was answered; over SSE that comes down the stream. A POST has an answer of its own. */
  const opened = (one: Attempt): void => {
    if (one.underWay?.opening) one.underWay = undefined;
  };

  /** Something came down that only a working transport brings (P55). */
  const proven = (one: Attempt): void => {
    if (!one.welcomeAt) return;
    act('tell', 'status');
    if (one.provenAt) return;
    opened(one);
    refreshes = 0;
    consult('proven', one);
  };

  // ─── The session's own life ───────────────────────────────────────────────

  /** The session is gone: a new one, with the same channel cursors (P14). */
  const renew = (): void => {
    const session = identity.welcome?.session ?? '';
    identity.nonce = makeNonce();
    identity.welcome = undefined;
    ackedInbox = skipped = 0;
    settle(outbox.clear());
    act('tell', 'session', { session, lost: true });
    downlink.renew();
    enterAgain();
    consult('renewed');
  };

  const stop = (reason: string): void => {
    turn('closed');
    consult('stopped');
    settle(outbox.clear());
    act('stop', new ClosedError('closed', `The client is closed: ${reason}.`));
  };

  /** Firefox closes the sockets of a page before it says that the page leaves: only a request still arrives then. */
  const bye = (leaving?: boolean): void => {
    const one = primary();
    if (one && !one.overHttp) say(one, '[["bye"]]');
    if (identity.welcome && (leaving || one?.overHttp)) act('bye', sending.bye());
  };

  /** What each event does; those of a connection only as long as there is one. */
  const happen: {
    [Type in Exclude<SessionEvent['type'], 'sendAdded'>]: (
      event: Extract<SessionEvent, { type: Type }>,
      one: Attempt,
    ) => void;
  } = {
    started: () => consult('started'),

    pinged() {
      const one = primary();
      if (one) control(one, 'ping', now);
    },

    pageChanged({ signal }) {
      if (signal === 'left') return bye(true);
      if (signal === 'parked') return consult('stopped');
      if (signal === 'hidden') return void (hidden = true);
      if (signal === 'visible') hidden = false;
      if (signal !== 'offline') {
        consult('started');
        consult('woke');
        // If there is no connection, it is missed from now on.
        lostAt = Infinity;
      }
      liveness.woke(now);
    },

    closeAsked() {
      bye();
      stop('by close()');
    },

    deadlinePassed() {
      for (const one of policy.running) {
        if (now >= one.pollAt) poll(one);
        if (liveness.isDead(one, now)) end(one, { silent: now - one.heardAt });
      }
      const late = now - toldAt();
      // Asleep, nobody missed it.
      if (late > 1_000) lostAt = now;
      else if (late >= 0) turn('reconnecting');
      consult('timePassed');
    },

    credentialsGiven({ auth }, one) {
      one.auth = auth;
      if (one.welcomeAt) return control(one, 'auth', auth as never);
      consult('ready', one);
      act('open', one, one.overHttp ? hello(one) : '');
    },

    credentialsFailed(_, one) {
      if (!one.welcomeAt) end(one, { advice: 'refresh_credentials' });
    },

    opened(_, one) {
      consult('opened', one);
      if (!one.overHttp) say(one, hello(one));
    },

    received: ({ text }, one) => receive(one, text),

    answered({ status, text }, one) {
      const sent = one.underWay;
      one.underWay = undefined;
      receive(one, text, true);
      if (sent && sending.answered(one, sent, status, now, random() * options.reconnect.min))
        end(one, { status });
      settle(outbox.settle(inbox()));
    },

    closed(event, one) {
      if (!path.lost?.(one, event.status, now)) end(one, event);
      else if (one.welcomeAt) poll(one);
      else act('open', one, hello(one));
    },
  };

  return {
    handle(event: SessionEvent, at: number): SessionEffect[] {
      now = at;
      effects = [];
      const { attempt } = event as { attempt?: number };
      const one = policy.running.find((other) => other.attempt === attempt);
      if (one || !attempt) {
        (happen as Partial<Record<string, (event: never, one?: Attempt) => void>>)[event.type]?.(
          event as never,
          one,
        );
        flush();
      }
      return effects;
    },
    get deadline(): number {
      return Math.min(
        policy.deadline,
        ackAt,
        toldAt(),
        ...policy.running.flatMap((one) => [
          one.dueAt,
          one.pollAt,
          liveness.askAt(one),
          one.sendAt > now ? one.sendAt : Infinity,
        ]),
      );
    },
    policy,
    outbox,
    status: (_now: number): Status => ({
      state,
      transport: policy.current?.transport,
      roundTrip,
      session: identity.welcome?.session,
      unsettled: outbox.sends.length,
    }),
    /** With what the server said last of itself and of this session. */
    identity: identity as Readonly<Identity>,
    cursors,
    downlink,
    subscribe,
    unsubscribe,
  };
}
