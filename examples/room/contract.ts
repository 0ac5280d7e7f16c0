/** What may be said in a room. Server and page infer every type from it. */
import { defineContract } from '@iskra/protocol/wire';
import { object, optional, text, whole } from './schema.js';

/** How many numbered messages one run has. */
export const NUMBERS = 200;

export const contract = defineContract({
  channels: {
    // `room:lobby` holds what was said; `room:lobby~here` who is there; `room:lobby~numbers` the numbers,
    // so that neither comings and goings nor a thousand numbers push what was said out of the history.
    'room:{id}': {
      said: object({
        text: text(1, 500),
        author: text(1, 40),
        /** Chosen by the sender, who recognises its own message by it. */
        mark: optional(text(1, 40)),
      }),
      numbered: object({ run: text(1, 40), n: whole(1, NUMBERS) }),
    },
  },
  requests: {
    time: { input: object({}), output: object({ now: text(1, 40), node: text(1, 40) }) },
  },
});
