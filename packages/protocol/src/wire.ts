/** The wire without zod: what browsers load. */
export * from './limits.js';
export * from './codes.js';
export * from './cursor.js';
export * from './codec.js';
export * from './sse.js';
export * from './machine.js';
export * from './contract.js';
export * from './voices.js';
export * from './verdicts.js';
export { isChannel, isInbox, isReadable } from './check.js';
export { byteLength, depthWithin } from './json.js';
export { readServerFrame } from './read-server.js';
export { readClientFrame } from './read-client.js';
export type { ReadFrame } from './read-client.js';
export type { Json } from './json.js';
export type { Envelope, EnvelopeInput, FractalMetadata } from './envelope.js';
export type {
  ClientFrame,
  Continue,
  Hello,
  Member,
  Send,
  ServerFrame,
  Subscribed,
  SubscribeOptions,
  Welcome,
} from './frame.js';
