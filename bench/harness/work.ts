/**
 * What a piece of work is to the harness: rows that are measured in turn, each
 * in fresh processes, and the goals that Iskra's rows are held to.
 */

/**
 * Who is measured. `ws` stands for the raw peer of the transport: `ws` itself, or plain node:http. `net` is
 * the floor of a fan-out: one write of the same bytes to each socket, and nothing else.
 */
export const PEERS = ['iskra', 'ws', 'net', 'socketio'] as const;
export type Peer = (typeof PEERS)[number];

export const TRANSPORTS = ['websocket', 'sse', 'long-poll', 'polling', 'default'] as const;
export type Transport = (typeof TRANSPORTS)[number];

/** Everything that the server and the load process of one case have to know. */
export interface Case {
  readonly work: string;
  readonly row: string;
  readonly peer: Peer;
  readonly transport: Transport;
  /** Length of the measured window, where the work has one. */
  readonly seconds: number;
}

/** What one case gave. */
export interface Sample {
  /** The figure, in the work's unit; lower is better. */
  readonly value: number;
  /** Messages per second over the window, for information. */
  readonly rate?: number;
  /** Share of one core that the load took: near 1, the figure says more about the load than about the server. */
  readonly load?: number;
}

/** The rows that others are compared with: those of peers under their own name, and what a work has besides. */
export type Reference = Exclude<Peer, 'iskra'> | 'streams' | 'alone' | 'unobserved';

/** A median may be at most this, absolute or as a ratio to another row of the same run. */
export interface Goal {
  readonly atMost: number;
  readonly of?: Reference;
}

export interface Row {
  /** Unique in the work; the rows `ws` and `socketio` are the references of the ratio columns, and goals name others. */
  readonly key: string;
  readonly peer: Peer;
  readonly transport: Transport;
  readonly label: string;
  readonly goals?: readonly Goal[];
}

export interface Work {
  readonly name: string;
  readonly title: string;
  readonly unit: string;
  /** Decimals that are shown, and that a goal is judged by. */
  readonly digits: number;
  readonly rows: readonly Row[];
  /** More rounds than this tell nothing new: the figure hardly varies, or the case is slow. */
  readonly maxRounds?: number;
  /** Runs one case to its end, from the process of the harness. */
  readonly measure: (the: Case) => Promise<Sample>;
  /** What the load process of a case does. */
  readonly load?: (the: Case, port: number, publisher: number) => Promise<Load>;
}

/** The load of a case, connected and ready to begin. */
export interface Load {
  /** Begins the measured work; resolves when it is done, at once for work that goes on until it is stopped. */
  begin(): Promise<void>;
  /** Messages received so far. */
  counted(): number;
  /** A figure that the load measured itself. */
  figure?(): number;
}

/** Bytes of payload with the marker in them; the same JSON value for every peer. */
export function payloadOf(bytes: number): { text: string } {
  const frame = JSON.stringify({ text: MARKER }).length;
  return { text: MARKER + 'x'.repeat(bytes - frame) };
}

/** In every counted message, once: four different characters, so that no two occurrences can overlap. */
export const MARKER = '<#@>';

/** In the first message of every server. */
export const FIRST = '<first>';

/** The channel, room or path that the subscribers share. */
export const CHANNEL = 'bench';
