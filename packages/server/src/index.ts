/** The server of Iskra: transports for Hono, the hub, and the store behind them. */
export { createRealtime } from './realtime.js';
export type { EnvelopeOptions, Realtime, RealtimeOptions, Sent } from './realtime.js';
export { Refusal } from './core.js';
export type { Action, Authenticate, Authorize, Limits, RequestContext, SessionInfo, Times } from './core.js';
export type { Drained, DrainOptions } from './drain.js';
export type { Origins } from './guard.js';
export { LIMITS as DEFAULT_LIMITS, TIMES as DEFAULT_TIMES } from './create-core.js';
export { RETENTION as DEFAULT_RETENTION } from './stores/memory-log.js';
export { memoryStore } from './stores/memory.js';
export type { MemoryStoreOptions } from './stores/memory.js';
export type * from './store.js';
export type { Rate } from './rates.js';
export { defineContract } from '@iskra/protocol/wire';
export type { Contract, Envelope, Member, Position } from '@iskra/protocol/wire';
