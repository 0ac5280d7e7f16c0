/** The script tag: the values of `index.ts` as the global `iskra`. */
import {
  ClosedError,
  connect,
  IskraError,
  MisuseError,
  OutcomeUnknown,
  platform,
  QueueFull,
  RequestTimeout,
  SendError,
} from './index.js';

Object.assign(globalThis, {
  iskra: {
    connect,
    platform,
    ClosedError,
    IskraError,
    MisuseError,
    OutcomeUnknown,
    QueueFull,
    RequestTimeout,
    SendError,
  },
});
