/** What a server says of its own memory, at its `/metrics`. */

export interface Memory {
  /** Bytes. */
  before: number;
  most: number;
  after: number;
}

/** Milliseconds between looks. */
const EVERY = 2_000;

export function memoryOf(metrics: URL) {
  let before: number | undefined;
  let most = 0;
  let timer: NodeJS.Timeout | undefined;

  /** Undefined when it does not tell, or not to us. */
  const look = async (): Promise<number | undefined> => {
    try {
      const response = await fetch(metrics, { signal: AbortSignal.timeout(EVERY) });
      const found = /^process_resident_memory_bytes (\S+)$/m.exec(await response.text());
      const bytes = found === null ? NaN : Number(found[1]);
      if (!(bytes > 0)) return undefined;
      most = Math.max(most, bytes);
      return bytes;
    } catch {
      return undefined;
    }
  };

  return {
    async begin(): Promise<void> {
      before = await look();
      if (before !== undefined) timer = setInterval(() => void look(), EVERY).unref();
    },
    async end(): Promise<Memory | undefined> {
      const after = await look();
      return before === undefined || after === undefined ? undefined : { before, most, after };
    },
    stop: (): void => clearInterval(timer),
  };
}
