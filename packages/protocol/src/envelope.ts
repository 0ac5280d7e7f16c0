/**
 * The ∆DΩΛ envelope: one shape on the wire, in logs and in handlers.
 *
 * The schema is the definition. The hand-written reader in `codec.ts`, which
 * browsers load, is pinned to it by a property test.
 */
import * as z from 'zod';
import { MAX_DEPTH, MAX_DIMENSION, MAX_NAME } from './limits.js';
import { depthWithin } from './json.js';

const name = z.string().min(1).max(MAX_NAME);
const unit = z.number().min(0).max(1);

/** Where a message was born and how it feels there: three measured voices, each 0..1. */
export const fractalMetadataSchema = z.strictObject({
  voice_pain: unit,
  voice_chaos: unit,
  voice_trust: unit,
  seam_id: name,
});

/** What changed, how deep, how sure, what next; and the application's data. */
export const envelopeSchema = z.strictObject({
  delta: name,
  dimension: z.int().min(0).max(MAX_DIMENSION),
  omega: unit,
  lambda: name,
  payload: z
    .unknown()
    .refine((value) => depthWithin(value, MAX_DEPTH), `nested deeper than ${MAX_DEPTH}`)
    .optional(),
  fractal_metadata: fractalMetadataSchema.optional(),
});

export type FractalMetadata = z.infer<typeof fractalMetadataSchema>;

/**
 * One message.
 *
 * - `delta`: what changed, the event's name, 1..128 characters
 * - `dimension`: the depth at which it changed, 0..255; see {@link Dimension} for the named levels
 * - `omega`: confidence, 0..1
 * - `lambda`: the next step, 1..128 characters; for system events one of the advices in `codes.ts`
 */
export type Envelope<Payload = unknown> = Omit<z.infer<typeof envelopeSchema>, 'payload'> & {
  payload?: Payload;
};

/** An envelope as an application writes it: only `delta` has no default. */
export type EnvelopeInput = Pick<Envelope, 'delta'> & Partial<Envelope>;
