/** The entry ./core: the client without member lists, voices, system events, the circuit breaker and `explain()`. */
export { connect } from './client.js';
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
