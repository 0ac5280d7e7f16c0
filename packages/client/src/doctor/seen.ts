/** PURE. What the doctor saw on the way to a server, as data, and judged by nobody yet. Times in milliseconds. */
import type { TransportName } from '../transports/transport.js';
import type { CodeName } from '@iskra/protocol/wire';

/** The last thing that a transport brought. */
export type Stage =
  | 'nothing'
  /** The handshake, or the headers of the answer. */
  | 'opened'
  | 'welcomed'
  /** The first heartbeat, which shows that pieces come when they are sent (P51). Polls have none. */
  | 'proven'
  /** What went up had its answer come down. */
  | 'echoed';

/** How something ended. */
export type End =
  | 'passed'
  /** Answered, and not by an Iskra server. */
  | 'refused'
  /** The server itself said no, with a code. */
  | 'denied'
  /** Cut. */
  | 'closed'
  /** Nothing came in its time. */
  | 'silent';

/** Why something did not go on. */
export interface Failed {
  readonly end: Exclude<End, 'passed'>;
  /** HTTP status, or WebSocket close code. */
  readonly status?: number | undefined;
  /** Who answered, by its own headers. */
  readonly by?: string | undefined;
  /** Where it sent us instead. */
  readonly location?: string | undefined;
  /** The server's. */
  readonly code?: CodeName | undefined;
  readonly field?: string | undefined;
  /** What the network said. */
  readonly detail?: string | undefined;
  /** It was not the transport: the proxy that the environment names, or a POST that carried sends. */
  readonly at?: 'proxy' | 'send' | undefined;
}

/** How long a connection lived. */
export interface Life {
  readonly end: 'lived' | 'closed' | 'silent';
  readonly age: number;
  /** The longest time in which no byte passed, up to its end. */
  readonly silence: number;
}

/** What the server says of itself in `welcome`. */
export interface Welcomed {
  readonly version: number;
  readonly node: string;
  readonly heartbeat: number;
  /** The largest message that it takes, bytes. */
  readonly message: number;
}

/** One transport, tried. */
export interface Trial {
  readonly stage: Stage;
  readonly end: End;
  readonly failed?: Failed | undefined;
  readonly welcome?: Welcomed | undefined;
  /** From the start of the connection to `welcome`. */
  readonly milliseconds?: number | undefined;
  /** For each send: until its answer had come down. */
  readonly echoes: readonly number[];
  /** Streams: for each send, how much later its answer came down the stream than the POST was answered. */
  readonly lags: readonly number[];
  /** `Content-Encoding` of the answer: somebody on the way compressed it. */
  readonly encoding?: string | undefined;
  /** Something of it was cut, and passed when it was tried again. */
  readonly unsteady?: boolean | undefined;
  /** WebSocket: the server's choice of subprotocol did not arrive. */
  readonly subprotocolLost?: boolean | undefined;
  /** Streams: a connection that is left alone, and one with traffic every second beside it. */
  readonly quiet?: Life | undefined;
  readonly busy?: Life | undefined;
  /** Long-poll: the poll that was held for long. */
  readonly held?: ({ readonly milliseconds: number } & Partial<Failed>) | undefined;
}

/** What was learned by POSTs. */
export interface PostsSeen {
  /** Bytes of the largest body that passed; 0 for none. */
  readonly passed: number;
  /** The smallest that did not, and what became of it. */
  readonly stopped?: { readonly bytes: number; readonly failed: Failed } | undefined;
  /** Bytes in a second, where it was for slowness alone that the smallest had no answer in its time. */
  readonly pace?: number | undefined;
  /** Requests that open a connection: so many were sent, and so many did the server count. */
  readonly repeats?: { readonly sent: number; readonly counted: number } | undefined;
  /** A page's request: `passed`, or how it was refused. */
  readonly page?: { readonly origin: string; readonly failed?: Failed | undefined } | undefined;
  /** Whether the server showed that it sees the header `Origin`. */
  readonly originSeen?: boolean | undefined;
  readonly channel?: { readonly name: string; readonly failed?: Failed | undefined } | undefined;
}

/** One step on the way to the server, before anything is asked. */
export interface StepSeen {
  readonly step: 'address' | 'connection' | 'proxy' | 'TLS';
  readonly milliseconds: number;
  readonly detail: string;
}

/** Why the server cannot be reached at all. */
export type ReachCode = 'dns' | 'server-down' | 'proxy-down' | 'proxy-auth' | 'tunnel-refused' | 'tls';

export interface ReachFailed {
  readonly step: StepSeen['step'];
  readonly code: ReachCode;
  readonly detail: string;
}

export interface Seen {
  /** The base address that was tried. */
  readonly url: string;
  /** The proxy of the environment, without its credentials. */
  readonly proxy: string | undefined;
  /** How long a quiet connection was watched, and how long a poll was to be held. */
  readonly idle: number;
  readonly hold: number;
  readonly steps: readonly StepSeen[];
  readonly unreachable?: ReachFailed | undefined;
  /** Unless it cannot be reached. */
  readonly transports?: Readonly<Record<TransportName, Trial>> | undefined;
  /** Undefined when no session could be opened by POST. */
  readonly posts?: PostsSeen | undefined;
  /** An Iskra server answers here, and not at `url`. */
  readonly elsewhere?: string | undefined;
}
