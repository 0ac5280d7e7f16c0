/** What may be said in a room. Server and page infer every type from it. */
import { defineContract } from '@iskra/protocol/wire';
import * as z from 'zod';
import { NUMBERS } from './run.js';

const label = z.string().min(1).max(40);

export const contract = defineContract({
  channels: {
    // `room:lobby` holds what was said; `room:lobby~here` who is there; `room:lobby~numbers` the numbers,
    // so that neither comings and goings nor a thousand numbers push what was said out of the history.
    'room:{id}': {
      said: z.object({
        text: z.string().min(1).max(500),
        author: label,
        /** Chosen by the sender, who recognises its own message by it. */
        mark: label.optional(),
      }),
      numbered: z.object({ run: label, n: z.int().min(1).max(NUMBERS) }),
    },
  },
  requests: {
    time: { input: z.object({}), output: z.object({ now: label, node: label }) },
  },
});
