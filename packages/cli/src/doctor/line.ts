/** What a WebSocket and an event stream have in common: messages come down as they are sent, for as long as it lives. */
import type { ClientFrame } from '@iskra/protocol/wire';
import type { Inbox } from './inbox.js';
import type { Road } from './post.js';
import type { Failed } from './seen.js';
import type { Session } from './wire.js';

export interface Line {
  readonly inbox: Inbox;
  /** `Content-Encoding` of the answer. */
  readonly encoding?: string | undefined;
  /** Sends up; resolves with what went wrong on the way, as far as that can be known. */
  send(frames: readonly ClientFrame[], session: Session): Promise<Failed | undefined>;
  close(): void;
}

export type Unopened = Failed & { readonly subprotocolLost?: boolean };

/** Opens one, with `hello` as its first message. */
export type OpenLine = (road: Road, message: string) => Promise<Line | Unopened>;
