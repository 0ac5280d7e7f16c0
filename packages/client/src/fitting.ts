/** PURE. How large a message passes on the way up: half of one that did not, and twice as much while they do. */
import { MAX_MESSAGE_BYTES } from '@iskra/protocol/wire';
import type { Path } from './path.js';

/** A message of so many bytes passes wherever one does. */
const SMALL = 1_000;

/** Whether a status may be that of a box for which a message is too large: nothing at all, or a gateway's. */
export const isGateways = (status: number): boolean => /^(0|502|504)$/.test(`${status}`);

/** What it finds out is in `path.request`. */
export function createFitting(path: Path) {
  /** The largest message that was taken: if one of that size is not, that has another reason. */
  let passed = 0;
  /** How often a larger one was not. After a few times it does not grow again. */
  let refusals = path.request ? 3 : 0;

  return {
    /** One was taken, with so many sends in it. */
    took(bytes: number, sends: number): void {
      passed = Math.max(passed, bytes);
      if (sends && path.request && refusals < 4) path.request = Math.min(MAX_MESSAGE_BYTES, path.request * 2);
    },

    /** One was too big: undefined for one of the size that is believed to pass. */
    refused(bytes = Infinity): void {
      path.request = Math.min(bytes, path.request ?? MAX_MESSAGE_BYTES) / 2;
      refusals = 9;
    },

    /** One was not taken, for the `tries`th time. Whether that may be for its size; with several sends the next is smaller. */
    lost(bytes: number, sends: number, status: number, tries: number): boolean {
      const isSuspect = bytes > Math.max(SMALL, passed) && isGateways(status);
      if (isSuspect) {
        refusals++;
        if (sends > 1) path.request = bytes / 2;
      }
      // The way may be another one by now.
      if (tries > 1) passed = 0;
      return isSuspect;
    },
  };
}
