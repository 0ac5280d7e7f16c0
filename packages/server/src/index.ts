/** The server of Iskra: transports for Hono, the hub, and the store behind them. */
export { createRealtime } from './realtime.js';
export type { PublishOptions, Realtime, RealtimeOptions } from './realtime.js';
export type { EnvelopeOptions, Sent } from './posting.js';
export type { Moderation, Subject } from './moderation.js';
export type { Except } from './except.js';
export { Refusal } from './core.js';
export type {
  Action,
  Authenticate,
  Authorize,
  Limits,
  RequestContext,
  SessionInfo,
  SystemEvents,
  Times,
  Variables,
} from './core.js';
export type { ChannelKind, ChannelOptions, ChannelTable } from './channel-kinds.js';
export type {
  ConnectContext,
  DisconnectContext,
  EndReason,
  HookContext,
  Hooks,
  PublishContext,
  RequestedContext,
  SubscribeContext,
} from './hooks.js';
export type { Distribution } from './observe/metrics/distribution.js';
export type { Family, Labels, Meter, Read, ReadDistribution, Series } from './observe/metrics/meter.js';
export type { Drained, DrainOptions } from './drain.js';
export type { Felt } from './observe/voices.js';
export type { EventDetail, EventNumbers, EventPayload, Hook, SystemEvent } from './observe/event.js';
export { EVENTS, sureness } from './observe/catalogue.js';
export type { Category, EventName, Kind, LineLevel } from './observe/catalogue.js';
export type { OnError } from './observe/events.js';
export type { EventStream } from './observe/stream.js';
export type { Origins } from './guard.js';
export { LEAST_SILENCE, LIMITS as DEFAULT_LIMITS, TIMES as DEFAULT_TIMES } from './create-core.js';
export { RETENTION as DEFAULT_RETENTION } from './stores/memory-log.js';
export { memoryStore } from './stores/memory.js';
export type { MemoryStoreOptions } from './stores/memory.js';
export type * from './store.js';
export type { Rate } from './rates.js';
export { defineContract } from '@iskra/protocol/wire';
export type { Contract, Envelope, Member, Position } from '@iskra/protocol/wire';
