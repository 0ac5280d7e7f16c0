/**
 * PURE. One session for many tabs, as a session of this tab: a machine in the place of the session's own. While it leads
 * it has one of these; otherwise it says to the leader what it wants.
 *
 *   apart ──joined──▸ following ──begins──▸ leading
 *     ▲                   │                    │
 *     └───── parked ──────┴────────────────────┘
 */
import type { Policy } from '../policy.js';
import type { createSession, Session } from '../session.js';
import type { SessionEffect, SessionEvent, SessionOptions } from '../session-events.js';
import { createLead } from './lead.js';
import type { Lead } from './lead.js';
import type { Carrier, Saying, Shared, TabsEffect, Telling, Told, Word } from './messages.js';
import { createTab } from './tab.js';

/** How often a tab that is seen moves the leader's time on: that of a hidden one has slow timers, ms. */
const BEAT = 1_000;

/** @param make makes the session that the leader has. */
export function createSharing(
  options: SessionOptions,
  random: () => number,
  makeId: () => string,
  make: typeof createSession,
): Session {
  let now = 0;
  let effects: (SessionEffect | TabsEffect)[] = [];
  const act = (effect: SessionEffect | TabsEffect): void => void effects.push(effect);
  const me = makeId();
  /** Never started: outbox and cursors are this tab's own, and there is something to say of a policy while another tab's is not seen. */
  const resting = make(options, random, makeId);
  const { outbox } = resting;
  const tab = createTab(me, resting, act);
  const { shared } = tab;
  let leader: string | undefined;
  /** Also while it is parked, as long as nobody else can have gone on. */
  let lead: Lead | undefined;
  let told: Told[] = [];
  let parked = false;
  let hidden = false;
  let beatAt = 0;

  const isAlone = (): boolean => shared.taken.size < 2;

  const say = (event?: SessionEvent, begins = false): void => {
    if (!leader) return;
    const saying: Saying = { from: me, to: leader, sends: tab.say(begins), event };
    if (leader === me) listen(saying);
    else if (begins || event || saying.sends.length) act(['post', saying]);
  };

  const tell = (one: Told): void => {
    tab.take(one);
    told.push(one);
  };

  /** Tells what has come: to the others before anything of it is sent. */
  const flush = (joined?: string): void => {
    if (!lead || leader !== me) return;
    const { identity, outbox: own, policy, status } = lead.session;
    const { nonce, welcome } = identity;
    const { transport, server, rank, attempt, generation } = policy.current ?? ({} as Carrier);
    const part: Partial<Shared> = {
      nonce,
      welcome,
      inbox: lead.inbox(),
      last: own.sends.at(-1)?.number ?? own.open - 1,
      committed: own.committed,
      status: status(now),
    };
    if (transport) part.current = { transport, server, rank, attempt, generation };
    Object.assign(shared, part);
    if (!isAlone()) act(['post', { from: me, told, shared: joined ? shared : part, to: joined }]);
    told = [];
  };

  /** Something happens to the session. */
  const happen = (event: SessionEvent): void => {
    if (!lead) return;
    const given = lead.session.handle(event, now);
    const { sends } = lead.session.outbox;
    const newest = sends.at(-1);
    const stop = given.find((one) => one[0] === 'stop');
    // Others go on with what ends here, with credentials of their own.
    for (const effect of given) if (!stop || !/hand|settle|stop/.test(effect[0])) lead.relay(effect);
    if (stop) return finish(stop);
    // What came of it may be something to send.
    if (sends.at(-1) !== newest) happen({ type: 'sendAdded' });
    flush();
  };

  const begin = (): void => {
    if (!lead) {
      const session = make(
        {
          ...options,
          // Each tab has its own limits.
          outbox: { messages: Infinity, bytes: Infinity },
          count: Math.floor(random() * 1e9),
          resumed: !!shared.welcome,
        },
        random,
        makeId,
      );
      lead = createLead(session, shared, tell, act);
    }
    for (const other of shared.taken.keys()) if (other !== me) act(['watch', other]);
    tell(['set', 'taken', me, shared.taken.get(me) ?? 0]);
    happen({ type: 'pageChanged', signal: 'online' });
  };

  const gone = (other: string): void => {
    for (const channel of [...shared.wants.keys()]) lead!.leave(other, channel);
    tell(['set', 'taken', other]);
    happen({ type: 'sendAdded' });
  };

  /** The leader hears what a tab says. */
  const listen = ({ from, to, sends, event = { type: 'sendAdded' } }: Saying): void => {
    const isKnown = shared.taken.has(from);
    // What was said before a tab was gone is nothing: it counts on nothing of it any more.
    if (leader !== me || (to && (to !== me || !isKnown))) return;
    if (!to) {
      // Back before anybody has noticed.
      if (isKnown) gone(from);
      tell(['set', 'taken', from, 0]);
      act(['watch', from]);
    }
    for (const [own, text] of sends) if (own > shared.taken.get(from)!) lead!.submit(from, own, text);
    happen(event);
    if (!to) flush(from);
  };

  /** Others go on with the session, and tell nothing to whoever does not run. */
  const lose = (): void => {
    lead = undefined;
    told = [];
    tab.lose();
  };

  const hear = ({ from, told: news, shared: part, to }: Telling): void => {
    // What another tab is told on joining may be from before this one has joined.
    const isNew = !leader && to === me;
    if (from !== leader && !isNew) return;
    if (isNew) {
      lose();
      leader = from;
      beatAt = now + BEAT;
    } else news.forEach(tab.take);
    const { session: before } = shared.status;
    Object.assign(shared, part);
    const { session } = shared.status;
    if (to === me && session && session !== before) {
      act(['tell', 'session', { session, lost: false }]);
      act(['tell', 'status']);
    }
    say(undefined, isNew);
  };

  /** Whoever leads tells it everything, and then hears what it has. */
  const join = (): void => {
    leader = undefined;
    act(['post', { from: me, to: undefined, sends: [] }]);
  };

  const word = (said: Word): void => {
    if ('joined' in said) join();
    else if ('begins' in said) {
      leader = said.begins;
      if (leader === me) begin();
      else {
        if (lead) lose();
        if (!shared.taken.has(me)) return join();
      }
      say(undefined, true);
    } else if ('gone' in said) {
      if (leader === me) gone(said.gone);
    } else if ('told' in said) hear(said);
    else listen(said);
  };

  const part = (): void => {
    leader = undefined;
    act(['part']);
  };

  const finish = (stop?: SessionEffect): void => {
    // Nobody else is told that it has ended: others go on.
    part();
    happen({ type: 'pageChanged', signal: 'parked' });
    lead = undefined;
    shared.status = { ...shared.status, state: 'closed' };
    for (const effect of resting.handle({ type: 'closeAsked' }, now))
      act((effect[0] === 'stop' && stop) || effect);
  };

  const happens: { [Type in SessionEvent['type']]?: (event: Extract<SessionEvent, { type: Type }>) => void } =
    {
      started: () => act(['join', me]),
      sendAdded: () => say(),
      pinged: say,
      pageChanged(event) {
        const { signal } = event;
        if (typeof signal === 'object') word(signal);
        else if (signal === 'left') {
          if (isAlone()) happen(event);
        } else if (signal === 'parked') {
          parked = true;
          happen(event);
          // Alone, it keeps the session.
          if (!lead || !isAlone()) lose();
          part();
        } else {
          hidden = signal === 'hidden';
          if (hidden) return;
          if (parked && signal !== 'offline') {
            parked = false;
            act(['join', me]);
          } else say(event);
        }
      },
      closeAsked(event) {
        if (lead && isAlone()) happen(event);
        else finish();
      },
      deadlinePassed(event) {
        beatAt = now + BEAT;
        say(event);
      },
    };

  return {
    ...resting,
    handle(event, at) {
      now = at;
      effects = [];
      const own = happens[event.type] as ((event: SessionEvent) => void) | undefined;
      (own ?? happen)(event);
      return effects as SessionEffect[];
    },
    get deadline() {
      if (leader === me) return lead!.session.deadline;
      return leader && !hidden ? beatAt : Infinity;
    },
    // Of what another tab's policy does, only this is seen from here.
    policy: new Proxy({} as Policy, {
      get: (_, name: 'current') => (lead?.session ?? resting).policy[name] ?? shared[name],
    }),
    status: () => ({ ...shared.status, unsettled: outbox.sends.length }),
    // What of it is asked for is there.
    identity: shared as unknown as Session['identity'],
  };
}
