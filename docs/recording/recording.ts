/** What the landing page plays: what a client heard behind a box, as `record.mjs` wrote it down. */
import file from './recording.json' with { type: 'json' };

export const TRANSPORTS = ['websocket', 'sse', 'long-poll', 'polling'] as const;
export type Transport = (typeof TRANSPORTS)[number];

export interface Heard {
  /** Milliseconds since it began. */
  readonly at: number;
  readonly number: number;
  readonly transport: Transport;
}

export interface Block {
  readonly from: number;
  readonly until: number;
  readonly transport: Transport;
}

export const length = file.length;
export const sent = file.sent;
export const disconnects = file.disconnects;
export const blocks = file.blocks as readonly Block[];
export const heard: readonly Heard[] = (file.heard as [number, number, Transport][]).map(
  ([at, number, transport]) => ({
    at,
    number,
    transport,
  }),
);
