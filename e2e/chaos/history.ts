/**
 * What is written down while chaos reigns: one JSON object a line, by each end
 * for itself. The lines of one writer are in the order in which things happened.
 */
export type Position = readonly [epoch: string, offset: number];

/** How a call ended. `unknown`: it may have happened. */
export type How = 'acknowledged' | 'rejected' | 'unknown';

/** What an instance of a client was asked, and what it was told. `id` and `n` count the calls of the instance. */
export type ClientEvent =
  | { what: 'opened' }
  /** `closed` by its application, or `killed` with its page. */
  | { what: 'gone'; how: 'closed' | 'killed' }
  | {
      what: 'subscribe';
      id: number;
      channel: string;
      since?: Position | undefined;
      last?: number | undefined;
      presence: boolean;
    }
  /** `position`: where the channel then stood. */
  | {
      what: 'subscribed';
      id: number;
      channel: string;
      how: How;
      code?: string;
      position?: Position | undefined;
    }
  | { what: 'unsubscribe'; id: number; channel: string }
  | { what: 'unsubscribed'; id: number; channel: string; how: How; code?: string }
  | { what: 'publish'; n: number; channel: string; payload: unknown }
  | { what: 'published'; n: number; how: How; code?: string }
  | { what: 'request'; n: number; payload: unknown }
  | { what: 'answered'; n: number; how: How; code?: string; value?: unknown }
  | { what: 'entry'; channel: string; position: Position; delta: string; payload: unknown }
  | { what: 'gap'; channel: string; reason: string; was: Position; now: Position }
  /** `node`: the server that opened it. */
  | { what: 'session'; session: string; lost: boolean; node: string }
  | { what: 'status'; state: string; transport: string }
  | { what: 'error'; text: string }
  /** Where everything stands once it is calm. */
  | ({ what: 'rest' } & ClientRest);

export interface ClientRest {
  state: string;
  transport: string;
  session: string;
  unsettled: number;
  channels: { channel: string; position: Position | undefined; members: string[] | undefined }[];
}

/** A life is the store's: what it held is gone with it. */
export type ServerEvent =
  | { what: 'started'; life: number }
  | { what: 'appended'; life: number; channel: string; position: Position; delta: string; payload: unknown }
  /** `node`: whose handler it was. */
  | { what: 'handled'; life: number; node: string; payload: unknown; redelivered: boolean }
  | ({ what: 'kept'; life: number } & ServerRest);

export interface ServerRest {
  channels: { channel: string; head: Position; members: string[] }[];
}

/** What was done to them. */
export type DriverEvent = { what: 'fault'; text: string };

export interface Written {
  /** Which instance of a client, `server` or `driver`. */
  by: string;
  /** Milliseconds since 1970. */
  at: number;
}

export type ClientLine = Written & ClientEvent;
export type ServerLine = Written & ServerEvent;
export type Line = Written & (ClientEvent | ServerEvent | DriverEvent);

/** Every payload says who made it and which of theirs it is; `pad` gives it a size. */
export interface Numbered {
  by: string;
  n: number;
  pad?: string;
}
