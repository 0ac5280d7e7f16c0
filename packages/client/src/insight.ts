/**
 * PURE. What an application may want to know of its session besides its messages:
 * voices, what happens as system envelopes, and `explain()`. A machine around the
 * session's: it only looks at what the session wants done, and adds to it what
 * the application is told of it.
 */
import type { Advice, Voices } from '@iskra/protocol/wire';
import { blames } from './attempt.js';
import type { Attempt, Rung } from './attempt.js';
import type { Breaker } from './breaker.js';
import { certainty, downBy, explain, serversOf, verdictOf } from './explain.js';
import type { Explanation } from './explain.js';
import type { Path } from './path.js';
import { createProofs } from './proofs.js';
import type { Proof } from './proofs.js';
import { createQuality } from './quality.js';
import type { QualityClass } from './quality.js';
import type { Session } from './session.js';
import type { SessionEffect, Status, SystemEventName } from './session-events.js';

/** How the connection feels, and where it is; a part of `status`. */
export interface Feeling {
  quality: QualityClass;
  voices: Voices;
  /** Address of the server that carries the session, or did last. */
  server: string | undefined;
  /**
   * The last look at every server found none: until one answers there are only the last values of the channels, and
   * sends wait in the outbox.
   */
  degraded: boolean;
}

export interface Insight extends Session {
  status(now: number): Status & Feeling;
  /** What was tried, what it proved, what would mend it. */
  explain(): Explanation;
  /** What is to be told to the server now, once: nothing until something has worked for 1 s, and nothing while nobody sees the page. */
  news(): Proof[];
}

const MAX_LOG = 50;
/** Whoever is just back has other things to say first, and many may be just back, ms. */
const QUIET = 1_000;

/** `seam`: where this end is, as `seam_id` of its reports. */
export function createInsight(
  session: Session,
  ladder: readonly Rung[],
  seam: string,
  path?: Path,
  breaker?: Breaker,
): Insight {
  const { policy } = session;
  const quality = createQuality();
  /** The last attempts, oldest first. */
  let log: Attempt[] = [];
  let now = 0;
  let lostAt = Infinity;
  const servers = serversOf(ladder);
  let degraded = false;
  /** The attempt that carried the session when this last looked. */
  let before: Attempt | undefined;
  const proofs = createProofs();
  let hidden = false;

  const report = (
    delta: SystemEventName,
    lambda: Advice,
    omega: number,
    payload: object,
    dimension = 2,
  ): SessionEffect => {
    const { pain, chaos, trust } = quality.voices(now);
    const fractal_metadata = { voice_pain: pain, voice_chaos: chaos, voice_trust: trust, seam_id: seam };
    return ['tell', 'system', { delta, dimension, omega, lambda, payload, fractal_metadata }];
  };

  /** By which the server's events of the same connection are found. */
  const idsOf = ({ transport, attempt, generation }: Attempt): object => ({
    attempt: `${transport}-${attempt}`,
    ...(generation && { generation }),
  });

  const closed = (attempt: Attempt): SessionEffect[] => {
    const { transport, cause } = attempt;
    const verdict = verdictOf(attempt);
    const reports: SessionEffect[] = [];
    if (blames(attempt, attempt.idle) || verdict === 'lost') quality.count('failed', now);
    if (cause?.silent !== undefined) {
      quality.count('missed', now);
      reports.push(
        report('heartbeat_missed', 'resume', 0.5, { transport, silent: cause.silent, ...idsOf(attempt) }),
      );
    }
    if (
      lostAt < Infinity ||
      !session.identity.welcome ||
      policy.newest() ||
      session.status(now).state === 'closed'
    )
      return reports;
    lostAt = now;
    // Superseded: its successor is on its way already. Left: the page is parked.
    if (verdict !== 'superseded' && verdict !== 'left')
      reports.push(
        report('connection_lost', 'resume', certainty(attempt, log), {
          transport,
          verdict,
          ...idsOf(attempt),
        }),
      );
    return reports;
  };

  const switched = (was: Attempt, is: Attempt): SessionEffect => {
    quality.count('switched', now);
    // What ended the last one; when it was only left, what was held against its transport.
    const held = verdictOf(was) !== 'left' ? was : policy.standings.get(was.rank)?.attempt;
    const evidence = { verdict: held && verdictOf(held) };
    const [delta, change]: [SystemEventName, object] =
      was.server === is.server
        ? [
            is.rank < was.rank ? 'transport_upgraded' : 'transport_downgraded',
            { from: was.transport, to: is.transport },
          ]
        : ['server_changed', { from: was.server, to: is.server, transport: is.transport }];
    return report(delta, 'monitor_stability', held ? certainty(held, log) : 0.5, {
      ...{ ...change, ...evidence, ...idsOf(is) },
    });
  };

  const back = (): SessionEffect[] => {
    const away = now - lostAt;
    lostAt = Infinity;
    const { transport } = policy.newest()!;
    return [report('session_resumed', 'continue', 1, { transport, away }, 3)];
  };

  /** What there is to tell about something that the session wants done. */
  const look = (effect: SessionEffect): SessionEffect[] => {
    if (effect[0] === 'askCredentials' && !log.includes(effect[1])) log = [...log, effect[1]].slice(-MAX_LOG);
    if (effect[0] === 'close') return closed(effect[1]);
    if (effect[0] === 'measured') quality.measured(effect[1], now);
    if (effect[0] === 'hand' && effect[2] === 'gap') return [report('gap', 'resynchronize', 1, effect[3], 1)];
    if (effect[0] !== 'tell') return [];
    switch (effect[1]) {
      case 'status':
        return lostAt < Infinity && policy.newest() ? back() : [];
      case 'session': {
        const { session: id, lost } = effect[2];
        if (lost) {
          lostAt = Math.min(lostAt, now);
          return [report('session_lost', 'resynchronize', 1, { session: id }, 3)];
        }
        lostAt = Infinity;
        return [
          report('connection_established', 'monitor_stability', 0.5, {
            transport: policy.current?.transport,
            session: id,
            node: session.identity.welcome?.node,
            ...(policy.current && idsOf(policy.current)),
          }),
        ];
      }
      case 'transport': {
        return before ? [switched(before, policy.current!)] : [];
      }
      case 'error': {
        const lost = effect[3];
        return lost ? [report('sends_lost', 'resynchronize', 1, lost, 3)] : [];
      }
      default:
        return [];
    }
  };

  /** Whether anybody answers, as far as the last whole race showed; told when it changes. */
  const reach = (): SessionEffect[] => {
    const was = degraded;
    if (policy.newest()) degraded = false;
    else degraded ||= servers.every((server) => downBy(server, log));
    return degraded === was ? [] : [['tell', 'status']];
  };

  const insight: Pick<Insight, 'handle' | 'status' | 'explain' | 'news'> = {
    handle(event, at) {
      const effects = session.handle(event, at);
      now = at;
      if (event.type === 'pageChanged' && /^(hidden|visible)$/.test(`${event.signal}`))
        hidden = event.signal === 'hidden';
      // In their place: a gap is told before what follows it.
      const told = effects.flatMap((effect) => [effect, ...look(effect)]);
      before = policy.current;
      return [...told, ...reach()];
    },
    status: (at) => ({
      ...session.status(at),
      server: policy.current?.server,
      degraded,
      quality: quality.class(at),
      voices: quality.voices(at),
    }),
    explain: () => explain(policy, log, ladder, path, breaker),
    news() {
      const carrier = policy.newest();
      return carrier && now - carrier.provenAt! >= QUIET && !hidden ? proofs(log, carrier.transport) : [];
    },
  };
  // In everything else it is the session.
  return Object.assign(Object.create(session) as Session, insight);
}
