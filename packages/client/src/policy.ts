/**
 * PURE. Which server and which transport, and when.
 *
 *   idle ──started──▸ racing ──welcomed──▸ young ──proven──▸ steady ──┐ below the best:
 *                      ▲  │ nobody answered  │ ended          │ ended │ probe, then attach
 *                      │  ▼                  ▼                ▼       │ while the old one delivers
 *                      waiting ◂─────────────┴────────────────┘ ◂─────┘
 *
 * Servers and transports are one ladder: all transports of the primary, then all of the next server. What is held against
 * a rung is in `standings.ts`. A connection is left only when a newer one is proven. Whom everybody rejects is asked ever more
 * rarely, where there is a `breaker.ts`.
 */
import { MARKER_DELAY } from '@iskra/protocol/wire';
import { blames, createAttempt, EARLY } from './attempt.js';
import type { Attempt, Cause, Rung } from './attempt.js';
import { dueOf } from './patience.js';
import type { PolicyEffect, PolicyEvents, PolicyOptions } from './policy-events.js';
import { diedEarly, isDoubted, pauseOf, VERDICT_LIFE } from './standings.js';
import type { Standing } from './standings.js';

export type Policy = ReturnType<typeof createPolicy>;

/** `roundTrip`: smoothed, ms; 0 before the first. `unsettled`: how many sends another server may not know of. */
export function createPolicy(
  options: PolicyOptions,
  random: () => number,
  roundTrip: () => number,
  act: (...effect: PolicyEffect) => void,
  unsettled: () => number,
) {
  const {
    ladder,
    reconnect,
    probe: schedule = [15_000, 30_000, 50_000],
    stagger = 250,
    patience = 5_000,
    breaker,
  } = options;
  const path = options.path ?? {};
  /** By rank. */
  const standings = new Map<number, Standing>();
  /** Attempts that failed while nobody of their server answered: their fault, or the server's. */
  let suspects: Attempt[] = [];
  let running: Attempt[] = [];
  let now = 0;
  let started = false;
  let { count = 0 } = options;
  let current: Attempt | undefined;
  /** The highest generation that a welcome gave: only its connection counts as attached. */
  let held = 0;
  let failures = 0;
  /** What a failure counts. */
  let weight = 1;
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
  /** The connection that is to be left then. */
  let told: Attempt | undefined;
  /** That failed since the last one that did not. */
  let moves = 0;

  const newest = (): Attempt | undefined => running.find((one) => one.generation === held);
  const pending = ({ role, welcomeAt }: Attempt): boolean => role !== 'probe' && !welcomeAt;
  /** On its way to carrying the session, or to showing that it could. */
  const undecided = (): boolean => running.some(({ generation }) => !generation);
  const scaled = (times: number, least: number, most: number): number =>
    Math.min(most, Math.max(least, roundTrip() * times));
  const backoff = (tries: number): number => random() * Math.min(reconnect.max, reconnect.min * 2 ** tries);
  const strike = (attempt: Attempt): void => {
    const strikes = (standings.get(attempt.rank)?.strikes ?? 0) + 1;
    standings.set(attempt.rank, { strikes, attempt, until: now + VERDICT_LIFE });
  };
  /** Nobody answered: that is the server or the network, and no transport's fault. */
  const acquit = (): void => {
    breaker?.unanswered(suspects);
    suspects = [];
  };
  const due = (one: Attempt): number => {
    const waits = one.server !== current?.server && unsettled() > 0;
    return dueOf(one, scaled, 2 ** Math.min(failures, 2), patience, waits);
  };

  /**
   * When it is known to stay with what carries the session, where nothing was chosen yet: at once, unless a WebSocket that
   * began before is still on its way. That takes up to four round trips, where this one took one at least.
   */
  const takenAt = (best: Attempt): number => {
    const before = running.find((one) => pending(one) && !one.overHttp && one.attempt < best.attempt);
    return current && !current.endedAt
      ? Infinity
      : before
        ? before.startedAt + stagger + (best.welcomeAt! - best.startedAt) * 5
        : 0;
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
    const idle = path.ended?.(one);
    if (idle) standings.clear();
    const blamed = !idle && blames(one, idle);
    act('close', one);
    delay = Math.max(delay, cause.wait ?? 0);
    breaker?.ended(one);
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
    leave((other) => pending(other) && other.rank >= one.rank);
    // The others had the same network: they need not be waited for much longer.
    for (const other of running) if (!other.welcomeAt) other.welcomeBy = now + scaled(8, 2_000, 10_000);
  };

  const proven = (one: Attempt): void => {
    one.provenAt = now;
    if (one.role === 'probe') {
      // One that died early before must outlive that age now; so must a server that came back.
      if (one.server === current!.server && !diedEarly(standings.get(one.rank)?.attempt)) promote(one);
    } else if (one.generation === held) {
      failures = moves = 0;
      breaker?.proven();
      renewed = false;
      // It may have been told before it was proven: then it is the one to be left.
      if (one !== told) moveAt = Infinity;
      leave((other) => other !== one && other.generation);
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
    end(one, { verdict: 'left' });
    begin(one, 'attach');
  };

  /** Everything that is due, in the order in which one thing leads to the next. */
  const step = (): void => {
    for (const one of running) {
      if (one.endedAt) continue;
      // What was answered for so long is not cut by habit, however short the answers took.
      const lived = one.transport === 'long-poll' ? VERDICT_LIFE : EARLY;
      if (one.provenAt && now >= one.welcomeAt! + lived) standings.delete(one.rank);
      if (now < due(one)) continue;
      if (one.provenAt) promote(one);
      else end(one, {});
    }
    if (!started) return;
    const best = newest();
    if (!best) return lost();
    if (now >= takenAt(best)) take(best);
    if (best.provenAt) settled(best);
  };

  /** Nothing carries the session. */
  const lost = (): void => {
    probes = [];
    probeAt = moveAt = Infinity;
    leave(({ role }) => role === 'probe');
    // What was passed over by a welcome is no reason to wait: it may have taken the session and hold back its answer.
    if (!race?.length && !running.some((one) => pending(one) && !one.welcomeBy) && retryAt === Infinity) {
      if (race) acquit();
      race = undefined;
      const pause = breaker?.pause() ?? backoff(failures);
      // What did not fit is read again at once: nobody else lost anything then.
      retryAt = now + Math.max(delay, current?.cause?.verdict === 'resync' ? 0 : pause);
      delay = 0;
      failures += weight;
      weight = 1;
    }
    if (now >= retryAt) {
      retryAt = Infinity;
      nextAt = now;
      // To begin with, what worked last time; later, what is known now.
      const likely = (one: Rung): number =>
        isDoubted(one.rank, standings, suspects, now)
          ? 2
          : path.first && !current && one === ladder.find(({ transport }) => transport === path.first)
            ? 0
            : 1;
      race = [...ladder].sort((one, other) => likely(one) - likely(other));
      // Half open: one of them shows whether it is still so.
      if (breaker?.isBroken()) race = race.slice(0, 1);
    }
    if (!race || now < nextAt) return;
    const next = race.shift();
    if (next) begin(next, 'race');
    nextAt = race.length ? now + scaled(3, stagger, 3_000) : Infinity;
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
      if (!probes.length && probeAt === Infinity)
        probeAt = now + pauseOf(schedule, probed++, standings.get(best.rank - 1));

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
      // The choice is made already: look first, then take over.
      if (one.role === 'race' && !one.overHttp && current && newest() === current) one.role = 'probe';
    },
    welcomed,
    proven,
    held({ rank }, waited) {
      const { endedAt = 0, polledAt = 0 }: Partial<Attempt> = standings.get(rank)?.attempt ?? {};
      // It waited as long as the one that was cut, so that was an accident.
      if (waited >= endedAt - polledAt) standings.delete(rank);
    },
    ended: end,
    woke() {
      if (retryAt < Infinity) retryAt = now;
      if (probeAt < Infinity) probeAt = now;
      probed = 0;
    },
    moved(_, after) {
      moveAt = Math.min(moveAt, now + after);
      told = newest();
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
        ...running.map(due),
        ...(best
          ? [takenAt(best), ...(best.provenAt ? [moveAt, undecided() ? Infinity : probeAt] : [])]
          : started
            ? [race ? nextAt : Infinity, retryAt]
            : []),
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
