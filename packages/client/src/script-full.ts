/** The script tag with everything: the values of `index.ts` as the global `iskra`. */
import { cureOf } from './cures.js';
import {
  ClosedError,
  connect,
  IskraError,
  MisuseError,
  OutcomeUnknown,
  QueueFull,
  RequestTimeout,
  SendError,
} from './index.js';

(globalThis as { iskra?: object }).iskra = {
  connect,
  cureOf,
  ClosedError,
  IskraError,
  MisuseError,
  OutcomeUnknown,
  QueueFull,
  RequestTimeout,
  SendError,
};
