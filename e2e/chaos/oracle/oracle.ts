/**
 * PURE. A history in, everything in it that must not have happened out. It
 * knows what applications are promised, and nothing of how that is kept.
 */
import type { ClientLine, Line, ServerLine } from '../history.js';
import { judgeDeliveries } from './deliveries.js';
import { judgeHandlers, judgePublishes, judgeSettling } from './endings.js';
import { keptLog } from './log.js';
import { judgeRest } from './rest.js';

export type ViolationKind =
  /** The server's own log has a hole or a double. */
  | 'log broken'
  | 'entry twice'
  | 'entry missing'
  /** Of another epoch, without a gap. */
  | 'entry astray'
  /** The log has nothing at its position. */
  | 'entry made up'
  | 'entry changed'
  /** Of a channel that is not subscribed. */
  | 'entry unasked'
  /** Another position than the deliveries led to. */
  | 'position wrong'
  /** It does not begin where the reader stood. */
  | 'gap misplaced'
  /** Nothing happened that would be a reason for it. */
  | 'gap unfounded'
  /** The session was lost while its server lived. */
  | 'session lost'
  | 'never settled'
  | 'settled twice'
  /** In a way that nobody promised. */
  | 'settled strangely'
  /** Acknowledged, but not in the log; or not yet. */
  | 'publish lost'
  | 'publish twice'
  | 'publish refused but there'
  | 'publish out of order'
  /** Nobody sent it, or something else was sent. */
  | 'publish made up'
  | 'handler ran twice'
  /** A reply that no run of a handler gave. */
  | 'reply made up'
  /** A handler ran, and its caller was told that it was refused. */
  | 'reply withheld'
  | 'not connected'
  | 'not at the head'
  | 'members wrong'
  /** Nobody looked when it was calm. */
  | 'no rest';

export interface Violation {
  kind: ViolationKind;
  /** Whose history shows it. */
  by: string;
  sentence: string;
  /** The line that shows it; the end of the history, if none does. */
  line?: Line | undefined;
}

export type Judge = (kind: ViolationKind, by: string, sentence: string, line?: Line) => void;

export interface OracleOptions {
  /** Entries that a log keeps: what is older may be told as a gap. */
  retention: number;
}

/** Lines of one writer must be in their order; writers may be mixed in any way. */
export function violationsOf(lines: readonly Line[], { retention }: OracleOptions): Violation[] {
  const violations: Violation[] = [];
  const judge: Judge = (kind, by, sentence, line) => void violations.push({ kind, by, sentence, line });
  const server = lines.filter((line): line is ServerLine => line.by === 'server');
  const clients = new Map<string, ClientLine[]>();
  for (const line of lines) {
    if (line.by === 'server' || line.by === 'driver') continue;
    const own = clients.get(line.by);
    if (own) own.push(line as ClientLine);
    else clients.set(line.by, [line as ClientLine]);
  }
  const log = keptLog(server, retention, judge);
  for (const own of clients.values()) {
    judgeDeliveries(own, log, judge);
    judgeSettling(own, judge);
  }
  judgePublishes(clients, log, judge);
  judgeHandlers(clients, server, judge);
  judgeRest(clients, server, judge);
  return violations;
}

/** Only what concerns the end: whether it is calm. */
export function violationsAtRest(lines: readonly Line[], options: OracleOptions): Violation[] {
  const atRest: readonly ViolationKind[] = [
    'not connected',
    'not at the head',
    'members wrong',
    'no rest',
    'never settled',
  ];
  return violationsOf(lines, options).filter(({ kind }) => atRest.includes(kind));
}
