/** Tries long-poll or polling: welcome, echoes; and of long-poll a poll that is held for as long as a client holds it. */
import type { ClientFrame, Json } from '@iskra/protocol/wire';
import { hasFailed } from './inbox.js';
import { pause, persist } from './road.js';
import type { Answer, Road } from './road.js';
import type { Failed, Stage, Trial, Welcomed } from './seen.js';
import { echo, goOn, hello, messageOf, newNonce, outcomeOf, refusalIn, welcomeIn } from './wire.js';
import type { Session } from './wire.js';

/** @param hold how long a poll is held, ms; 0 for polling. */
export async function tryPolls(road: Road, auth: Json | undefined, hold: number): Promise<Trial> {
  const seen = { echoes: [] as number[], lags: [] };
  const stop = (stage: Stage, failed: Failed): Trial => ({ ...seen, stage, end: failed.end, failed });
  const opened = await openByPoll(road, auth);
  if (hasFailed(opened)) return stop('nothing', opened);
  const { session, welcome, milliseconds, encoding } = opened;
  const once = hold > 0 ? echoHeld : echoAtOnce;
  let { cuts } = opened;
  for (let number = 1; number <= ECHOES; number++) {
    // As a client does: what has its number is performed once.
    const { outcome: echoed, cuts: more } = await persist(() => once(road, session, number));
    cuts += more;
    if (hasFailed(echoed)) {
      await leave(road, session);
      return stop('welcomed', echoed);
    }
    seen.echoes.push(echoed.milliseconds);
  }
  const held = hold > 0 ? await holdOne(road, session, hold) : undefined;
  await leave(road, session);
  return {
    ...seen,
    stage: 'echoed',
    end: 'passed',
    welcome,
    milliseconds,
    encoding,
    held,
    unsteady: cuts > 0,
  };
}

const ECHOES = 3;
const TRIES = 4;
type Echoed = { readonly milliseconds: number };
/** A poll has reached the server by then, most likely, ms. */
const HEAD_START = 50;

export interface OpenedByPoll {
  readonly session: Session;
  readonly welcome: Welcomed;
  readonly milliseconds: number;
  readonly encoding: string | undefined;
  readonly cuts: number;
}

/** A session of one's own, by one POST: the same nonce opens the same session, however often (P10). */
export async function openByPoll(road: Road, auth: Json | undefined): Promise<OpenedByPoll | Failed> {
  const nonce = newNonce();
  const message = messageOf([hello(nonce, { auth })]);
  const ask = () => persist(() => road.post('poll', message));
  let { outcome: answer, cuts } = await ask();
  // A copy of it won.
  for (let tries = 1; tries < TRIES && isSuperseded(answer); tries++) {
    const again = await ask();
    answer = again.outcome;
    cuts += again.cuts;
  }
  if (hasFailed(answer)) return answer;
  for (const frame of answer.frames) {
    const welcomed = welcomeIn(nonce, frame);
    if (welcomed === undefined) continue;
    const encoding = answer.header('content-encoding');
    const { milliseconds } = answer;
    return { session: welcomed.session, welcome: welcomed.told, milliseconds, encoding, cuts };
  }
  return answer.frames.map(refusalIn).find(Boolean) ?? { end: 'refused' };
}

/** Whether another copy of the same request took the session: nobody else knows it. */
export const isSuperseded = (answer: Answer | Failed): boolean =>
  hasFailed(answer) && answer.code === 'superseded';

/** Ends the session, so that the server need not keep it. */
export async function leave(road: Road, session: Session): Promise<void> {
  await road.post('send', messageOf([goOn(session), ['bye']]), { within: Math.min(road.timeout, 1_000) });
}

const askPoll = (
  road: Road,
  session: Session,
  wait: number,
  ...sends: ClientFrame[]
): Promise<Answer | Failed> =>
  road.post('poll', messageOf([goOn(session, wait), ...sends]), { within: wait + road.timeout });

/** Up and down in one request, or in the next one. */
async function echoAtOnce(road: Road, session: Session, number: number): Promise<Echoed | Failed> {
  const began = performance.now();
  for (let tries = 1; ; tries++) {
    const answer = await askPoll(road, session, 0, echo(number));
    const outcome = readOutcome(answer, session, number, began);
    // As by a node whose store told it later.
    if (!isLate(answer, outcome) || tries === TRIES) return outcome;
  }
}

/** Up by a request of its own, and down by the poll that was there before. */
async function echoHeld(road: Road, session: Session, number: number): Promise<Echoed | Failed> {
  const polled = askPoll(road, session, road.timeout);
  await pause(HEAD_START);
  const began = performance.now();
  const sent = await road.post('send', messageOf([goOn(session), echo(number)]));
  if (hasFailed(sent)) return { ...sent, at: sent.at ?? 'send' };
  const first = await polled;
  const outcome = readOutcome(first, session, number, began);
  // As when its own copy came after it.
  if (!isLate(first, outcome)) return outcome;
  return readOutcome(await askPoll(road, session, road.timeout), session, number, began);
}

/** Answered, and without what was asked for: whoever polls asks again. */
const isLate = (answer: Answer | Failed, outcome: Echoed | Failed): boolean =>
  !hasFailed(answer) && hasFailed(outcome) && outcome.end === 'silent';

function readOutcome(
  answer: Answer | Failed,
  session: Session,
  number: number,
  began: number,
): Echoed | Failed {
  if (hasFailed(answer)) return answer;
  for (const frame of answer.frames) {
    const refusal = refusalIn(frame);
    if (refusal !== undefined) return refusal;
    const position = outcomeOf(frame, number);
    if (position === undefined) continue;
    session.inbox = position;
    return { milliseconds: performance.now() - began };
  }
  return { end: 'silent' };
}

/** Nothing happens meanwhile, so that the answer comes empty, and when it was asked for. */
async function holdOne(road: Road, session: Session, hold: number): Promise<Trial['held']> {
  const began = performance.now();
  const answer = await askPoll(road, session, hold);
  const milliseconds = performance.now() - began;
  if (hasFailed(answer)) return { milliseconds, ...answer };
  // Somebody answered in the server's place.
  return milliseconds < hold - EARLY ? { milliseconds, end: 'refused' } : { milliseconds };
}

/** Clocks of two machines may differ so much over one poll, ms. */
const EARLY = 500;
