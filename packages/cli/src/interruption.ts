/** Ctrl-C, and SIGTERM: whoever asks for the end of a command is heard once, and obeyed by Node itself the second time. */

/** What a shell expects of a command that was stopped: 128 and the number of SIGINT. */
export const INTERRUPTED = 130;

export interface Interruption {
  /** Aborted when the end is asked for. */
  readonly signal: AbortSignal;
  /** Asks for it from within. */
  now(): void;
  /** Listens no more: behind this the signals end the process as ever. */
  end(): void;
}

export function interruption(): Interruption {
  const controller = new AbortController();
  const end = (): void => void process.off('SIGINT', now).off('SIGTERM', now);
  const now = (): void => {
    end();
    controller.abort();
  };
  process.once('SIGINT', now).once('SIGTERM', now);
  return { signal: controller.signal, now, end };
}

/**
 * For a command that has nothing to show before its end: asked to end, it says so and is gone, and with it whatever listens
 * to the `exit` of this process. Gives back how to listen no more.
 */
export function stopWhenAsked(command: string): () => void {
  const stop = (): void => {
    console.error(`${command} was stopped before its end`);
    process.exit(INTERRUPTED);
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
  return () => void process.off('SIGINT', stop).off('SIGTERM', stop);
}
