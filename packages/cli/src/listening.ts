/** What listening can fail with, in the words of whoever started it. */
import { Failure } from './usage.js';

export function explainListening(
  error: unknown,
  { port, hostname }: { port: number; hostname: string },
): unknown {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'EADDRINUSE':
      return new Failure(
        `Port ${port} is taken: another program listens there, perhaps an earlier start of this one. ` +
          'Stop it, choose another with --port, or take a free one with --port 0.',
      );
    case 'EACCES':
      return new Failure(
        `Port ${port} may not be used by this user: ports below 1024 are for root. Choose a higher one with --port.`,
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new Failure(
        `This machine has no address "${hostname}". Use --host 0.0.0.0 for all of its addresses, --host 127.0.0.1 for itself only.`,
      );
    default:
      return error;
  }
}
