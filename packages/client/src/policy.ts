/**
 * PURE. Which server and which transport, and when.
 *
 *   idle ──started──▸ racing ──welcomed──▸ young ──proven──▸ steady ──┐ below the best:
 *                      ▲  │ nobody answered  │ ended          │ ended │ probe, then attach
 *                      │  ▼                  ▼                ▼       │ while the old one delivers
 *                      waiting ◂─────────────┴────────────────┘ ◂─────┘
 *
 * Servers and transports are one ladder: all transports of the primary, then all
 * of the next server. A rung is judged only by its own evidence, and only once
 * another attempt has shown that its server is there: until then failures are
 * mere suspicions. Every verdict expires. A connection is left only when a newer
 * one is proven.
 */
import { MARKER_DELAY } from '@iskra/protocol/wire';
import { blames, createAttempt, EARLY, rejects } from './attempt.js';
import type { Attempt, Cause, Rung } from './attempt.js';
import type { Path } from './path.js';
import type { TransportName } from './transports/transport.js';

export interface PolicyOptions {
  /** In order of preference. */
  ladder: readonly Rung[];
  /** Exponential backoff with full jitter, ms. */
  reconnect: { min: number; max: number };
  /** Times after which better transports are probed, ms; the last one repeats. */
  probe?: readonly number[] | undefined;
  /** How long a transport is alone before the next one starts beside it, ms; grows with the round trip. */
  stagger?: number | undefined;
  /** How long an attempt may take to its welcome, ms; grows with the round trip and with failures. */
  patience?: number | undefined;
  /** What is known of the way. */
  path?: Path | undefined;
}

/** What the policy wants done. */
export type PolicyEffect =
  /** Get credentials and open it. */
  | [name: 'askCredentials', attempt: Attempt]
  /** It is over. */
  | [name: 'close', attempt: Attempt]
  /** What carries the session, as the application should know it: another transport, or the same one of another server. */
  | [name: 'tell', what: 'transport', change: { from: TransportName | undefined; to: TransportName }]
  | [name: 'tell', what: 'status'];

/** What can happen: the value that comes with it. Those of an attempt say which. */
export interface PolicyEvents {
  started: undefined;
  /** An attempt has its credentials: its time runs from now. */
  ready: undefined;
  opened: undefined;
  /** With this generation. */
  welcomed: number;
  proven: undefined;
  /** A poll was held for its whole time. */
  held: undefined;
  ended: Cause;
  /** The page is visible or online again. */
  woke: undefined;
  /** The session wants another connection, on the same transport, after this time, ms. */
  moved: number;
  /** The session was replaced by a new one. */
  renewed: undefined;
  stopped: undefined;
  timePassed: undefined;
}

/** What is held against a transport, and until when. */
export interface Standing {
  strikes: number;
  until: number;
  /** The last attempt that was held against it. */
  attempt: Attempt;
}

/** Verdicts expire after this time, so that a wrong one costs a minute at most, ms. */
const VERDICT_LIFE = 50_000;

/** So many times in a row a server may reject everything after it opened; then the breaker opens, for up to this time, ms. */
const REJECTIONS = 5;
const BREAK = 300_000;

/** A poll that was welcome once, so that polls as such are let through. */
const wasCut = (attempt?: Attempt): boolean => !!attempt?.welcomeAt && attempt.polls;
/** A stream that came through and was then closed. */
const diedEarly = (attempt?: Attempt): boolean =>
  !!attempt?.openedAt && !attempt.polls && attempt.cause!.status !== undefined;

export type Policy = ReturnType<typeof createPolicy>;

/** `roundTrip`: smoothed, ms; 0 before the first. */
export function createPolicy(
  options: PolicyOptions,
  random: () => number,
  roundTrip: () => number,
  act: (...effect: PolicyEffect) => void,
) {
  const {
    ladder,
    reconnect,
    probe: schedule = [15_000, 30_000, 50_000],
    stagger = 250,
    patience = 5_000,
    path = {},
  } = options;
  const standings = new Map<number, Standing>();
  /** Attempts that failed while nobody of their server answered: their fault, or the server's. */
  let suspects: Attempt[] = [];
  let running: Attempt[] = [];
  let now = 0;
  let started = false;
  let count = 0;
  let current: Attempt | undefined;
  /** The highest generation that a welcome gave: only its connection counts as attached. */
  let held = 0;
  let failures = 0;
  /** What a failure counts. */
  let weight = 1;
  /** Every end since the last retry was a rejection; and how often in a row it was so. */
  let rejected = true;
  let rejections = 0;
  const isBroken = (): boolean => rejections > REJECTIONS;
  let renewed = false;
  let race: Rung[] | undefined;
  /** When the race's next one starts. */
  let nextAt = Infinity;
  let retryAt = Infinity;
  let delay = 0;
  let probes: Rung[] = [];
  let probeAt = Infinity;
  let probed = 0;
  let moveAt = Infinity;
  /** That failed since the last one that did not. */
  let moves = 0;

  const newest = (): Attempt | undefined => running.find((one) => one.generation === held);
  const pending = ({ role, welcomeAt }: Attempt): boolean => role !== 'probe' && !welcomeAt;
  /** On its way to carrying the session, or to showing that it could. */
  const undecided = (): boolean => running.some(({ generation }) => !generation);
  const scaled = (times: number, least: number, most: number): number =>
    Math.min(most, Math.max(least, roundTrip() * times));
  const backoff = (tries: number): number => random() * Math.min(reconnect.max, reconnect.min * 2 ** tries);
  const standing = (rank: number): Partial<Standing> & { strikes: number } =>
    standings.get(rank) ?? { strikes: 0 };
  const strike = (attempt: Attempt): void => {
    const strikes = standing(attempt.rank).strikes + 1;
    standings.set(attempt.rank, { strikes, attempt, until: now + VERDICT_LIFE });
  };
  /** Nobody answered: that is the server or the network, and no transport's fault. */
  const acquit = (): void => {
    for (const one of suspects) one.serverDown = true;
    suspects = [];
  };

  const doubted = ({ rank }: Rung): boolean => {
    const suspect = suspects.find((one) => one.rank === rank);
    const { attempt, strikes, until = 0 } = standing(rank);
    // One poll that was cut may be an accident; two are a habit of the network.
    if (wasCut(suspect ?? attempt) && strikes + (suspect ? 1 : 0) < 2) return false;
    return !!suspect || until > now;
  };

  /** The moment at which an attempt has had its time. */
  const dueOf = ({ ready, startedAt, welcomeAt, provenAt, role, welcomeBy = Infinity }: Attempt): number => {
    if (!ready) return Infinity;
    if (!welcomeAt)
      return Math.min(startedAt + scaled(20, patience, 15_000) * 2 ** Math.min(failures, 2), welcomeBy);
    if (!provenAt) return welcomeAt + MARKER_DELAY + scaled(6, 1_500, 10_000);
    return role === 'probe' ? welcomeAt + EARLY : Infinity;
  };

  const begin = (rung: Rung, role: Attempt['role']): void => {
    const attempt = createAttempt(++count, rung, role, now);
    running.push(attempt);
    act('askCredentials', attempt);
  };

  const end = (one: Attempt, cause: Cause): void => {
    const carried = newest() === one;
    running = running.filter((other) => other !== one);
    one.endedAt = now;
    one.cause = cause;
    // If it was too long a silence, that may have been the reason before, too.
    one.idle = path.ended?.(one);
    if (one.idle) standings.clear();
    const blamed = !one.idle && blames(one);
    act('close', one);
    delay = Math.max(delay, cause.wait ?? 0);
    if (cause.verdict !== 'left' && !rejects(one)) rejected = false;
    // Another node is there already; whoever balances the load only needs a moment to see it.
    if (cause.advice === 'reconnect_elsewhere') weight = 0.5;
    const moving = newest() && one.role === 'attach' && one.rank === current?.rank;
    // Counted apart: whoever loses the old connection meanwhile must not wait the longer for it.
    if (moving && !one.welcomeAt) moveAt = now + reconnect.min + backoff(moves++);
    // An old connection that had its time teaches nothing, nor does a move to another node that failed.
    if (blamed && !moving && (carried || one.role === 'probe' || !one.welcomeAt)) {
      if (newest()?.server === one.server) strike(one);
      else suspects.push(one);
    }
    if (one.role === 'probe' || !race) return;
    nextAt = now;
    // The server is there and said no: another transport would hear the same.
    if (cause.advice && !blamed) {
      race = race.filter(({ server }) => server !== one.server);
      leave((other) => pending(other) && other.server === one.server);
    }
  };

  const leave = (test: (attempt: Attempt) => unknown): void => {
    for (const one of running.filter(test)) end(one, { verdict: 'left' });
  };

  const take = (attempt: Attempt): void => {
    const from = current;
    current = attempt;
    if (from?.rank === attempt.rank) return;
    act('tell', 'transport', { from: from?.transport, to: attempt.transport });
    act('tell', 'status');
  };

  const welcomed = (one: Attempt, generation: number): void => {
    one.welcomeAt = now;
    // Somebody answered: what was suspected is now known.
    suspects = suspects.filter((other) => other.server !== one.server || strike(other));
    if (one.role === 'probe') return;
    one.generation = generation;
    held = Math.max(held, generation);
    retryAt = Infinity;
    race = undefined;
    delay = 0;
    leave((other) => pending(other) && other.rank > one.rank);
    // The others had the same network: they need not be waited for much longer.
    for (const other of running) if (!other.welcomeAt) other.welcomeBy = now + scaled(8, 2_000, 10_000);
    if (!current || current.endedAt) take(one);
  };

  const proven = (one: Attempt): void => {
    one.provenAt = now;
    if (one.role === 'probe') {
      // One that died early before must outlive that age now; so must a server that came back.
      if (one.server === current!.server && !diedEarly(standing(one.rank).attempt)) promote(one);
    } else if (one.generation === held) {
      failures = moves = rejections = 0;
      renewed = false;
      moveAt = Infinity;
      leave((other) => other !== one && other.generation);
      take(one);
    } else if (
      one.rank < (newest() ?? one).rank &&
      (!one.overHttp || now - one.welcomeAt! > MARKER_DELAY / 2)
    ) {
      // Late, but better than what was taken meanwhile; unless it came in one piece, as from a box that collects all.
      begin(one, 'attach');
    }
  };

  /** A probe has shown that its transport works: attach there for good. */
  const promote = (one: Attempt): void => {
    probes = [];
    leave((other) => other === one);
    begin(one, 'attach');
  };

  /** Everything that is due, in the order in which one thing leads to the next. */
  const step = (): void => {
    for (const one of running) {
      if (one.endedAt) continue;
      if (one.provenAt && now >= one.welcomeAt! + EARLY && one.transport !== 'long-poll')
        standings.delete(one.rank);
      if (now < dueOf(one)) continue;
      if (one.provenAt) promote(one);
      else end(one, {});
    }
    if (!started) return;
    const best = newest();
    if (!best) lost();
    else if (best.provenAt) settled(best);
  };

  const retry = (): void => {
    // What did not fit is read again at once: nobody else lost anything then.
    rejections = rejected ? rejections + 1 : 0;
    rejected = true;
    // Somebody is there who wants none of it: ever more rarely, and all at other times.
    const pause = isBroken()
      ? (0.5 + random() / 2) * Math.min(BREAK, reconnect.max * 2 ** (rejections - REJECTIONS))
      : backoff(failures);
    retryAt = now + Math.max(delay, current?.cause?.verdict === 'resync' ? 0 : pause);
    delay = 0;
    failures += weight;
    weight = 1;
  };

  const lost = (): void => {
    probes = [];
    probeAt = moveAt = Infinity;
    leave(({ role }) => role === 'probe');
    if (!race && !running.some(pending) && retryAt === Infinity) retry();
    if (now >= retryAt) {
      // To begin with, what worked last time; later, what is known now.
      const first = ladder.find(({ transport }) => !current && transport === path.first);
      const likely = (one: Rung): number => (doubted(one) ? 2 : one === first ? 0 : 1);
      race = [...ladder].sort((one, other) => likely(one) - likely(other));
      // Half open: one of them shows whether it is still so.
      if (isBroken()) race = race.slice(0, 1);
      retryAt = Infinity;
      nextAt = now;
    }
    if (!race) return;
    if (now >= nextAt) {
      const next = race.shift();
      if (next) begin(next, 'race');
      nextAt = race.length ? now + scaled(3, stagger, 3_000) : Infinity;
    }
    if (race.length || running.some(pending)) return;
    race = undefined;
    acquit();
    retry();
  };

  /** To the next look at better transports. */
  const pause = (best: Attempt): number => {
    const usual = schedule[Math.min(probed++, schedule.length - 1)]!;
    // No probe shows that a poll will be held: each look is another switch, so there are ever fewer.
    const { attempt, strikes } = standing(best.rank - 1);
    return Math.min(Math.max(usual, VERDICT_LIFE), wasCut(attempt) ? usual * 2 ** strikes : usual);
  };

  const settled = (best: Attempt): void => {
    if (now >= moveAt) {
      moveAt = Infinity;
      begin(best, 'attach');
    }
    if (!undecided() && !probes.length) acquit();
    if (best.rank === 0) {
      probed = 0;
      probeAt = Infinity;
    } else if (!undecided()) {
      if (!probes.length && probeAt === Infinity) probeAt = now + pause(best);
      if (now >= probeAt) {
        probeAt = Infinity;
        probes = ladder.slice(0, best.rank);
      }
      const next = probes.shift();
      if (next) begin(next, 'probe');
    }
  };

  const events: {
    [Name in keyof PolicyEvents]?: (one: Attempt, value: PolicyEvents[Name]) => void;
  } = {
    started() {
      if (!started) retryAt = now;
      started = true;
    },
    ready(one) {
      one.ready = true;
      one.startedAt = now;
    },
    opened(one) {
      one.openedAt ??= now;
      // Another one already carries the session: look first, then take over.
      if (one.role === 'race' && !one.overHttp && newest()) one.role = 'probe';
    },
    welcomed,
    proven,
    held: ({ rank }) => void standings.delete(rank),
    ended: end,
    woke() {
      if (retryAt < Infinity) retryAt = now;
      if (probeAt < Infinity) probeAt = now;
      probed = 0;
    },
    moved(_, after) {
      moveAt = Math.min(moveAt, now + after);
    },
    renewed() {
      held = 0;
      race = undefined;
      leave(() => true);
      // The server is there, so it need not be waited for as one that is down; but once only (P55).
      if (!renewed) retryAt = now + random() * reconnect.min;
      renewed = true;
    },
    stopped() {
      started = false;
      race = undefined;
      leave(() => true);
    },
  };

  return {
    /** Those that have not ended. */
    get running(): readonly Attempt[] {
      return running;
    },
    /** The breaker is not closed (P57): the server rejects whatever is opened. */
    isBroken,
    /** By rank. */
    standings: standings as ReadonlyMap<number, Standing>,
    get current() {
      return current;
    },
    /** The connection that carries the sends. */
    newest,
    get deadline(): number {
      const best = newest();
      return Math.min(
        ...running.map(dueOf),
        ...(started && !best ? [race ? nextAt : Infinity, retryAt] : []),
        ...(best?.provenAt ? [moveAt, undecided() ? Infinity : probeAt] : []),
      );
    },

    /** Something happened at `at`; to this attempt, if it has to do with one: of a dead one it is ignored. */
    tell<Name extends keyof PolicyEvents>(at: number, name: Name, one?: Attempt, value?: PolicyEvents[Name]) {
      // A moment of 0 would read as "not yet".
      now = at || 1e-9;
      if (!one || running.includes(one)) events[name]?.(one!, value!);
      step();
    },
  };
}
