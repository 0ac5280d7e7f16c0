/** The way to a server as one runtime goes it. A page and the command each have their own; failures are data, never thrown. */
import type { ClientFrame, ServerFrame } from '@iskra/protocol/wire';
import { hasFailed } from './inbox.js';
import type { Inbox } from './inbox.js';
import type { Failed } from './seen.js';
import { goOn, messageOf } from './wire.js';
import type { Session } from './wire.js';

export interface Road {
  /** The base address of the transports, without a slash at its end. */
  readonly url: string;
  /** How long an answer may take, ms. */
  readonly timeout: number;
  /** Of a page: the browser itself says from which origin it asks, and has few connections to a server at a time. */
  readonly isPage: boolean;
  /** The page for which requests speak, where that can be chosen. */
  readonly origin?: string | undefined;
  /** One message each way. */
  post(name: 'poll' | 'send', message: string, asked?: Asked): Promise<Answer | Failed>;
  /** Opens an event stream, with `hello` as the message of its request. */
  readonly openSse: OpenLine;
  readonly openWebSocket: OpenLine;
  /** Ends everything at once, and opens nothing any more. */
  close(): void;
}

/** What differs for one request. */
export interface Asked {
  /** How long its answer may take, ms. */
  readonly within?: number;
  readonly url?: string;
  readonly origin?: string | undefined;
}

export interface Answer {
  readonly frames: readonly ServerFrame[];
  readonly milliseconds: number;
  /** Of the answer, by its lower-case name. */
  header(name: string): string | undefined;
}

/** What a WebSocket and an event stream have in common: messages come down as they are sent, for as long as it lives. */
export interface Line {
  readonly inbox: Inbox;
  /** `Content-Encoding` of the answer. */
  readonly encoding?: string | undefined;
  /** Sends up; resolves with what went wrong on the way, as far as that can be known. */
  send(frames: readonly ClientFrame[], session: Session): Promise<Failed | undefined>;
  close(): void;
}

export type Unopened = Failed & { readonly subprotocolLost?: boolean };

export type OpenLine = (message: string) => Promise<Line | Unopened>;

/** How an event stream sends up: by a request of its own. */
export async function sendByPost(
  road: Pick<Road, 'post'>,
  frames: readonly ClientFrame[],
  session: Session,
): Promise<Failed | undefined> {
  const answer = await road.post('send', messageOf([goOn(session), ...frames]));
  return 'end' in answer ? { ...answer, at: answer.at ?? 'send' } : undefined;
}

/** Who gave an answer that is not the server's, by the headers in which servers and proxies name themselves. */
export function namesIn(server: string | undefined, via: string | undefined): string | undefined {
  const names = [server, via && `via ${via}`].filter(Boolean).join(', ');
  return names === '' ? undefined : names.slice(0, 60);
}

/** A cut may be an accident, and so may be a second; what is cut each time is not. */
export async function persist<T>(
  attempt: () => Promise<T>,
  isCut: (outcome: T) => boolean = wasCut,
): Promise<{ readonly first: T; readonly outcome: T; readonly cuts: number }> {
  const first = await attempt();
  let outcome = first;
  let cuts = 0;
  for (; isCut(outcome) && cuts < ACCIDENTS; cuts++) outcome = await attempt();
  return { first, outcome, cuts };
}

const ACCIDENTS = 2;

const wasCut = (outcome: unknown): boolean => hasFailed(outcome) && outcome.end === 'closed';

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
