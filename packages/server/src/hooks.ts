/**
 * The application's hooks: what is asked before something a session does, and told when it is over. Each has bounded
 * time, and what one throws is told as an event and ends nothing else.
 */
import type { ChannelName, CodeName, Contract, Published, Requested, Untyped } from '@iskra/protocol/wire';
import { bounded } from './bounded.js';
import { Refusal } from './core.js';
import type { Core, SessionInfo, Variables } from './core.js';
import type { Ids } from './observe/event.js';
import { refuse } from './performed.js';
import type { Refused } from './performed.js';
import type { EndedSession } from './store.js';

/** What every hook is told. */
export interface HookContext {
  readonly session: SessionInfo;
  /** Aborted when the hook's time (`limits.handler`) is over. */
  readonly signal: AbortSignal;
}

export interface ConnectContext extends HookContext {
  /** The request that opens the session. */
  readonly request: Request;
  /** What middleware of a Hono application has set for it. */
  readonly variables: Variables;
}

export interface SubscribeContext<C extends Contract = Untyped> extends HookContext {
  readonly channel: C extends { channels: unknown } ? ChannelName<C> : string;
}

export type PublishContext<C extends Contract = Untyped> = HookContext & Published<C>;

export type RequestedContext<C extends Contract = Untyped> = HookContext & Requested<C>;

/** Why a session ended: its client said so, the server did (`realtime.disconnect`), or nothing was heard for its window. */
export type EndReason = 'bye' | 'disconnected' | 'timeout';

export interface DisconnectContext extends HookContext {
  readonly reason: EndReason;
}

/**
 * All but `disconnect` are awaited, and refuse by throwing a `Refusal`. Anything else that is thrown, and a hook that
 * takes longer than `limits.handler`, refuses with `internal`.
 */
export interface Hooks<C extends Contract = Untyped> {
  /**
   * A session begins: after `authenticate`, before its welcome. Not for a connection that goes on with one. Once for
   * each session, and again where its first answer never came through, or two nodes were tried at once. Refused, there
   * is no session.
   */
  connect?(context: ConnectContext): void | Promise<void>;
  /** A session subscribes: after `authorize`. Not when it resumes a subscription. */
  subscribe?(context: SubscribeContext<C>): void | Promise<void>;
  /**
   * A session publishes: after `authorize` and the contract. What is returned is published in the place of the payload,
   * and not checked again; `undefined` and `null` leave it as it is. It may be asked again for the same message, whose
   * acknowledgement was lost: that is in the log once, as it was first.
   */
  publish?(
    context: PublishContext<C>,
  ): PublishContext<C>['payload'] | void | Promise<PublishContext<C>['payload'] | void>;
  /** A session requests: after `authorize` and the contract, before the handler. */
  request?(context: RequestedContext<C>): void | Promise<void>;
  /**
   * A session is over: on one node, once at most, and never for a switch of transport or a reconnect within the window.
   * `timeout` is told when the node looks, every 5 s. Nobody waits for it. It is not told of sessions that end with the
   * memory of a process, nor of one whose end was found by a node that died at that moment.
   */
  disconnect?(context: DisconnectContext): void | Promise<void>;
}

type Told = Omit<
  ConnectContext & SubscribeContext & PublishContext & RequestedContext & DisconnectContext,
  'signal'
>;

/** What a hook answered, or how it refused. */
export type Heard = { readonly answer: unknown } | { readonly refused: Refused };

/** Asks a hook, if the application has it. */
export async function ask(core: Core, hook: keyof Hooks, told: Partial<Told>, ids: Ids): Promise<Heard> {
  const abort = new AbortController();
  try {
    const context = { ...told, signal: abort.signal } as never;
    return { answer: await bounded<unknown>(core, core.hooks[hook]?.(context), abort) };
  } catch (error) {
    // What is over cannot be refused.
    if (error instanceof Refusal && hook !== 'disconnect')
      return refuse(error.code, error.field, error.message);
    core.events.fail('handler_failed', error, { ...ids, hook });
    return refuse('internal');
  }
}

/**
 * Asks before a session that was never attached begins; gives the code of a refusal. Of several connections that open
 * it at once the first one asks, until `greeted`.
 */
export async function greet(
  core: Core,
  session: SessionInfo,
  told: Pick<ConnectContext, 'request' | 'variables'>,
  address: string,
): Promise<CodeName | undefined> {
  let asked = core.greetings.get(session.id);
  if (asked === undefined) {
    asked = ask(core, 'connect', { session, ...told }, { session: session.id, address });
    core.greetings.set(session.id, asked);
  }
  const heard = await asked;
  return 'refused' in heard ? heard.refused.code : undefined;
}

/** Its first connection is attached, or there will be none. */
export function greeted(core: Core, session: string): void {
  core.greetings.delete(session);
}

/** Ends a session now, and tells it. */
export async function endSession(
  core: Core,
  reason: Exclude<EndReason, 'timeout'>,
  ids: Ids & { session: string },
): Promise<void> {
  // Told on every node, also to a connection that is about to open it (P84).
  const closed = await core.store.close(ids.session, reason === 'disconnected' ? 'forbidden' : undefined);
  // There was none, or it is told already.
  if (closed.kind !== 'ended') return;
  core.events.tell('session_ended', { ...ids, reason });
  partFrom(core, closed.ended, reason);
}

/** A session is over, and this node is the one that knows. One that was never attached had not begun. */
export function partFrom(
  core: Core,
  { session, identity, generation }: EndedSession,
  reason: EndReason,
): void {
  if (core.hooks.disconnect === undefined || generation === 0) return;
  // Somebody may be writing down who left: a node that ends waits for it.
  core.working++;
  void ask(core, 'disconnect', { session: { ...identity, id: session }, reason }, { session }).finally(
    () => core.working--,
  );
}
