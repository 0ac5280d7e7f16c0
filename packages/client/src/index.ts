/** The client of Iskra for browsers, and for any runtime with `fetch` and `WebSocket`. */
export * from './core.js';
export { connect } from './connect.js';
export type { Channel, Client, ClientEvents, ConnectOptions, Status } from './connect.js';
export type { Explanation, Phase, ExplainedAttempt as Attempt, VerdictCode } from './explain.js';
export type { BreakerLimits } from './breaker.js';
export type { LastLimits } from './last.js';
export type { Learned } from './path.js';
export type { QualityClass } from './quality.js';
export type { SystemEvent, SystemEventName } from './session-events.js';
export { raisedBy, THRESHOLDS } from '@iskra/protocol/wire';
export type { Member, Raised, Voices } from '@iskra/protocol/wire';
