/**
 * PURE. Around the session's machine, as long as the devtools are there: what goes up and comes down, how long sends wait,
 * and what was lost. A transport that is blocked is refused when it opens, as a network would refuse it.
 */
import type { Attempt } from '../attempt.js';
import type { Pending } from '../outbox.js';
import type { Session } from '../session.js';
import type { SessionEffect, SessionEvent } from '../session-events.js';
import type { TransportName } from '../transports/transport.js';
import type { Message } from './frames.js';

export type Watch = ReturnType<typeof watch>;

/** Round trips that are kept. */
const SAMPLES = 60;

/** `see` is told what passes; `changed`, that something has happened. */
export function watch(session: Session, see: (message: Omit<Message, 'at'>) => void, changed: () => void) {
  const { handle, policy, outbox } = session;
  const blocked = new Set<TransportName>();
  const gaps = new Map<string, number>();
  const since = new WeakMap<Pending, number>();
  let roundTrips: number[] = [];

  const heard = (event: SessionEvent): void => {
    if (event.type !== 'received' && event.type !== 'answered') return;
    const one = policy.running.find(({ attempt }) => attempt === event.attempt);
    // What an attempt says that is over falls away.
    if (one && event.text) see({ way: 'down', id: idOf(one), text: event.text });
  };

  const look = (effect: SessionEffect): void => {
    switch (effect[0]) {
      case 'open':
      case 'send': {
        const [, one, text] = effect;
        if (text) see({ way: 'up', id: idOf(one), text });
        break;
      }
      case 'bye':
        see({ way: 'up', id: '', text: effect[1] });
        break;
      case 'measured':
        roundTrips = [...roundTrips, effect[1]].slice(-SAMPLES);
        break;
      case 'hand':
        if (effect[2] === 'gap') gaps.set(effect[1], (gaps.get(effect[1]) ?? 0) + 1);
        break;
      case 'tell':
        if (effect[1] === 'system') {
          const { delta, ...more } = effect[2];
          see({ way: 'here', id: '', text: JSON.stringify([[delta, more]]) });
        }
        break;
      default:
    }
  };

  const run = (event: SessionEvent, now: number): SessionEffect[] => {
    const effects: SessionEffect[] = [];
    const refused: Attempt[] = [];
    for (const effect of handle(event, now)) {
      if (effect[0] === 'open' && blocked.has(effect[1].transport)) refused.push(effect[1]);
      else {
        look(effect);
        effects.push(effect);
      }
    }
    return [...effects, ...refused.flatMap((one) => run(gone(one, 'blocked in the devtools'), now))];
  };

  session.handle = (event, now) => {
    heard(event);
    const effects = run(event, now);
    for (let at = outbox.sends.length - 1; at >= 0 && !since.has(outbox.sends[at]!); at--)
      since.set(outbox.sends[at]!, now);
    changed();
    return effects;
  };

  return {
    blocked: blocked as ReadonlySet<TransportName>,
    /** How many were told of a channel. */
    gaps: gaps as ReadonlyMap<string, number>,
    /** When a send was added; undefined for one that was there before. */
    sinceOf: (send: Pending): number | undefined => since.get(send),
    /** The last, oldest first, ms. */
    get roundTrips(): readonly number[] {
      return roundTrips;
    },

    /** What has to be told so that the connection that carries the session is lost. */
    cut(): SessionEvent[] {
      const one = policy.newest();
      return one ? [gone(one, 'cut in the devtools')] : [];
    },

    /** Lets a transport pass no more, or again. The answer has to be told, so that it is lost. */
    block(transport: TransportName, isBlocked: boolean): SessionEvent[] {
      if (!isBlocked) {
        blocked.delete(transport);
        return [];
      }
      blocked.add(transport);
      return policy.running
        .filter((one) => one.transport === transport && one.ready)
        .map((one) => gone(one, 'blocked in the devtools'));
    },

    /** The machine is as it was. */
    stop(): void {
      session.handle = handle;
    },
  };
}

export const idOf = ({ transport, attempt }: Pick<Attempt, 'transport' | 'attempt'>): string =>
  `${transport}-${attempt}`;

const gone = ({ attempt }: Attempt, detail: string): SessionEvent => ({
  type: 'closed',
  attempt,
  status: 0,
  detail,
});
