/** What the served realtime and the tests agree on: who there is, and how a test asks for a server. */
import type { RealtimeOptions } from '@iskra/server';

/** In every input that a test makes up; none of it may ever be in a log line. */
export const MARK = 'zqmx7';

const token = (name: string) => `${MARK}-token-of-${name}`;

/** Credentials that the server knows, and those at which its `authenticate` misbehaves. */
export const TOKENS = {
  alice: token('alice'),
  bob: token('bob'),
  witness: token('witness'),
  throws: token('throws'),
  rejects: token('rejects'),
  /** The hook gives null, as a look-up without a type does. */
  null: token('null'),
  /** The hook gives false, as `found && identity` does. */
  false: token('false'),
} as const;

/** What a test may set of a server in another process. */
export interface ServerConfig {
  /** Whether the server has a contract. Default true. */
  contract?: boolean;
  options?: Pick<RealtimeOptions, 'allowNoOrigin' | 'limits' | 'times' | 'trustedProxies'> & {
    /** `throws`: a function of the application that does. */
    origins?: 'throws' | '*' | readonly string[];
  };
}

/** What a served process tells of itself. */
export interface Stats {
  /** Open file descriptors. */
  fds: number;
  /** Bytes of heap in use, after a collection. */
  heap: number;
  /** Bytes of memory of the process. */
  rss: number;
  active: number;
  /** How often each verb of the store was called. */
  calls: Record<string, number>;
  /** How often each request was handled, by its input. */
  handled: string[];
}
