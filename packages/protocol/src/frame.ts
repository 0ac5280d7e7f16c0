/**
 * Every frame: schema and type. A frame is one JSON array that starts with its
 * tag; a message (WebSocket message, SSE block, HTTP body) is one JSON array of
 * frames.
 *
 * These schemas are the definition. The readers in `read-client.ts` and
 * `read-server.ts` give the same verdicts without zod.
 */
import * as z from 'zod';
import { envelopeSchema } from './envelope.js';
import type { Envelope } from './envelope.js';
import { depthWithin } from './json.js';
import {
  INBOX,
  MAX_CHANNEL,
  MAX_CHANNELS,
  MAX_DEPTH,
  MAX_MESSAGE_BYTES,
  MAX_NAME,
  MAX_NUMBER,
  MIN_ANSWER_BYTES,
  SYSTEM,
} from './limits.js';

/** Letters, digits and `: . _ ~ -`, starting with a letter or digit. No slash, brace, control or look-alike character. */
export const CHANNEL_NAME = new RegExp(`^[A-Za-z0-9][A-Za-z0-9:._~-]{0,${MAX_CHANNEL - 1}}$`);

const EPOCH = /^[0-9a-z]{1,32}$/;
const NONCE = /^[A-Za-z0-9_-]{22}$/;

const number = z.int().min(1).max(MAX_NUMBER);
const offset = z.int().min(0).max(MAX_NUMBER);
const epoch = z.string().regex(EPOCH);
const channel = z.string().regex(CHANNEL_NAME);
const readable = z.union([channel, z.literal(SYSTEM)]);
const log = z.union([readable, z.literal(INBOX)]);
const moment = z.number().min(0);
const inert = z.unknown().refine((value) => depthWithin(value, MAX_DEPTH), `nested deeper than ${MAX_DEPTH}`);
const text = (max: number) => z.string().min(1).max(max);
const loose = <Shape extends z.ZodRawShape>(shape: Shape) => z.looseObject(shape);

/** Bytes of a poll's answer that passes (P69). */
const answerBytes = z.int().min(MIN_ANSWER_BYTES).max(MAX_MESSAGE_BYTES);

export const positionSchema = z.tuple([epoch, offset]);

/** Checked by hand and handed through as it is, so that no key can reach a prototype. */
export const cursorsSchema = z.custom<Record<string, [string, number]>>((value) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const entries = Object.entries(value);
  return (
    entries.length <= MAX_CHANNELS + 1 &&
    entries.every(([key, at]) => log.safeParse(key).success && positionSchema.safeParse(at).success)
  );
}, 'a map from channel to [epoch, offset]');

/** Opens, resumes or probes a session. */
export const helloSchema = loose({
  version: z.number(),
  /** Made by the client for each new session; makes opening idempotent (P10). */
  nonce: z.string().regex(NONCE),
  /** The session's key from `welcome`; present when resuming. */
  key: text(256).optional(),
  /** Prove the path and change nothing (P16). */
  probe: z.boolean().optional(),
  auth: inert.optional(),
  cursors: cursorsSchema.optional(),
  /** Names the client's attempt in the logs of both ends. */
  attempt: text(MAX_NAME).optional(),
  /** Heartbeat interval that the client has learned for its network, ms. */
  heartbeat: z.int().min(1000).max(300_000).optional(),
  answer: answerBytes.optional(),
});

/** Continues a session by one HTTP request: a poll or a batch of sends. */
export const continueSchema = loose({
  nonce: z.string().regex(NONCE),
  key: text(256),
  generation: number,
  cursors: cursorsSchema.optional(),
  /** Milliseconds that the server may hold the answer; 0 answers at once. */
  wait: z.int().min(0).max(60_000).optional(),
  answer: answerBytes.optional(),
  /** Bytes of an entry that passes: a larger one is told as a gap (P69). */
  entry: answerBytes.optional(),
});

export const subscribeOptionsSchema = loose({
  /** Deliver what came after this position. */
  since: positionSchema.optional(),
  /** Deliver at most this many of the newest entries first. */
  last: z.int().min(0).max(10_000).optional(),
  /** Enter the channel's member list with this data. */
  presence: inert.optional(),
});

export const clientFrameSchema = z.union([
  z.tuple([z.literal('hello'), helloSchema]),
  z.tuple([z.literal('continue'), continueSchema]),
  z.tuple([z.literal('publish'), number, channel, envelopeSchema]),
  z.tuple([z.literal('request'), number, envelopeSchema]),
  z.tuple([z.literal('subscribe'), number, readable, subscribeOptionsSchema]),
  z.tuple([z.literal('unsubscribe'), number, readable]),
  z.tuple([z.literal('skip'), number, number]),
  z.tuple([z.literal('ack'), offset]),
  z.tuple([z.literal('auth'), inert]),
  z.tuple([z.literal('ping'), moment]),
  z.tuple([z.literal('pong'), moment]),
  z.tuple([z.literal('bye')]),
]);

const reason = z.enum([
  'trimmed',
  'epoch',
  'diverged',
  'inbox_overflow',
  'too_big',
  'denied',
  'excepted',
  'forked',
]);

export const serverFrameSchema = z.union([
  z.tuple([z.literal('welcome'), envelopeSchema]),
  z.tuple([z.literal('entry'), log, epoch, offset, envelopeSchema]),
  z.tuple([z.literal('entry'), log, epoch, offset, envelopeSchema, number]),
  z.tuple([z.literal('gap'), log, reason, positionSchema, positionSchema]),
  z.tuple([z.literal('acked'), offset, epoch, offset]),
  z.tuple([z.literal('expect'), number]),
  z.tuple([z.literal('ping'), moment]),
  z.tuple([z.literal('pong'), moment]),
  z.tuple([z.literal('error'), envelopeSchema]),
  z.tuple([z.literal('drain'), envelopeSchema]),
  z.tuple([z.literal('close'), envelopeSchema]),
]);

/** The payload of `welcome`. */
export const welcomeSchema = loose({
  version: z.number(),
  session: text(64),
  key: text(256),
  /** Number of this connection in the session; 0 for a probe. */
  generation: offset,
  /** Where the inbox begins for a client that has no cursor for it. */
  inbox: positionSchema,
  /** The last send that is committed. */
  acked: offset,
  /** Milliseconds between the server's heartbeats on this connection. */
  heartbeat: z.number(),
  /** Milliseconds that the session lives on after its last contact. */
  window: z.number(),
  node: text(64),
  limits: loose({ message: z.number(), envelope: z.number(), sends: z.number(), channels: z.number() }),
});

export type Hello = z.infer<typeof helloSchema>;
export type Continue = z.infer<typeof continueSchema>;
export type SubscribeOptions = z.infer<typeof subscribeOptionsSchema>;
export type Welcome = z.infer<typeof welcomeSchema>;
export type ClientFrame = z.infer<typeof clientFrameSchema>;
export type ServerFrame = z.infer<typeof serverFrameSchema>;

/** Frames that carry a send's number: each is committed once, in order (P30). */
export type Send = Extract<ClientFrame, ['publish' | 'request' | 'subscribe' | 'unsubscribe', ...unknown[]]>;

/**
 * What the outcome of `subscribe` carries, and each page of `@members` (P48): a position, which for a subscription
 * is its start, and who is there; whoever comes or goes behind it is told by an entry as well.
 */
export interface Subscribed {
  channel: string;
  position: [string, number];
  /** Left out when there is nobody. */
  members?: Member[];
  /** There are more: what `@members` is asked for as `after`. */
  more?: number;
}

/** One session in a channel's member list. */
export interface Member {
  /** The session's id; not a credential. */
  id: string;
  /** Who `authenticate` said that this is. */
  subject?: string;
  /** What the session said of itself on entering. */
  data?: unknown;
}

export type { Envelope };
