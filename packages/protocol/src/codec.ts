/**
 * Text ↔ frames. A message is one JSON array of frames on every transport, so
 * the bytes of an entry are the same wherever they go and are made once.
 */
import type { Envelope, EnvelopeInput } from './envelope.js';
import type { ClientFrame, ServerFrame } from './frame.js';
import { MAX_FRAMES } from './limits.js';

/** The parsed frames of one message, unchecked; undefined when it is not a JSON array of at most 512 frames. */
export function parseMessage(text: string): unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (Array.isArray(value) && value.length <= MAX_FRAMES) return value;
  } catch {
    // No JSON is no message.
  }
  return undefined;
}

/** One frame as text. */
export function encodeFrame(frame: ClientFrame | ServerFrame): string {
  return JSON.stringify(frame);
}

/** One message from encoded frames. */
export function joinFrames(frames: readonly string[]): string {
  return `[${frames.join(',')}]`;
}

/** An envelope with its defaults, as text: `dimension` 1, `omega` 1, `lambda` "continue". */
export function encodeEnvelope(input: EnvelopeInput): string {
  return JSON.stringify(completeEnvelope(input));
}

/** An envelope with its defaults filled in. */
export function completeEnvelope<Payload>(
  input: Pick<Envelope, 'delta'> & Partial<Envelope<Payload>>,
): Envelope<Payload> {
  // Not `{ dimension: 1, …, ...input }`: a field that is given as undefined would undo its default.
  const { delta, dimension = 1, omega = 1, lambda = 'continue', ...rest } = input;
  return { delta, dimension, omega, lambda, ...rest };
}

/**
 * The body of a log entry: the envelope's text, and after a comma the number of
 * the send that it answers. Stores keep it as it is.
 */
export function encodeBody(envelope: EnvelopeInput, answers?: number): string {
  const text = encodeEnvelope(envelope);
  return answers === undefined ? text : `${text},${answers}`;
}

/** The envelope and the answered number of an entry's body. */
export function decodeBody(body: string): { envelope: Envelope; answers?: number } {
  const [envelope, answers] = JSON.parse(`[${body}]`) as [Envelope, number?];
  return answers === undefined ? { envelope } : { envelope, answers };
}

/** The frame of an entry, from its body: no JSON is encoded again. */
export function encodeEntry(channel: string, epoch: string, offset: number, body: string): string {
  return `["entry","${channel}","${epoch}",${offset},${body}]`;
}
