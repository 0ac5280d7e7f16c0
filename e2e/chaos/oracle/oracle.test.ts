/** A history in which all is well, and what the oracle says when one thing in it is not. */
import { describe, expect, it } from 'vitest';
import type { ClientEvent, ClientRest, DriverEvent, Line, Position, ServerEvent } from '../history.js';
import { violationsOf } from './oracle.js';
import type { ViolationKind } from './oracle.js';

const HALL = 'room:hall';
const ADA = 'ada#1';
const one = (offset: number): Position => ['one', offset];
const two = (offset: number): Position => ['two', offset];

const numbered = (by: string, n: number) => ({ delta: 'numbered', payload: { by, n } });
const joined = (id: string) => ({ delta: 'member_joined', payload: { id } });
const appended = (
  life: number,
  position: Position,
  what: { delta: string; payload: unknown },
): ServerEvent => ({
  ...{ what: 'appended', life, channel: HALL, position },
  ...what,
});
const entry = (position: Position, what: { delta: string; payload: unknown }): ClientEvent => ({
  ...{ what: 'entry', channel: HALL, position },
  ...what,
});
const rest = (change: Partial<ClientRest> = {}): ClientEvent => ({
  ...{ what: 'rest', state: 'connected', transport: 'websocket', session: 's2', unsettled: 0 },
  channels: [{ channel: HALL, position: two(3), members: ['s2'] }],
  ...change,
});
const kept = (members: string[]): ServerEvent => ({
  ...{ what: 'kept', life: 2 },
  channels: [{ channel: HALL, head: two(3), members }],
});

/** One client, which publishes, asks and listens; its server dies once. */
function goodHistory(): Line[] {
  let at = 1_000;
  const lines: Line[] = [];
  const by =
    (who: string) =>
    (...events: (ClientEvent | ServerEvent | DriverEvent)[]): void =>
      void lines.push(...events.map((event) => ({ by: who, at: (at += 10), ...event })));
  const [server, ada] = [by('server'), by(ADA)];

  server({ what: 'started', life: 1 });
  ada({ what: 'opened' }, { what: 'subscribe', id: 1, channel: HALL, presence: true });
  ada({ what: 'session', session: 's1', lost: false, node: '1' });
  server(appended(1, one(1), joined('s1')));
  ada({ what: 'subscribed', id: 1, channel: HALL, how: 'acknowledged', position: one(1) });
  ada({ what: 'publish', n: 1, channel: HALL, payload: { by: ADA, n: 1 } });
  server(appended(1, one(2), numbered(ADA, 1)));
  ada(entry(one(2), numbered(ADA, 1)), { what: 'published', n: 1, how: 'acknowledged' });
  ada({ what: 'publish', n: 2, channel: HALL, payload: { by: ADA, n: '2' } });
  ada({ what: 'published', n: 2, how: 'rejected', code: 'invalid' });
  ada({ what: 'request', n: 3, payload: { by: ADA, n: 3 } });
  server({ what: 'handled', life: 1, node: '1', payload: { by: ADA, n: 3 }, redelivered: false });
  ada({ what: 'answered', n: 3, how: 'acknowledged', value: { by: ADA, n: 3 } });
  server(appended(1, one(3), joined('s0')), appended(1, one(4), numbered('server-1', 1)));
  ada(entry(one(4), numbered('server-1', 1)));
  ada({ what: 'publish', n: 4, channel: HALL, payload: { by: ADA, n: 4 } });
  by('driver')({ what: 'fault', text: 'kill' });
  server({ what: 'started', life: 2 });
  ada({ what: 'published', n: 4, how: 'unknown', code: 'outcome_unknown' });
  ada({ what: 'session', session: 's1', lost: true, node: '1' });
  ada({ what: 'session', session: 's2', lost: false, node: '2' });
  ada({ what: 'gap', channel: HALL, reason: 'epoch', was: one(4), now: two(0) });
  server(appended(2, two(1), joined('s2')), appended(2, two(2), numbered('server-2', 1)));
  ada(entry(two(2), numbered('server-2', 1)));
  ada({ what: 'publish', n: 5, channel: HALL, payload: { by: ADA, n: 5 } });
  server(appended(2, two(3), numbered(ADA, 5)));
  ada(entry(two(3), numbered(ADA, 5)), { what: 'published', n: 5, how: 'acknowledged' });
  server(kept(['s2']));
  ada(rest());
  return lines;
}

/** Where the line is that has all of this. */
function find(lines: Line[], what: Partial<Record<string, unknown>>): number {
  const has = (line: Line): boolean =>
    Object.entries(what).every(
      ([key, value]) =>
        JSON.stringify((line as unknown as Record<string, unknown>)[key]) === JSON.stringify(value),
    );
  const at = lines.findIndex(has);
  expect(at, JSON.stringify(what)).not.toBe(-1);
  return at;
}
type Break = (lines: Line[]) => void;
const without =
  (what: object): Break =>
  (lines) =>
    void lines.splice(find(lines, { ...what }), 1);
const again =
  (what: object, change: object = {}): Break =>
  (lines) => {
    const at = find(lines, { ...what });
    lines.splice(at + 1, 0, { ...lines[at]!, ...change });
  };
const changed =
  (what: object, change: object): Break =>
  (lines) =>
    void Object.assign(lines[find(lines, { ...what })]!, change);
const behind =
  (what: object, ...events: (ClientEvent | ServerEvent)[]): Break =>
  (lines) => {
    const at = find(lines, { ...what });
    const { by, at: time } = lines[at]!;
    lines.splice(at + 1, 0, ...events.map((event) => ({ by, at: time, ...event })));
  };

const given = (position: Position) => ({ what: 'entry', position });
const written = (position: Position) => ({ what: 'appended', position });

/** Each kind, by what makes it; what else has to be said of the same thing is listed. */
const BREAKS: Record<ViolationKind, [Break, ...ViolationKind[]][]> = {
  'log broken': [
    [behind(written(two(3)), appended(2, two(5), joined('s9')))],
    [behind(written(two(3)), appended(1, two(4), joined('s9'))), 'gap unfounded'],
  ],
  'entry twice': [
    [again(given(one(2)))],
    [again(given(two(3)))],
    [changed({ what: 'subscribed' }, { position: one(4) })],
  ],
  'entry missing': [
    [without(given(two(2)))],
    [behind({ what: 'subscribed' }, entry(one(4), numbered('server-1', 1))), 'entry twice'],
  ],
  'entry astray': [[without({ what: 'gap' })]],
  'entry made up': [[behind(given(two(3)), entry(two(4), numbered('server-2', 2)))]],
  'entry changed': [
    [changed(given(one(4)), { payload: { by: 'server-1', n: 2 } })],
    [changed(given(one(4)), { delta: 'said' })],
  ],
  'entry unasked': [
    [behind(given(two(2)), { what: 'unsubscribe', id: 2, channel: HALL }), 'never settled'],
    [behind(given(two(2)), { what: 'gone', how: 'closed' }), 'members wrong'],
  ],
  'position wrong': [
    [
      behind(
        given(two(2)),
        { what: 'subscribe', id: 2, channel: HALL, presence: true },
        { what: 'subscribed', id: 2, channel: HALL, how: 'acknowledged', position: two(3) },
      ),
      'entry twice',
    ],
  ],
  'gap misplaced': [[changed({ what: 'gap' }, { was: one(2) })], [again({ what: 'gap' })]],
  'gap unfounded': [
    [changed({ what: 'gap' }, { reason: 'trimmed' })],
    [changed({ what: 'gap' }, { reason: 'diverged' })],
    [changed({ what: 'gap' }, { now: two(1) })],
  ],
  'session lost': [
    [behind(given(one(2)), { what: 'session', session: 's1', lost: true, node: '1' })],
    [behind(given(two(3)), { what: 'session', session: 's2', lost: true, node: '2' })],
  ],
  'never settled': [
    [without({ what: 'published', n: 1 })],
    [without({ what: 'subscribed' })],
    [without({ what: 'answered' })],
    [changed({ what: 'rest' }, { unsettled: 1 })],
  ],
  'settled twice': [[again({ what: 'published', n: 1 })]],
  'settled strangely': [[changed({ what: 'published', n: 1 }, { how: 'thrown: TypeError' })]],
  'publish lost': [
    [changed({ what: 'published', n: 4 }, { how: 'acknowledged' })],
    [changed({ what: 'published', n: 5 }, { at: 1_000 })],
  ],
  'publish twice': [
    [behind(written(two(3)), appended(2, two(4), numbered(ADA, 5)))],
    // Also of one whose end is unknown.
    [behind(written(one(4)), appended(1, one(5), numbered(ADA, 4)), appended(1, one(6), numbered(ADA, 4)))],
  ],
  'publish refused but there': [[changed({ what: 'published', n: 5 }, { how: 'rejected' })]],
  'publish out of order': [
    [
      behind(written(one(4)), appended(1, one(5), numbered(ADA, 4)), appended(1, one(6), numbered(ADA, 1))),
      'publish twice',
    ],
  ],
  'publish made up': [
    [behind(written(two(3)), appended(2, two(4), numbered(ADA, 9)))],
    [changed({ what: 'publish', n: 5 }, { payload: { by: ADA, n: 5, pad: 'x' } })],
    [changed({ what: 'publish', n: 5 }, { channel: 'room:yard' })],
  ],
  'handler ran twice': [
    [again({ what: 'handled' })],
    [again({ what: 'handled' }, { redelivered: true })],
    [again({ what: 'handled' }, { node: '2' })],
  ],
  'reply made up': [
    [without({ what: 'handled' })],
    [changed({ what: 'answered' }, { value: { by: ADA, n: 1 } })],
  ],
  'reply withheld': [[changed({ what: 'answered' }, { how: 'rejected' })]],
  'not connected': [
    [changed({ what: 'rest' }, { state: 'reconnecting' })],
    [changed({ what: 'rest' }, { transport: 'sse' })],
  ],
  'not at the head': [
    [changed({ what: 'rest' }, { channels: [{ channel: HALL, position: two(2), members: ['s2'] }] })],
    [changed({ what: 'rest' }, { channels: [{ channel: HALL, members: ['s2'] }] })],
  ],
  'members wrong': [
    [changed({ what: 'rest' }, { channels: [{ channel: HALL, position: two(3), members: ['s1', 's2'] }] })],
    [changed({ what: 'kept' }, kept(['s2', 's7']))],
    [changed({ what: 'kept' }, kept([]))],
  ],
  'no rest': [[without({ what: 'rest' }), 'members wrong'], [without({ what: 'kept' })]],
};

const kindsIn = (lines: Line[]): ViolationKind[] => [
  ...new Set(violationsOf(lines, { retention: 100 }).map(({ kind }) => kind)),
];

describe('the oracle', () => {
  it('finds nothing in a history in which all is well', () => {
    expect(violationsOf(goodHistory(), { retention: 100 })).toEqual([]);
  });

  it.each(
    Object.entries(BREAKS).flatMap(([kind, all]) =>
      all.map(([damage, ...also], at) => ({ kind, at, damage, also })),
    ),
  )('says "$kind" and nothing beside what goes with it ($at)', ({ kind, damage, also }) => {
    const lines = goodHistory();
    damage(lines);
    expect(kindsIn(lines).sort()).toEqual([kind, ...also].sort());
  });

  it('takes a gap for what a log no longer keeps, if it can have been so', () => {
    const lines = goodHistory();
    behind(given(two(3)), {
      ...{ what: 'gap', channel: HALL, reason: 'trimmed' },
      ...{ was: two(3), now: two(5) },
    })(lines);
    changed({ what: 'rest' }, { channels: [{ channel: HALL, position: two(5), members: ['s2'] }] })(lines);
    const fill = [4, 5, 6, 7].map((offset) => appended(2, two(offset), joined('s9')));
    behind(written(two(3)), ...fill)(lines);
    changed({ what: 'kept' }, { channels: [{ channel: HALL, head: two(5), members: ['s2'] }] })(lines);
    expect(violationsOf(lines, { retention: 2 })).toEqual([]);
    expect(kindsIn(lines)).toEqual(['gap unfounded']);
  });

  it('a handler that ran again on another node, and was told so', () => {
    const lines = goodHistory();
    again({ what: 'handled' }, { node: '2', redelivered: true })(lines);
    expect(violationsOf(lines, { retention: 100 })).toEqual([]);
  });

  it('asks for what follows the position that a subscription names, and lets either of two begin it', () => {
    const call = (id: number, since?: Position): ClientEvent => ({
      ...{ what: 'subscribe', id, channel: HALL, presence: true, since },
    });
    const ended = (id: number): ClientEvent => ({
      ...{ what: 'subscribed', id, channel: HALL, how: 'acknowledged' },
    });
    const back = (...calls: ClientEvent[]): ViolationKind[] => {
      const lines = goodHistory();
      const leave: ClientEvent = { what: 'unsubscribe', id: 2, channel: HALL };
      const left: ClientEvent = { what: 'unsubscribed', id: 2, channel: HALL, how: 'acknowledged' };
      behind({ what: 'gap' }, leave, left, ...calls)(lines);
      return kindsIn(lines);
    };
    expect(back(call(3, two(0)), ended(3))).toEqual([]);
    expect(back(call(3, one(4)), ended(3))).toEqual(['entry astray']);
    expect(back(call(3, one(4)), call(4), ended(3), ended(4))).toEqual([]);
    expect(back(call(3), call(4, one(4)), ended(3), ended(4))).toEqual([]);
  });

  it('does not ask a killed page to have told what it did last', () => {
    const untold = (lines: Line[]): Line[] => {
      behind(written(two(3)), appended(2, two(4), numbered(ADA, 9)))(lines);
      changed({ what: 'kept' }, kept([]))(lines);
      return lines;
    };
    expect(kindsIn(untold(goodHistory()))).toContain('publish made up');
    const killed = untold(goodHistory());
    behind({ what: 'rest' }, { what: 'gone', how: 'killed' })(killed);
    expect(kindsIn(killed)).not.toContain('publish made up');
  });

  it('does not ask a killed page for the ends of its calls', () => {
    const lines = goodHistory();
    without({ what: 'published', n: 5 })(lines);
    behind({ what: 'rest' }, { what: 'gone', how: 'killed' })(lines);
    changed({ what: 'kept' }, kept([]))(lines);
    expect(violationsOf(lines, { retention: 100 })).toEqual([]);
  });
});
