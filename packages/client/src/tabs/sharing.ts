/**
 * One session for many tabs, as a session of this tab: a machine in the place of the session's own. Each tab has the whole
 * session, and the same happens to it in each of them: what is called in the tab that leads to change it, is called in the
 * others in the same order. So any of them can go on with it.
 *
 *   apart ───told───▸ following ──begins──▸ leading
 *     ▲                   │                    │
 *     └───── parked ──────┴────────────────────┘
 */
import { INBOX } from '@iskra/protocol/wire';
import type { Passage, Position } from '@iskra/protocol/wire';
import type { Entry, Gap } from '../channel.js';
import type { Pending } from '../outbox.js';
import type { Policy } from '../policy.js';
import { createSession, errorOf } from '../session.js';
import type { Session } from '../session.js';
import type { SessionEffect, SessionEvent, SessionOptions } from '../session-events.js';
import { createGroup } from './group.js';
import type { Air, Call, Known, Owned, Sent, Snapshot, Wants, Word, Words } from './messages.js';

/** How often a tab that is seen moves the leader's time on: that of a hidden one has slow timers, ms. */
const BEAT = 1_000;

/** By the names that go over the air: what is called here, with what, is what the leader called, so its types hold. */
type Methods = Record<string, (...given: unknown[]) => unknown>;

/** @param air by what tabs find and hear each other. */
export function createSharing(
  air: Air,
  options: SessionOptions,
  random: () => number,
  makeId: () => string,
): Session {
  let now = 0;
  let effects: SessionEffect[] = [];
  const act = (...effect: SessionEffect): void => void effects.push(effect);
  const me = makeId();
  /** Never started: outbox, cursors and wishes are this tab's own. */
  const resting = createSession(options, random, makeId);
  const { outbox, downlink, cursors } = resting;
  const known = { status: resting.status(0) } as Known;
  /** That of all tabs: started in the one that leads, and the same in the others. */
  let session!: Session;
  let tabs!: Map<string, Wants>;
  /** What changes it and is still to be told to the others. */
  let calls: Call[];
  let depth = 0;
  /** Each of these is called in the other tabs as well. */
  const methods = {} as ReturnType<typeof createGroup> & typeof doings;
  let leader: string | undefined;
  /** Sends up to this number were said to the leader. */
  let said = 0;
  /** Where entries and gaps have passed this tab's own cursors, and are still to be handed on. */
  const passed = new Set<string>();
  let hidden = false;
  let beatAt = 0;

  /** What passes the session's cursor, has to pass this tab's own. */
  const judge =
    <Given extends [channel: string, ...unknown[]]>(own: (...given: Given) => Passage) =>
    (passage: Passage, ...given: Given): void => {
      if (passage === 'next' && own(...given) === 'next') passed.add(given[0] + cursors.get(given[0]));
    };

  /** Sends of the session have. */
  const ended = (sends: Owned[]): void => {
    for (const { by, own, state, outcome, reads } of sends) {
      const mine = by === me && outbox.sends.find(({ number }) => number === own);
      if (mine) Object.assign(mine, { barrier: 'passed', outcome, doubtful: state === 'unknown' });
      if (state === 'rejected' && reads && !session.cursors.has(reads)) session.downlink.forget(reads);
    }
  };

  /** What is called in each tab, besides what changes the session. */
  const doings = {
    know: (news: Partial<Known>) => void Object.assign(known, news),

    /** What the session wants done, as far as it is for each tab. */
    relay(...effect: unknown[]): void {
      const [name, what, value, given] = effect as ['hand', string, unknown, (Gap & Entry)?];
      if (
        name === 'hand'
          ? // The first page of a member list is right for whoever is where it was made.
            passed.has(what + (given?.position ?? given?.now))
          : // Often the same as the last leader had.
            what !== 'transport' || known.current?.transport !== (value as { to?: string }).to
      )
        act(...(effect as SessionEffect));
    },
  };

  /** What comes of a call for this tab, here or where the leader is. */
  const after: Record<string, (result: never, ...given: never[]) => unknown> = {
    settle: ended,
    clear: ended,
    entry: judge(downlink.entry),
    gap: judge(downlink.gap),

    subscribed(_, channel: string, answered: number, position: Position) {
      const send = session.outbox.sends.find(({ number }) => number === answered) as Owned | undefined;
      if (send?.by !== me) return;
      const isFirst = downlink.subscribed(channel, send.own!, position);
      act('hand', channel, 'members', (isFirst ? send.outcome!.payload : undefined) as never);
    },

    /** The session may not read it any more. */
    forget(_, channel: string) {
      const was = cursors.get(channel);
      for (const wants of tabs.values()) wants.delete(channel);
      downlink.forget(channel);
      if (was && !passed.has(channel + was))
        act('hand', channel, 'gap', { channel, reason: 'denied', was, now: was } as never);
    },
  };

  /** All that another tab needs to have this session. */
  const snapshot = (): Snapshot => {
    const { sends, committed, open } = session.outbox;
    const { cursors, wishes } = session.downlink;
    return { last: sends.at(-1)?.number ?? open - 1, committed, sends, cursors, wishes, tabs, known };
  };

  /** It is this session from now on; a new one, as far as nothing is said of it. */
  const restore = (from: Partial<Snapshot>): void => {
    Object.assign(known, from.known);
    session = createSession(
      {
        ...options,
        // Each tab has its own limits.
        outbox: { messages: Infinity, bytes: Infinity },
        count: Math.floor(random() * 1e9),
        resumed: !!known.welcome,
      },
      random,
      makeId,
    );
    const { outbox, downlink, identity } = session;
    Object.assign(identity, known);
    outbox.clear(from.last);
    (outbox.sends as Pending[]).push(...(from.sends ?? []));
    for (const name of ['cursors', 'wishes'] as const)
      from[name]?.forEach((value, channel) => (downlink[name] as Map<string, unknown>).set(channel, value));
    outbox.acked(from.committed ?? 0, session.cursors.get(INBOX) as Position);
    tabs = from.tabs ?? new Map<string, Wants>();
    calls = [];
    for (const part of [outbox, downlink, createGroup(session, tabs), { ...doings }] as unknown as Methods[])
      for (const name in part) {
        const own = part[name];
        if (typeof own === 'function')
          (methods as unknown as Methods)[name] = part[name] = (...given) => {
            // What they call in turn, they call in each tab.
            if (!depth++) calls.push([name, ...given]);
            const result = own(...given);
            if (!--depth) after[name]?.(result as never, ...(given as never[]));
            return result;
          };
      }
  };

  const settle = (sends: Pending[]): void => {
    for (const send of sends) act('settle', send, errorOf(send));
  };

  /** Whether it is being asked from where it is. */
  const asks = (sends: readonly Pending[], channel: string): boolean =>
    sends.some(({ text }) => text.includes(`,"${channel}",{"since"`));

  /**
   * What has ended, ends; and what this tab reads, but the session does not bring, it asks for. In another epoch than the tab
   * the session may be on its way to that of the tab, reading again for another one: if it stays there, that is seen later.
   */
  const look = (isLater = false): void => {
    passed.clear();
    settle(outbox.settle(['', 0]));
    for (const [channel, since] of cursors) {
      const [epoch, offset = 0] = session.cursors.get(channel) ?? [];
      const isMissed = epoch
        ? epoch === since[0]
          ? offset > since[1]
          : isLater
        : !asks(session.outbox.sends, channel);
      if (isMissed && !asks(outbox.sends, channel))
        resting.subscribe(channel, { since, presence: downlink.wishes.get(channel)!.presence });
    }
  };

  /** Says to the leader what is new. */
  const say = (event?: SessionEvent): void => {
    if (!leader) return;
    const sends = outbox.batch(said, Infinity, Infinity).map(({ number, text }): Sent => [number, text]);
    [said] = sends.at(-1) ?? [said];
    if (!event && !sends.length) return;
    if (leader === me) {
      methods.say(me, sends);
      happen(event);
    } else air.post(['said', me, leader, sends, event]);
  };

  /** Something happens to the session; the others are told before any of it is sent. */
  const happen = (event: SessionEvent = { type: 'sendAdded' }, joined?: string): void => {
    // Of a connection that it does not have any more.
    if (leader !== me && (tabs.size > 1 || 'attempt' in event)) return;
    for (const effect of session.handle(event, now)) {
      const [name] = effect;
      if (/hand|tell|measured/.test(name)) methods.relay(...effect);
      else if (name !== 'settle') act(...effect);
    }
    const { nonce, welcome } = session.identity;
    methods.know({
      nonce,
      welcome,
      current: options.ladder[(session.policy.current ?? known.current)?.rank as number],
      status: session.status(now),
    });
    if (known.status.state === 'closed') {
      // Others go on with what ends here, with credentials of their own.
      part();
      return settle(outbox.clear());
    }
    if (tabs.size > 1) air.post(['told', me, calls, joined, joined ? snapshot() : undefined]);
    calls = [];
    look();
    say();
  };

  /** Others go on with the session, and what becomes of what was said is unknown. */
  const lose = (from: Partial<Snapshot> = { known: { nonce: makeId(), welcome: undefined } }): void => {
    for (const send of outbox.sends)
      if (send.number <= said && !/^\["(un)?sub/.test(send.text))
        Object.assign(send, { barrier: 'passed', doubtful: true });
    said = 0;
    restore(from);
    look();
  };

  const part = (): void => {
    leader = undefined;
    air.part();
  };

  /** Alone, it keeps the session. */
  const park = (): void => {
    happen({ type: 'pageChanged', signal: 'parked' });
    if (tabs.size > 1) lose();
    part();
  };

  /** For good. Nobody else is told that it has ended: others go on. */
  const leave = (event: SessionEvent): void => {
    if (tabs.size > 1) park();
    happen(event);
  };

  type Own = {
    [Type in 'sendAdded' | 'started' | 'pinged' | 'pageChanged' | 'closeAsked' | 'deadlinePassed']: (
      event: Extract<SessionEvent, { type: Type }>,
    ) => void;
  };

  const happens: Words & Own = {
    started: () => air.join(me),
    sendAdded: say,
    pinged: say,

    pageChanged(event) {
      const { signal } = event;
      hidden = signal === 'hidden';
      if (signal === 'left') leave(event);
      else if (signal === 'parked') {
        park();
      } else if (!hidden) {
        // Unless it is there already.
        air.join(me);
        say(event);
      }
    },

    closeAsked: leave,

    deadlinePassed(event) {
      beatAt = now + BEAT;
      look(true);
      say(event);
    },

    begins(tab) {
      // That of another one may be another session: who has this one, was told of each of them.
      if (tab !== me && !(leader && tabs.has(tab))) {
        leader = undefined;
        lose();
        return air.post(['said', me]);
      }
      leader = tab;
      if (tab === me) {
        restore(snapshot());
        methods.say(me, []);
        for (const other of tabs.keys()) if (other !== me) air.watch(other);
        happen({ type: 'pageChanged', signal: 'online' });
      }
      said = 0;
      for (const { by, own } of session.outbox.sends as Owned[]) if (by === me) said = own!;
      say();
    },

    gone(tab) {
      if (leader !== me) return;
      methods.gone(tab);
      happen();
    },

    said(from, to, sends = [], event) {
      // What was said before a tab was gone is nothing: it counts on nothing of it any more.
      if (leader !== me || (to && (to !== me || !tabs.has(from)))) return;
      if (!to) air.watch(from);
      methods.say(from, sends);
      happen(event, to ? undefined : from);
    },

    told(from, calls, to, snapshot) {
      const before = known.status.session;
      // What another tab is told on joining may be from before this one has joined.
      if (!leader && to === me) {
        lose(snapshot);
        leader = from;
        const { session: id } = known.status;
        if (id && id !== before) {
          act('tell', 'session', { session: id, lost: false });
          act('tell', 'status');
        }
      } else if (from === leader)
        for (const [name, ...given] of calls) (methods as unknown as Methods)[name]!(...given);
      else return;
      look();
      say();
    },
  };

  lose();

  return {
    ...resting,
    handle(event, at) {
      now = at;
      effects = [];
      const { type, signal } = event as { type: string; signal?: unknown };
      const [name, ...given] = typeof signal === 'object' ? (signal as Word) : [type, event];
      (((happens as unknown as Methods)[name] ?? happen) as Methods[string])(...given);
      return effects;
    },
    get deadline() {
      if (leader === me) return session.deadline;
      return leader && !hidden ? beatAt : Infinity;
    },
    // Of what another tab's policy does, only this is seen from here.
    policy: new Proxy({} as Policy, {
      get: (_, name: 'current') => session.policy[name] ?? known[name],
    }),
    status: () => ({ ...known.status, unsettled: outbox.sends.length }),
    // What of it is asked for is there.
    identity: known as unknown as Session['identity'],
  };
}
