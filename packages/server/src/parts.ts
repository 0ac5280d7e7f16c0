/**
 * The entry ./parts: one node without HTTP, sockets and signals. For whoever
 * carries its connections another way, as the simulation does.
 */
export { Connection } from './connection.js';
export type { ConnectionFacts } from './peer.js';
export type { Authenticate, Authorize, Core, RequestContext, SessionInfo } from './core.js';
export { createCore } from './create-core.js';
export type { CoreOptions } from './create-core.js';
export { Drain } from './drain.js';
export type { DrainOptions } from './drain.js';
export type { Environment } from './environment.js';
export type { Place } from './guard.js';
export { Message } from './message.js';
export { makeRounds } from './rounds.js';
export type * from './store.js';
export { memoryStore } from './stores/memory.js';
export type { MemoryStoreOptions } from './stores/memory.js';
export type { Answer, BlockSink, Exchange } from './transports/exchange.js';
export { PollTransport } from './transports/poll.js';
export { SseTransport } from './transports/sse.js';
export type { Transport } from './transports/transport.js';
