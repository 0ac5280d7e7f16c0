/** Tries a transport that streams: welcome, first heartbeat, echoes; then one connection in silence beside one with traffic. */
import { MARKER_DELAY } from '@iskra/protocol/wire';
import type { Json } from '@iskra/protocol/wire';
import { hasFailed } from './inbox.js';
import { pause } from './road.js';
import type { Line, OpenLine } from './road.js';
import type { Failed, Life, Stage, Trial } from './seen.js';
import { echo, hello, messageOf, newNonce, outcomeOf, welcomeIn } from './wire.js';
import type { Session } from './wire.js';

export interface Patience {
  readonly auth: Json | undefined;
  /** How long a quiet connection is watched, ms. */
  readonly idle: number;
}

/** @param timeout how long an answer may take, ms. */
export async function tryStream(open: OpenLine, timeout: number, patience: Patience): Promise<Trial> {
  let busy: Promise<Life | undefined> | undefined;
  // Where the one does not open, the other would only make the next wait: Firefox does that after each WebSocket that failed.
  const openBoth: OpenLine = async (message) => {
    const line = await open(message);
    if (!hasFailed(line)) busy = tryBusy(open, timeout, patience);
    return line;
  };
  const trial = await tryQuiet(openBoth, timeout, patience);
  return trial.end === 'passed' ? { ...trial, busy: await busy } : trial;
}

/** How many pieces go there and back, and how far apart, ms. */
const ECHOES = 3;
const SPACING = 200;
/** The first heartbeat has this time, and six round trips, as with the client. */
const PROOF = 1_500;
/** Between the heartbeats of a connection with traffic: the least that a server gives, ms. */
const BEAT = 1_000;

async function tryQuiet(open: OpenLine, timeout: number, { auth, idle }: Patience): Promise<Trial> {
  const began = performance.now();
  const nonce = newNonce();
  const seen = { echoes: [] as number[], lags: [] as number[] };
  const line = await open(messageOf([hello(nonce, { auth })]));
  if (hasFailed(line)) {
    const { subprotocolLost, ...failed } = line;
    return { ...seen, stage: 'nothing', end: failed.end, failed, subprotocolLost };
  }
  const { inbox, encoding } = line;
  const openedAt = performance.now();
  const stop = async (stage: Stage, failed: Failed, session?: Session): Promise<Trial> => {
    await end(line, session);
    return { ...seen, encoding, stage, end: failed.end, failed };
  };

  const welcomed = await inbox.take((frame) => welcomeIn(nonce, frame), timeout);
  if (hasFailed(welcomed)) return stop('opened', welcomed);
  const { session, told } = welcomed;
  const milliseconds = performance.now() - began;
  answerPings(line, session);
  // One that comes with the next heartbeat was held until then.
  const proof = Math.min(timeout, MARKER_DELAY + PROOF + 6 * milliseconds, told.heartbeat * 0.9);
  const ping = await inbox.take((frame) => (frame[0] === 'ping' ? frame : undefined), proof);
  if (hasFailed(ping)) return stop('welcomed', ping, session);

  for (let number = 1; number <= ECHOES; number++) {
    const failed = await echoOnce(line, session, number, timeout, seen);
    if (failed !== undefined) return stop('proven', failed, session);
    await pause(SPACING);
  }

  const quiet = await liveOn(line, session, ECHOES + 1, openedAt, { timeout, idle });
  await end(line, session);
  return { ...seen, encoding, stage: 'echoed', end: 'passed', welcome: told, milliseconds, quiet };
}

/** Watches a connection for a time. Only an answer at the end tells one that lives from one that was forgotten on the way. */
async function liveOn(
  line: Line,
  session: Session,
  number: number,
  openedAt: number,
  { timeout, idle }: { timeout: number; idle: number },
): Promise<Life> {
  const { inbox } = line;
  const cut = await inbox.take<never>(() => undefined, idle);
  const { silence, heardAt } = inbox;
  const endedAt = performance.now();
  const failed = cut.end === 'silent' ? await echoOnce(line, session, number, timeout) : cut;
  if (failed === undefined) return { end: 'lived', age: endedAt - openedAt, silence };
  return failed.end === 'silent'
    ? { end: 'silent', age: heardAt - openedAt, silence }
    : { end: 'closed', age: endedAt - openedAt, silence };
}

/** Undefined when it cannot be opened. */
async function tryBusy(open: OpenLine, timeout: number, { auth, idle }: Patience): Promise<Life | undefined> {
  const nonce = newNonce();
  const line = await open(messageOf([hello(nonce, { auth, heartbeat: BEAT })]));
  if (hasFailed(line)) return undefined;
  const openedAt = performance.now();
  const welcomed = await line.inbox.take((frame) => welcomeIn(nonce, frame), timeout);
  if (hasFailed(welcomed)) {
    line.close();
    return undefined;
  }
  answerPings(line, welcomed.session);
  const life = await liveOn(line, welcomed.session, 1, openedAt, { timeout, idle });
  await end(line, welcomed.session);
  return life;
}

/** One send, until its outcome came down. */
async function echoOnce(
  { inbox, send }: Line,
  session: Session,
  number: number,
  timeout: number,
  seen: { echoes: number[]; lags: number[] } = { echoes: [], lags: [] },
): Promise<Failed | undefined> {
  const began = performance.now();
  let answeredAt = began;
  const sent = send([echo(number)], session).then((failed) => {
    answeredAt = performance.now();
    return failed;
  });
  const outcome = inbox.take((frame) => outcomeOf(frame, number), timeout);
  const failed = await sent;
  if (failed !== undefined) return failed;
  const came = await outcome;
  if (hasFailed(came)) return came;
  const now = performance.now();
  seen.echoes.push(now - began);
  seen.lags.push(Math.max(0, now - answeredAt));
  return undefined;
}

function answerPings(line: Line, session: Session): void {
  line.inbox.onPing = (t) => void line.send([['pong', t]], session);
}

/** Says goodbye, so that the server need not keep the session. */
async function end(line: Line, session: Session | undefined): Promise<void> {
  line.inbox.onPing = () => {};
  if (session !== undefined) await atMost(FAREWELL, line.send([['bye']], session));
  line.close();
}

/** For this it is waited at most, ms. */
const FAREWELL = 1_000;

function atMost(ms: number, work: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    void work.then(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
