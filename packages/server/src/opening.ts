/**
 * How a connection comes into a session: by `hello`, which opens or resumes one
 * (P10–P17), or by `continue`, which goes on with it for one HTTP request. The
 * key is checked before anything else, and before the store is asked (P11).
 */
import { Dimension, INBOX, MAX_ENVELOPE_BYTES, SYSTEM, VERSION } from '@iskra/protocol/wire';
import type {
  CodeName,
  Continue,
  Cursors,
  Envelope,
  Hello,
  ServerFrame,
  Welcome,
} from '@iskra/protocol/wire';
import { bounded } from './bounded.js';
import { Refusal } from './core.js';
import type { Core, SessionInfo, Variables } from './core.js';
import { greet, greeted } from './hooks.js';
import { hasChannel, mayRead } from './performed.js';
import type { Mode, SessionEvent } from './session.js';
import type { Attached, Identity, SessionState } from './store.js';

/** Who asks. */
export interface Caller {
  readonly address: string;
  /** For `authenticate`; gone once the session is open. */
  readonly request: Request | undefined;
  readonly variables?: Variables | undefined;
}

/** Milliseconds before their end at which fresh credentials are asked for; of short ones a quarter of their time. */
const REFRESH_LEAD = 30_000;

/** Milliseconds since 1970 that nobody lives to see. */
const NEVER = Number.MAX_SAFE_INTEGER;

/** Who comes where nobody is asked. */
const ANYBODY: Identity = {};
/** The session of a probe that has none here. */
const NOBODY = 'nobody';
/** Of a connection that is open already, the request is gone. */
const GONE = 'http://localhost/';

/** What the session is told of it. */
export type Entrance = Extract<SessionEvent, { type: 'joined' | 'probed' | 'refused' }>;
type Refusing = Extract<Entrance, { type: 'refused' }>;

/** Opens, resumes or probes. */
export async function enterByHello(core: Core, hello: Hello, caller: Caller): Promise<Entrance> {
  const { store, keys } = core;
  if (hello.version !== VERSION) return refused('version', 'version');
  let session: string | undefined;
  if (hello.key !== undefined) {
    session = keys.verify(hello.key, hello.nonce);
    if (session === undefined && !hello.probe) return refused('unauthorized', 'key');
  }
  if (hello.probe === true) {
    if (hello.key === undefined) return refused('bad_frame', 'key');
    if (session !== undefined) return probed(core, session, hello);
  }
  if (core.drain?.isTold === true) return refused('drain');
  // Asked, it would only be waited for.
  if (core.pulse.isAway) return refused('overload');
  if (session === undefined && core.opens.take(caller.address, core.clock.now()) > 0) {
    return refused('rate_limited');
  }

  // A resuming client without credentials keeps the identity that the store remembers.
  const asks = session === undefined || hello.auth !== undefined;
  let identity = asks ? await authenticate(core, hello.auth, caller) : undefined;
  if (typeof identity === 'string') return refused(identity, 'auth');
  // Of a session that another server has: whoever could open one here may look, and opens none.
  if (hello.probe === true) return probed(core, NOBODY, hello);

  if (session === undefined) {
    const opened = await store.openSession(hello.nonce, identity ?? {});
    if (opened.kind === 'taken') return refused('forbidden', 'nonce');
    if (opened.kind === 'ended') return refused('session_unknown');
    if (opened.kind === 'forbidden') return refused('forbidden');
    if (opened.kind === 'refused') return refused('forbidden', 'auth');
    session = opened.state.session;
    if (core.hooks.connect !== undefined && opened.state.generation === 0) {
      const code = await begin(core, { ...identity, id: session }, caller);
      if (code !== undefined) return refused(code);
    }
  } else {
    const before = await store.touch(session);
    if (before.kind !== 'current') return ended(core, session);
    const { expiresIn, refreshIn } = lifeOf(core, before.state.identity);
    if (identity === undefined && Math.min(expiresIn, refreshIn) <= 0) {
      // Fresh ones are due. A cookie is in the request, and needs no word of its client.
      identity = await authenticate(core, undefined, caller);
      if (typeof identity === 'string') return refused(identity, 'auth');
    }
    if (identity !== undefined && before.state.identity.subject !== identity.subject) {
      return refused('forbidden', 'auth');
    }
  }
  let attached: Attached;
  try {
    attached = await store.attach(session, identity, hello.attempt);
  } finally {
    greeted(core, session);
  }
  if (attached.kind === 'unknown') {
    const why = await ended(core, session);
    // What was opened a moment ago can be unknown to a store that failed over in between: it opens it anew when asked again.
    return hello.key === undefined && why.code !== 'forbidden' ? refused('overload') : why;
  }
  core.channels.forget(session);
  return joined(core, attached.state, hello.cursors ?? {}, welcomeFrame(core, attached.state, hello));
}

/** The code by which the application refuses a session. Then it is closed: nobody may go on with it. */
async function begin(core: Core, session: SessionInfo, caller: Caller): Promise<CodeName | undefined> {
  const { request = new Request(GONE), variables = {}, address } = caller;
  const code = await greet(core, session, { request, variables }, address);
  if (code === undefined) return undefined;
  try {
    // Where the hook failed its client tries again, and finds what it opened.
    if (code !== 'internal') await core.store.close(session.id);
  } finally {
    greeted(core, session.id);
  }
  return code;
}

function probed(core: Core, session: string, hello: Hello): Entrance {
  const nobody: SessionState = { session, identity: {}, generation: 0, acked: 0, inbox: ['0', 0] };
  return { type: 'probed', welcome: welcomeFrame(core, nobody, hello) };
}

/** Goes on with a session for a poll or a batch of sends. */
export async function enterByContinue(core: Core, request: Continue, mode: Mode): Promise<Entrance> {
  const session = core.keys.verify(request.key, request.nonce);
  if (session === undefined) return refused('unauthorized', 'key');
  if (core.pulse.isAway) return refused('overload');
  // Sends are told apart by their numbers, whatever connection they come by; only a poll must be the newest.
  const touched = await core.store.touch(session, mode === 'poll' ? request.generation : undefined);
  if (touched.kind === 'unknown') return ended(core, session);
  if (touched.kind === 'superseded') return refused('superseded');
  if (isExpired(core, touched.state.identity)) return refused('unauthorized', 'auth');
  if (mode === 'poll') core.channels.forget(touched.state.session);
  const entrance = await joined(core, touched.state, mode === 'poll' ? (request.cursors ?? {}) : {});
  return { ...entrance, refreshIn: nextReminder(core, session, mode, entrance.refreshIn) };
}

/** Each poll is a connection of its own, and must not be told again and again while fresh credentials are on their way. */
function nextReminder(core: Core, session: string, mode: Mode, refreshIn = Infinity): number {
  if (mode === 'send') return Infinity;
  return refreshIn <= 0 && core.reminders.take(session, core.clock.now()) > 0 ? Infinity : refreshIn;
}

/** Fresh credentials of an open session: the same subject, or none (P15). */
export async function refreshIdentity(
  core: Core,
  session: SessionInfo,
  credentials: unknown,
  caller: Caller,
): Promise<Identity | CodeName> {
  const identity = await authenticate(core, credentials, caller);
  if (typeof identity === 'string') return identity;
  if (identity.subject !== session.subject) return 'forbidden';
  await core.store.identify(session.id, identity);
  return identity;
}

/** How a session is, for a connection that asks why it is told that there is none, or that it has changed. */
export async function look(
  core: Core,
  session: string,
): Promise<Extract<SessionEvent, { type: 'refused' | 'looked' }> & { identity?: Identity }> {
  const known = await core.store.stateOf(session);
  if (known.kind !== 'current')
    return { type: 'refused', code: known.kind === 'forbidden' ? 'forbidden' : 'session_unknown' };
  const { identity, revision = 0 } = known.state;
  return { type: 'looked', ...lifeOf(core, identity), revision, identity };
}

/** Whom the server has ended comes in no more, and is told so (P84). */
async function ended(core: Core, session: string): Promise<Refusing> {
  const { kind } = await core.store.stateOf(session);
  return refused(kind === 'forbidden' ? 'forbidden' : 'session_unknown');
}

/** Milliseconds until credentials end, and until fresh ones are asked for. */
export function lifeOf(
  core: Core,
  { expiresAt, refreshAt }: Identity,
): { expiresIn: number; refreshIn: number } {
  const now = core.wallClock();
  const until = (moment = Infinity): number => moment - now;
  return { expiresIn: until(expiresAt), refreshIn: until(refreshAt) };
}

/** Who is calling, or the code by which they are refused. */
async function authenticate(core: Core, credentials: unknown, caller: Caller): Promise<Identity | CodeName> {
  if (core.authenticate === undefined) return ANYBODY;
  try {
    const { request = new Request(GONE), variables = {} } = caller;
    const identity: unknown = await bounded(core, core.authenticate(request, credentials, variables));
    // A look-up without types gives null or false for nobody; neither may pass for an identity.
    return typeof identity === 'object' && identity !== null ? withRefresh(core, identity) : 'unauthorized';
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    core.events.fail('handler_failed', error, { hook: 'authenticate', address: caller.address });
    return 'unauthorized';
  }
}

/** Whichever node has the session later asks at the same time. */
function withRefresh(core: Core, identity: Identity): Identity {
  const expiresAt = momentOf('expiresAt', identity.expiresAt);
  const refreshAt = momentOf('refreshAt', identity.refreshAt);
  if (expiresAt === undefined) return refreshAt === undefined ? identity : { ...identity, refreshAt };
  if (refreshAt !== undefined) return { ...identity, expiresAt, refreshAt };
  const lead = Math.min(REFRESH_LEAD, (expiresAt - core.wallClock()) / 4);
  return { ...identity, expiresAt, refreshAt: Math.floor(expiresAt - lead) };
}

/** Of what is no time nobody could say whether it is over; and a store may keep JSON, which has no infinity. */
function momentOf(name: string, given: number | undefined): number | undefined {
  if (given === undefined) return undefined;
  if (typeof given === 'number' && !Number.isNaN(given)) return Math.min(given, NEVER);
  throw new TypeError(`${name} of an identity is no time: give milliseconds since 1970, or leave it out.`);
}

async function joined(
  core: Core,
  state: SessionState,
  cursors: Cursors,
  welcome?: ServerFrame,
): Promise<Extract<Entrance, { type: 'joined' }>> {
  const session: SessionInfo = { ...state.identity, id: state.session };
  const denied: string[] = [];
  for (const channel of Object.keys(cursors)) {
    if (channel === INBOX) continue;
    const asks = core.authorize !== undefined || channel === SYSTEM;
    const allowed =
      hasChannel(core, channel) &&
      (!asks || (await mayRead(core, session, channel, { ids: { session: session.id } })));
    if (!allowed) denied.push(channel);
  }
  const allowance = core.sends.left(state.session, core.clock.now());
  return {
    type: 'joined',
    state,
    welcome,
    cursors,
    denied,
    ...lifeOf(core, state.identity),
    allowance,
  };
}

function welcomeFrame(core: Core, state: SessionState, hello: Hello): ServerFrame {
  const { limits, times, keys, node } = core;
  const payload: Welcome = {
    version: VERSION,
    session: state.session,
    key: keys.sign(state.session, hello.nonce),
    generation: state.generation,
    inbox: [state.inbox[0], 0],
    acked: state.acked,
    heartbeat: Math.min(times.heartbeat, hello.heartbeat ?? Infinity),
    window: times.window,
    node,
    limits: {
      message: limits.message,
      envelope: MAX_ENVELOPE_BYTES,
      sends: limits.sends,
      channels: limits.channels,
    },
  };
  const envelope: Envelope = {
    delta: 'connection_established',
    dimension: Dimension.connection,
    // A session that comes back has held before; of a new one nothing is known yet.
    omega: hello.key === undefined ? 0.5 : 0.9,
    lambda: 'monitor_stability',
    payload,
  };
  return ['welcome', envelope];
}

function refused(code: CodeName, field?: string): Refusing {
  return { type: 'refused', code, ...(field !== undefined && { field }) };
}

function isExpired(core: Core, identity: Identity): boolean {
  return lifeOf(core, identity).expiresIn <= 0;
}
