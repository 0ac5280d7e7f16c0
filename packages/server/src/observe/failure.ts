/**
 * PURE. What a line says of something that was thrown: its class, its place in the code, and its code where that is one of
 * the system's. Not its message, and nothing that hangs on it: applications, drivers and Redis quote their input there.
 */
import { getSystemErrorMap } from 'node:util';

/** An error whose text is ours: constant words, addresses and numbers. */
export class ToldError extends Error {
  readonly told: string;
  /** @param told in place of the message, where that says more than a log may hold. */
  constructor(message: string, told = message) {
    super(message);
    this.told = told;
  }
}

/** Without a `message`: what has one, pino takes for an error, and serializes by its own rules. */
export interface Failure {
  /** The class, or the type of what is no error. */
  readonly type: string;
  /** Of errors of our own: what they say. */
  readonly told?: string;
  /** As `ECONNREFUSED` or `ERR_INVALID_ARG_TYPE`. */
  readonly code?: string;
  /** Where it was thrown: function, file, line. */
  readonly stack?: readonly string[];
  readonly cause?: Failure;
}

/** Frames of a stack that are told. */
const FRAMES = 6;
/** Causes that are followed. */
const CAUSES = 2;

export function failureOf(thrown: unknown, causes = CAUSES): Failure {
  try {
    return examine(thrown, causes);
  } catch {
    // A getter of it has thrown, too.
    return { type: 'Error' };
  }
}

function examine(thrown: unknown, causes: number): Failure {
  if (!(thrown instanceof Error)) return { type: thrown === null ? 'null' : typeof thrown };
  const { cause } = thrown;
  const code = codeOf(thrown);
  const stack = framesOf(thrown);
  return {
    type: className(thrown),
    ...(thrown instanceof ToldError && { told: thrown.told }),
    ...(code !== undefined && { code }),
    ...(stack.length > 0 && { stack }),
    ...(cause !== undefined && causes > 0 && { cause: failureOf(cause, causes - 1) }),
  };
}

/** The name that its class has in the code: `name` can be set to anything. */
export function className(thrown: unknown): string {
  if (!(thrown instanceof Error)) return typeof thrown;
  const { constructor } = thrown as { constructor?: unknown };
  const name = typeof constructor === 'function' ? constructor.name : '';
  return IDENTIFIER.test(name) ? name : 'Error';
}

const IDENTIFIER = /^[A-Za-z_$][\w$]{0,63}$/;

const SYSTEM: ReadonlySet<string> = new Set([...getSystemErrorMap().values()].map(([name]) => name));

/** The code of an error, if Node has it in its list or it reads like Node's own. */
export function codeOf(error: Error): string | undefined {
  const { code } = error as Error & { code?: unknown };
  const isKnown = typeof code === 'string' && (SYSTEM.has(code) || /^ERR_[A-Z_]{1,60}$/.test(code));
  return isKnown ? code : undefined;
}

/** A line of a stack as V8 writes it. The message before it may have several lines, which look like anything. */
const FRAME = /^ {4}at [\w$.<>#[\] ]*\(?(?:file:\/\/|node:)?[^()\s?]*:\d+:\d+\)?$/;

/** The frames behind the message, whatever that looks like. */
function framesOf(error: Error): string[] {
  const { stack, message } = error;
  if (typeof stack !== 'string') return [];
  // A stack begins with the message; one that does not was made by somebody else.
  const end = stack.indexOf(message);
  if (end < 0) return [];
  return stack
    .slice(end + message.length)
    .split('\n')
    .filter((line) => FRAME.test(line))
    .slice(0, FRAMES)
    .map((line) => line.slice('    at '.length));
}
