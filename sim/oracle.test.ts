/** The oracle, judged: for each promise a run that breaks it and nothing else, and one beside it that is well. */
import { describe, expect, it } from 'vitest';
import { ROOM, Run, entry, gap, subscribed, subscribes, unsubscribes } from './written.js';
import type { Broken } from './written.js';

/** A log of five entries, and a page that subscribed before the first one. */
const reading = (): Run =>
  new Run()
    .sees(subscribes, subscribed())
    .append('a', 'b', 'c', 'd', 'e')
    .sees(entry('a', ['e', 1]));
/** … of which a fail-over forgets the last two; two others take their place. */
const forked = (): Run => new Run().append('a', 'b', 'c', 'd', 'e').failOver(3).append('x', 'y');

/** What takes the place of a forgotten entry is forgotten as well, with what was read behind it. */
const twice = (take: (run: Run) => Run): Run =>
  take(
    new Run()
      .append('a', 'b', 'c')
      .sees(subscribes, subscribed(['e', 1]), entry('b', ['e', 2]))
      .failOver(2),
  )
    .append('d')
    .sees(entry('d', ['ezzz1', 4]))
    .failOver(2);

const cases: Record<string, readonly Broken[]> = {
  'what a page reads': [
    [
      'an entry comes after unsubscribing',
      /^G1 room: e:2 came after unsubscribing/,
      () => reading().sees(unsubscribes, entry('b', ['e', 2])),
      () => reading().sees(entry('b', ['e', 2]), unsubscribes),
    ],
    [
      'an entry is another one than the log has there',
      /^G1 room: e:2 is b, not c/,
      () => reading().sees(entry('c', ['e', 2])),
      () => reading().sees(entry('b', ['e', 2])),
    ],
    [
      'an entry comes that is nowhere',
      /^G1 room: e:6 is nothing, not f/,
      () =>
        new Run()
          .append('a', 'b', 'c', 'd', 'e')
          .sees(subscribes, subscribed(['e', 5]), entry('f', ['e', 6])),
      () =>
        new Run()
          .append('a', 'b', 'c', 'd', 'e', 'f')
          .sees(subscribes, subscribed(['e', 5]), entry('f', ['e', 6])),
    ],
    [
      'an entry is missing',
      /^G2 .* from e:1 to e:3 without a gap: b at 2 is missing/,
      () => reading().sees(entry('c', ['e', 3])),
      () => reading().sees(entry('b', ['e', 2]), entry('c', ['e', 3])),
    ],
    [
      'the first entry behind the subscription is missing',
      /^G2 .* from e:0 to e:2 without a gap: a at 1/,
      () => new Run().append('a', 'b').sees(subscribes, subscribed(), entry('b', ['e', 2])),
      () => new Run().append('a', 'b').sees(subscribes, subscribed(['e', 1]), entry('b', ['e', 2])),
    ],
    [
      'a message is missing where only comings and goings may be passed over',
      /^G2 .* an entry at 2 is missing/,
      () =>
        new Run()
          .append('a')
          .sees(subscribes, subscribed(), entry('a', ['e', 1]))
          .append(undefined!, 'c')
          .sees(entry('c', ['e', 3])),
      () =>
        new Run()
          .append('a')
          .sees(subscribes, subscribed(), entry('a', ['e', 1]))
          .member('member_joined', 's')
          .append('c')
          .sees(entry('c', ['e', 3])),
    ],
    [
      'a log that began anew is read on',
      /^G2 .* from e:1 to f:2 without a gap: the log began anew/,
      () =>
        reading()
          .restart()
          .append('x', 'y')
          .sees(entry('y', ['f', 2])),
      () =>
        reading()
          .restart()
          .append('x', 'y')
          .sees(gap('epoch', ['e', 1], ['f', 1]), entry('y', ['f', 2])),
    ],
    [
      'a reader of forgotten entries goes on through the fork',
      /^G2 .* without a gap: d before it was forgotten/,
      () => forked().sees(subscribes, subscribed(['e', 3]), entry('d', ['e', 4]), entry('y', ['ezzz1', 5])),
      () =>
        forked().sees(subscribes, subscribed(['e', 3]), entry('x', ['ezzz1', 4]), entry('y', ['ezzz1', 5])),
    ],
    [
      'an entry is missing at a place that was taken twice, and forgotten both times',
      /^G2 .* without a gap: x at 3 is missing/,
      () => twice((run) => run.append('x')),
      () => twice((run) => run.member('member_left', 's')),
    ],
    [
      'a page is let in without permission',
      /^P44 room: it was let in/,
      () => new Run().deny(0).sees(subscribes, subscribed()),
      // What is asked for again is no reason to forget that the first one was allowed.
      () =>
        new Run().sees(subscribes).deny().sees({ what: 'subscribes', channel: ROOM, call: 2 }, subscribed()),
    ],
  ],

  'what a page is told of gaps': [
    [
      'a gap comes after unsubscribing',
      /^G2 room: a gap came after unsubscribing/,
      () =>
        reading()
          .restart()
          .sees(unsubscribes, gap('epoch', ['e', 1], ['f', 0])),
      () =>
        reading()
          .restart()
          .sees(gap('epoch', ['e', 1], ['f', 0]), unsubscribes),
    ],
    [
      'a gap begins elsewhere than where the page stands',
      /^G2 room: a gap from e:3, but the last one read was e:1/,
      () =>
        reading()
          .restart()
          .sees(gap('epoch', ['e', 3], ['f', 0])),
      () =>
        reading()
          .restart()
          .sees(gap('epoch', ['e', 1], ['f', 0])),
    ],
    [
      'entries count as trimmed that the log has kept',
      /^G2 .*the log kept what follows/,
      () => reading().sees(gap('trimmed', ['e', 1], ['e', 3])),
      () => Object.assign(reading(), { retention: 2 }).sees(gap('trimmed', ['e', 1], ['e', 3])),
    ],
    [
      'the epoch is said to be another one, and the store lost nothing',
      /^G2 .*the store never lost anything/,
      () => reading().sees(gap('epoch', ['e', 1], ['f', 0])),
      () =>
        reading()
          .restart()
          .sees(gap('epoch', ['e', 1], ['f', 0])),
    ],
    [
      'the epoch is said to be another one, and is the same',
      /^G2 .*both are in one epoch/,
      () =>
        reading()
          .failOver(3)
          .sees(gap('epoch', ['e', 1], ['ezzz1', 3])),
      () =>
        reading()
          .restart()
          .sees(gap('epoch', ['e', 1], ['f', 0])),
    ],
    [
      'what was read counts as forgotten, and is still there',
      /^G2 .*what it had read is still there/,
      () =>
        forked().sees(
          subscribes,
          subscribed(['e', 2]),
          entry('c', ['e', 3]),
          gap('diverged', ['e', 3], ['ezzz1', 3]),
        ),
      () =>
        forked().sees(
          subscribes,
          subscribed(['e', 2]),
          entry('c', ['e', 3]),
          entry('d', ['e', 4]),
          gap('diverged', ['e', 4], ['ezzz1', 3]),
        ),
    ],
    [
      'a channel is denied that nobody denied',
      /^G2 .*nobody denied it/,
      () => reading().sees(gap('denied', ['e', 1], ['e', 1])),
      () =>
        reading()
          .deny()
          .sees(gap('denied', ['e', 1], ['e', 1])),
    ],
    [
      'an inbox overflows in a channel',
      /^G2 .*that is no reason for a channel/,
      () => reading().sees(gap('inbox_overflow', ['e', 1], ['e', 3])),
      () => Object.assign(reading(), { retention: 2 }).sees(gap('trimmed', ['e', 1], ['e', 3])),
    ],
    [
      'an entry is left out as too big, and everything passes',
      /^G2 .*its 100 bytes could pass/,
      () => reading().sees(gap('too_big', ['e', 1], ['e', 2])),
      () =>
        reading()
          .cap(90)
          .sees(gap('too_big', ['e', 1], ['e', 2])),
    ],
    [
      'an entry is left out as too big that is smaller than what passes',
      /^G2 .*its 100 bytes could pass/,
      () =>
        reading()
          .cap(2_000)
          .sees(gap('too_big', ['e', 1], ['e', 2])),
      () =>
        reading()
          .cap(150)
          .sees(gap('too_big', ['e', 1], ['e', 2])),
    ],
    [
      'more than one is left out at once',
      /^G2 .*that is not one entry/,
      () =>
        reading()
          .cap(90)
          .sees(gap('too_big', ['e', 1], ['e', 3])),
      () =>
        reading()
          .cap(90)
          .sees(gap('too_big', ['e', 1], ['e', 2]), gap('too_big', ['e', 2], ['e', 3])),
    ],
    [
      'a channel is read after its permission has ended',
      /^G1 room: e:2 came after unsubscribing/,
      () =>
        reading()
          .deny()
          .sees(gap('denied', ['e', 1], ['e', 1]), entry('b', ['e', 2])),
      () =>
        reading()
          .deny()
          .sees(entry('b', ['e', 2]), gap('denied', ['e', 2], ['e', 2])),
    ],
  ],
};

describe.each(Object.entries(cases))('the oracle judges %s', (_, table) => {
  it.each(table)('when %s', (_, verdict, bad, good) => {
    expect(bad().verdict).toEqual([expect.stringMatching(verdict)]);
    expect(good().verdict, 'and the one beside it is well').toEqual([]);
  });
});

describe('the oracle', () => {
  it('sees an entry that comes twice, which is also a step backwards', () => {
    expect(reading().sees(entry('a', ['e', 1])).verdict).toEqual([
      'G1 room: e:1 came twice.',
      'G2 room: from e:1 to e:1 without a gap: it goes backwards.',
    ]);
  });

  it('lets a page that subscribes again ask for the last ones again', () => {
    const again = reading().sees(
      unsubscribes,
      subscribes,
      subscribed(),
      entry('a', ['e', 1]),
      entry('b', ['e', 2]),
    );
    expect(again.verdict).toEqual([]);
  });
});
