/** PURE. What one instance of a client was given: each entry once, in order, and a gap exactly where there is one. */
import type { ClientLine, Position } from '../history.js';
import { show } from './log.js';
import type { KeptLog } from './log.js';
import type { Judge } from './oracle.js';

type Told<What extends ClientLine['what']> = Extract<ClientLine, { what: What }>;

interface Reading {
  asked: boolean;
  /** Undefined until the first thing tells where it begins. */
  cursor: Position | undefined;
  /** Whether anything has told so, and not only a call. */
  begun: boolean;
}

export function judgeDeliveries(lines: readonly ClientLine[], log: KeptLog, judge: Judge): void {
  const readings = new Map<string, Reading>();
  const readingOf = (channel: string): Reading => {
    let reading = readings.get(channel);
    if (!reading) readings.set(channel, (reading = { asked: false, cursor: undefined, begun: false }));
    return reading;
  };

  const stand = (reading: Reading, cursor: Position): void =>
    void Object.assign(reading, { cursor, begun: true });

  const takeEntry = (line: Told<'entry'>): void => {
    const { by, channel, position, delta, payload } = line;
    const reading = readingOf(channel);
    const what = `${channel} ${show(position)}`;
    if (!reading.asked)
      return judge('entry unasked', by, `${what} came, and the channel is not subscribed.`, line);
    const kept = log.at(channel, position);
    if (!kept) judge('entry made up', by, `${what} came, and the log has nothing there.`, line);
    else if (kept.delta !== delta || JSON.stringify(kept.payload) !== JSON.stringify(payload)) {
      judge('entry changed', by, `${what} came with something else than the log has there.`, line);
    }
    const { cursor } = reading;
    if (advances(line, cursor)) stand(reading, position);
  };

  /** Whether something at this position may follow; if not, it is judged. */
  const advances = (line: Told<'entry'>, cursor: Position | undefined): boolean => {
    if (!cursor) return true;
    const { by, channel, position } = line;
    const what = `${channel} ${show(position)} came behind ${show(cursor)}`;
    const [epoch, offset] = position;
    if (epoch !== cursor[0]) {
      judge('entry astray', by, `${what}, another epoch, and no gap was told.`, line);
      return true;
    }
    if (offset <= cursor[1]) {
      judge('entry twice', by, `${what}: it had been given already, or is out of order.`, line);
      return false;
    }
    const missing = log.firstBetween(channel, epoch, cursor[1], offset);
    if (missing !== undefined)
      judge('entry missing', by, `${what}, and ${epoch}:${missing} never did.`, line);
    return true;
  };

  /** Whether the reader can stand here: nothing but comings and goings lies between. */
  const stands = (channel: string, cursor: Position, at: Position): boolean =>
    at[0] === cursor[0] &&
    at[1] >= cursor[1] &&
    log.firstBetween(channel, at[0], cursor[1], at[1] + 1) === undefined;

  const takeGap = (line: Told<'gap'>): void => {
    const { by, channel, reason, was, now } = line;
    const reading = readingOf(channel);
    const what = `${channel}: a gap (${reason}) from ${show(was)} to ${show(now)}`;
    if (!reading.asked)
      return judge('entry unasked', by, `${what} came, and the channel is not subscribed.`, line);
    if (reading.cursor && !stands(channel, reading.cursor, was)) {
      judge('gap misplaced', by, `${what} came, and the reader stood at ${show(reading.cursor)}.`, line);
    }
    if (!isFounded(line)) judge('gap unfounded', by, `${what} came without a reason for it.`, line);
    stand(reading, now);
  };

  const isFounded = ({ channel, reason, was, now }: Told<'gap'>): boolean => {
    if (!log.mayBeginAt(channel, now)) return false;
    if (reason === 'trimmed') return was[0] === now[0] && now[1] > was[1];
    const [before, after] = [log.lifeOf(was[0]) ?? 0, log.lifeOf(now[0]) ?? Infinity];
    return reason === 'epoch' && was[0] !== now[0] && before < after;
  };

  for (const line of lines) {
    const { by } = line;
    if (line.what === 'entry') takeEntry(line);
    else if (line.what === 'gap') takeGap(line);
    else if (line.what === 'subscribe') {
      const reading = readingOf(line.channel);
      // Of two calls before there is anything, either may say where it begins.
      if (!reading.begun) reading.cursor = reading.asked ? undefined : line.since;
      reading.asked = true;
    } else if (line.what === 'subscribed') {
      const { channel, how, position } = line;
      const reading = readingOf(channel);
      if (how !== 'acknowledged' || !position || !reading.asked) continue;
      if (reading.cursor && !stands(channel, reading.cursor, position)) {
        const stood = `${channel} stands at ${show(position)}`;
        judge('position wrong', by, `${stood}, and the deliveries led to ${show(reading.cursor)}.`, line);
      }
      stand(reading, position);
    } else if (line.what === 'unsubscribe') {
      Object.assign(readingOf(line.channel), { asked: false, cursor: undefined, begun: false });
    } else if (line.what === 'gone') {
      for (const reading of readings.values()) reading.asked = false;
    } else if (line.what === 'session' && line.lost) {
      const next = log.lives.find((life) => life > Number(line.node) && log.startOf(life)! <= line.at);
      if (next !== undefined) continue;
      judge('session lost', by, `The session was lost, and the server that opened it lived on.`, line);
    }
  }
}
