/** The entry ./core: the client without member lists, voices, system events, the circuit breaker and `explain()`. */
import type { Contract, Untyped } from '@iskra/protocol/wire';
import { connect as connectWith } from './client.js';
import type { Client, ConnectOptions } from './client.js';

/**
 * Opens a session; of several servers the first is the primary, and the others stand in for it. Everything may be called
 * at once, before it is there.
 */
export const connect: <C extends Contract = Untyped>(
  url: string | readonly string[],
  options?: ConnectOptions,
) => Client<C> = connectWith;
export type { Client, ClientEvents, ConnectOptions, Status } from './client.js';
export type { Channel, Entry, Gap, PublishOptions, SubscribeOptions } from './channel.js';
export type { Off } from './emitter.js';
export { platform } from './environment.js';
export type { Environment, PageSignal, Socket, TextStorage } from './environment.js';
export {
  ClosedError,
  IskraError,
  MisuseError,
  OutcomeUnknown,
  QueueFull,
  RequestTimeout,
  SendError,
} from './errors.js';
export type { SendState } from './outbox.js';
export type { Send } from './send.js';
export type { SessionState } from './session-events.js';
export type { TransportName } from './transports/transport.js';
export type { Envelope, GapReason, Json, Position } from '@iskra/protocol/wire';
