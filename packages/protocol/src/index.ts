/** The wire of Iskra: envelope, frames, codec, codes, contract. `./wire` is the same without zod. */
export * from './wire.js';
export { envelopeSchema, fractalMetadataSchema } from './envelope.js';
export {
  clientFrameSchema,
  continueSchema,
  cursorsSchema,
  helloSchema,
  positionSchema,
  serverFrameSchema,
  subscribeOptionsSchema,
  welcomeSchema,
} from './frame.js';
