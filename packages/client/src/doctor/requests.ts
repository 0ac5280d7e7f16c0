/** What POSTs teach about the path: which sizes pass, whether one is repeated, what the server sees of a page. */
import { VERSION } from '@iskra/protocol/wire';
import type { ClientFrame, Json } from '@iskra/protocol/wire';
import { hasFailed } from './inbox.js';
import { isSuperseded, leave, openByPoll } from './polls.js';
import { persist } from './road.js';
import type { Answer, Road } from './road.js';
import type { Failed, PostsSeen } from './seen.js';
import { goOn, messageOf, refusalIn, welcomeIn } from './wire.js';
import type { Session } from './wire.js';

export interface Asking {
  readonly auth: Json | undefined;
  /** Whether it may be subscribed to. */
  readonly channel: string | undefined;
}

/** Undefined when no session can be opened by POST. */
export async function tryRequests(road: Road, { auth, channel }: Asking): Promise<PostsSeen | undefined> {
  const opened = await openByPoll(road, auth);
  if (hasFailed(opened)) return undefined;
  const { session, welcome } = opened;
  const repeats = await countRepeats(road, auth, session);
  const sizes = await trySizes(road, session, welcome.message);
  const pages = road.isPage ? {} : await tryPages(road, session);
  const asked = channel === undefined ? undefined : await askChannel(road, session, channel);
  await leave(road, session);
  return {
    ...sizes,
    repeats,
    ...pages,
    channel: channel === undefined ? undefined : { name: channel, failed: asked },
  };
}

const KB = 1_024;
const SIZES = [1 * KB, 4 * KB, 16 * KB, 64 * KB, 256 * KB];
/** Between a size that passed and one that did not, so many are tried. */
const HALVES = 4;
/** A page from nowhere: the name can never be registered. */
const FOREIGN = 'https://iskra-doctor.invalid';
const ATTACHES = 3;

/** Upward, then between the last that passed and the first that did not. */
async function trySizes(
  road: Road,
  session: Session,
  limit: number,
): Promise<Pick<PostsSeen, 'passed' | 'stopped' | 'pace'>> {
  let passed = 0;
  const took: [bytes: number, milliseconds: number][] = [];
  let stopped: { bytes: number; failed: Failed } | undefined;
  const attempt = async (bytes: number): Promise<void> => {
    const message = messageOf([goOn(session), ['ping', bytes]]).padEnd(bytes);
    const began = performance.now();
    const { outcome: answer } = await persist(() => road.post('send', message));
    // Whatever else the server says to it: it arrived.
    if (!hasFailed(answer) || (answer.end === 'denied' && answer.code !== 'too_big')) {
      passed = bytes;
      took.push([bytes, performance.now() - began]);
    } else stopped = { bytes, failed: answer };
  };
  for (const bytes of SIZES) {
    if (stopped === undefined && bytes <= limit) await attempt(bytes);
  }
  for (let half = 0; half < HALVES && stopped !== undefined; half++) {
    // What was left without an answer costs its whole time once more.
    if (stopped.failed.end === 'silent') break;
    await attempt(Math.round((passed + stopped.bytes) / 2));
  }
  if (stopped?.failed.end !== 'silent') return { passed, stopped };
  const pace = paceOf(took);
  return { passed, stopped, pace: (stopped.bytes / pace) * 1_000 > road.timeout / 2 ? pace : undefined };
}

/** Bytes in a second, by how much longer the largest took than the smallest. */
function paceOf(took: readonly (readonly [bytes: number, milliseconds: number])[]): number {
  const [[least, first] = [0, 0], [most, last] = [0, 0]] = [took[0], took.at(-1)];
  return most === least ? Infinity : ((most - least) / Math.max(1, last - first)) * 1_000;
}

/**
 * Each `hello` that reaches the server raises the session's generation by one, which nobody on the way can know. So
 * it counts what arrived, where numbered sends would hide it. It has no name: under a name, a copy is known as one (P13).
 */
async function countRepeats(
  road: Road,
  auth: Json | undefined,
  session: Session,
): Promise<PostsSeen['repeats']> {
  const first = session.generation;
  let superseded = false;
  for (let sent = 0; sent < ATTACHES; sent++) {
    const { nonce, key } = session;
    const unnamed: ClientFrame = [
      'hello',
      { version: VERSION, nonce, key, ...(auth !== undefined && { auth }) },
    ];
    const answer = await road.post('poll', messageOf([unnamed]));
    superseded ||= isSuperseded(answer);
    if (isSuperseded(answer)) continue;
    if (hasFailed(answer)) return undefined;
    const welcomed = answer.frames.map((frame) => welcomeIn(session.nonce, frame)).find(Boolean);
    if (welcomed === undefined) return undefined;
    session.generation = Math.max(session.generation, welcomed.session.generation);
  }
  const counted = session.generation - first;
  return { sent: ATTACHES, counted: superseded ? Math.max(counted, ATTACHES + 1) : counted };
}

/** A page of ours, and one of nowhere. */
async function tryPages(road: Road, session: Session): Promise<Pick<PostsSeen, 'page' | 'originSeen'>> {
  const origin = road.origin ?? new URL(road.url).origin;
  const page = await ask(road, session, origin);
  const foreign = await ask(road, session, FOREIGN);
  return { page: { origin, failed: hasFailed(page) ? page : undefined }, originSeen: originSeen(foreign) };
}

const ask = (road: Road, session: Session, origin: string): Promise<Answer | Failed> =>
  road.post('send', messageOf([goOn(session), ['ping', 0]]), { origin });

/** The server refuses a page that it does not know, or names it in its answer; what it does not see, it does neither to. */
function originSeen(answer: Answer | Failed): boolean | undefined {
  if (!hasFailed(answer)) return answer.header('access-control-allow-origin') !== undefined;
  return answer.code === 'forbidden' && answer.field === 'origin' ? true : undefined;
}

async function askChannel(road: Road, session: Session, channel: string): Promise<Failed | undefined> {
  const answer = await road.post('poll', messageOf([goOn(session, 0), ['subscribe', 1, channel, {}]]));
  if (hasFailed(answer)) return answer;
  for (const frame of answer.frames) {
    const refusal = refusalIn(frame);
    if (refusal !== undefined) return refusal;
    if (frame[0] !== 'entry' || frame[5] !== 1) continue;
    if (frame[4].delta === 'subscribed') return undefined;
    return refusalIn(['close', frame[4]]);
  }
  return { end: 'silent' };
}
