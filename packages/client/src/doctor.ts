/**
 * What the way between a page and its server lets through, as a report. An entry
 * of its own (`@iskra/client/doctor`); `iskra doctor` is the same by another road.
 */
import { POLL_WAIT } from '@iskra/protocol/wire';
import type { Json } from '@iskra/protocol/wire';
import { examine } from './doctor/examine.js';
import { pageRoad } from './doctor/page.js';
import { reportOn } from './doctor/report.js';
import type { Report } from './doctor/report.js';

export interface DiagnoseOptions {
  /** The credentials that the application sends. */
  readonly auth?: Json;
  /** Asks whether it may be subscribed to. */
  readonly channel?: string;
  /** How long a quiet connection is watched, ms, and a poll is held, at most for as long as a client does. Default: 3 000. */
  readonly idle?: number;
  /** How long one answer may take, ms. Default: 5 000. */
  readonly timeout?: number;
  /** Ends it at once; the promise rejects with its reason. */
  readonly signal?: AbortSignal;
}

/** Tries every transport from this page. @param url the base address of the transports, as for `connect`. */
export async function diagnose(url: string, options: DiagnoseOptions = {}): Promise<Report> {
  const { auth, channel, idle = 3_000, timeout = 5_000, signal } = options;
  const base = new URL(url.replace(/^ws/, 'http'), globalThis.document?.baseURI).href.replace(/\/+$/, '');
  const road = pageRoad(base, timeout);
  const stop = (): void => road.close();
  signal?.addEventListener('abort', stop);
  try {
    const seen = await examine(road, { auth, channel, idle, hold: Math.min(idle, POLL_WAIT) });
    signal?.throwIfAborted();
    return reportOn(seen);
  } finally {
    signal?.removeEventListener('abort', stop);
    road.close();
  }
}

export { ADVICE } from './doctor/advice.js';
export type { Advice, FindingCode, Lines } from './doctor/advice.js';
export { print } from './doctor/print.js';
export type { Paper } from './doctor/print.js';
export { duration } from './doctor/terms.js';
export type { Finding, Report } from './doctor/report.js';
export type { Row } from './doctor/row.js';

// For who has another road.
export { examine } from './doctor/examine.js';
export type { Questions } from './doctor/examine.js';
export { Inbox } from './doctor/inbox.js';
export { reportOn } from './doctor/report.js';
export { namesIn, sendByPost } from './doctor/road.js';
export type { Answer, Asked, Line, OpenLine, Road, Unopened } from './doctor/road.js';
export type { Failed, ReachCode, ReachFailed, Seen, StepSeen } from './doctor/seen.js';
export { framesOf, messageOf, refusalOf } from './doctor/wire.js';
