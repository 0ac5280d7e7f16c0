/** What may be said in a room. Server and page infer every type from it; the page loads none of it. */
import { defineContract } from '@iskra/protocol/wire';
import * as z from 'zod';

const label = z.string().min(1).max(40);

export const contract = defineContract({
  channels: {
    // `room:lobby` holds what was said, `room:lobby~here` who is there.
    'room:{id}': { said: z.object({ text: z.string().min(1).max(500), author: label }) },
  },
  requests: {
    time: { input: z.object({}), output: z.object({ now: label }) },
  },
});
