/** The client of Iskra for browsers, and for any runtime with `fetch` and `WebSocket`. */
export { connect } from './client.js';
export type { Client, ClientEvents, ConnectOptions, Explanation, Status } from './client.js';
export type { Channel, Entry, Gap, PublishOptions, SubscribeOptions } from './channel.js';
export type { Off } from './emitter.js';
export { platform } from './environment.js';
export type { Environment, PageSignal, Socket } from './environment.js';
export {
  ClosedError,
  IskraError,
  MisuseError,
  OutcomeUnknown,
  QueueFull,
  RequestTimeout,
  SendError,
} from './errors.js';
export type { Attempt, VerdictCode } from './explain.js';
export type { SendState } from './outbox.js';
export type { Phase, Standing } from './policy.js';
export type { QualityClass, Voices } from './quality.js';
export type { Send } from './send.js';
export type { SessionState } from './session-events.js';
export type { TransportName } from './transports/transport.js';
export type { Envelope, GapReason, Json, Member, Position } from '@iskra/protocol/wire';
