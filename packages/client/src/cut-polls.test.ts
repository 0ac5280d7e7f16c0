/** What passes between two polls that are cut, and whether the two are then an accident each, or a habit of the network. */
import { describe, expect, test } from 'vitest';
import { dialogue, envelope } from './testing.js';
import type { TransportName } from './transports/transport.js';

/** On a long poll, with one that waits for its answer. */
function polling() {
  const d = dialogue({ transports: ['long-poll', 'polling'] });
  d.start();
  d.connect(1);
  return d;
}
type Dialogue = ReturnType<typeof polling>;

const HOLD = 15_000;

/** The poll that waits is cut after so long; the attempt that follows, welcomed. */
const cut = (d: Dialogue, after: number): TransportName => {
  d.advance(after);
  d.die(d.last().attempt);
  d.connect(d.next());
  return d.last().transport;
};

type Between =
  | 'nothing'
  | 'an empty answer at once'
  | 'an answer to sends'
  | 'an entry at once'
  | 'an entry that took as long'
  | 'entries for a minute'
  | 'an empty answer after the whole time';

const happen: Record<Between, (d: Dialogue) => void> = {
  nothing() {},
  'an empty answer at once'(d) {
    d.hear(d.last().attempt);
  },
  'an answer to sends'(d) {
    d.session.outbox.add('publish', 'room', envelope('said', 1));
    d.tell({ type: 'sendAdded' });
    d.answer(d.last().attempt, 200, ['acked', 1, 'e', 0]);
  },
  'an entry at once'(d) {
    d.hear(d.last().attempt, ['entry', '@', 'e', 1, envelope('said')]);
  },
  'an entry that took as long'(d) {
    d.advance(9_000);
    d.hear(d.last().attempt, ['entry', '@', 'e', 1, envelope('said')]);
  },
  'entries for a minute'(d) {
    for (let offset = 1; offset <= 60; offset++) {
      d.advance(1_000);
      d.hear(d.last().attempt, ['entry', '@', 'e', offset, envelope('said')]);
    }
  },
  'an empty answer after the whole time'(d) {
    d.advance(HOLD);
    d.hear(d.last().attempt);
  },
};

describe('after two long polls that were cut, with this between them, the session goes on by', () => {
  const table: Record<Between, TransportName> = {
    nothing: 'polling',
    // Somebody answered who does not hold: that says nothing about a poll that waits.
    'an empty answer at once': 'polling',
    // A request of its own, which nobody held.
    'an answer to sends': 'polling',
    // Something that cuts what waits for long lets this pass, each time.
    'an entry at once': 'polling',
    'an entry that took as long': 'long-poll',
    'entries for a minute': 'long-poll',
    'an empty answer after the whole time': 'long-poll',
  };
  test.each(Object.entries(table) as [Between, TransportName][])('%s → %s', (between, transport) => {
    const d = polling();
    // Of different lengths, so that it is no silence that something on the way does not allow.
    expect(cut(d, 9_000)).toBe('long-poll');
    happen[between](d);
    expect(cut(d, 1_700)).toBe(transport);
  });

  test('and an answer before the first of them excuses neither', () => {
    const d = polling();
    happen['an entry that took as long'](d);
    expect(cut(d, 9_000)).toBe('long-poll');
    expect(cut(d, 1_700)).toBe('polling');
  });

  test('a welcome, which every poll of a kind brings, excuses nothing', () => {
    const d = polling();
    expect(cut(d, 0)).toBe('long-poll');
    expect(cut(d, 0)).toBe('polling');
  });

  test('accidents never add up, however many there are', () => {
    const d = polling();
    for (let offset = 1; offset < 20; offset++) {
      expect(cut(d, 2_000 + (offset % 2) * 5_000)).toBe('long-poll');
      d.advance(7_000);
      d.hear(d.last().attempt, ['entry', '@', 'e', offset, envelope('said')]);
    }
    expect(d.explain().transports.flatMap(({ strikes }) => strikes ?? [])).toEqual([]);
  });
});
