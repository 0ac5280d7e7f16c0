/** The nodes that are rolled, wherever they live. */

/** What a node said of its end. */
export interface Ended {
  readonly left: number;
  readonly closed: number;
}

export interface Fleet {
  /** What they are, in words. */
  readonly is: string;
  readonly ports: readonly number[];
  /** Ends a node as a deploy does, and starts another one on its port. */
  roll(node: number): Promise<Ended>;
  close(): Promise<void>;
}

export type Signal = 'SIGKILL' | 'SIGSTOP' | 'SIGCONT';

/** Of processes, each of which can be killed or stopped by itself. */
export interface MortalFleet extends Fleet {
  /** What its process is sent. */
  signal(node: number, signal: Signal): void;
}
