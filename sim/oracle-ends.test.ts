/** The oracle, judged, on what became of it all: for each promise a run that breaks it and nothing else, and one beside it that is well. */
import { describe, expect, it } from 'vitest';
import { ROOM, Run, error, subscribes } from './written.js';
import type { Broken } from './written.js';

const cases: Record<string, readonly Broken[]> = {
  'what becomes of sends': [
    [
      'a send never ends',
      /^G5 anna.1 ended 0 times/,
      () => new Run().append('anna.1').sends({ ends: 0 }).ends(),
      () => new Run().append('anna.1').sends().ends(),
    ],
    [
      'a send ends twice',
      /^G5 anna.1 ended 2 times/,
      () => new Run().append('anna.1').sends({ ends: 2 }).ends(),
      () => new Run().append('anna.1').sends().ends(),
    ],
    [
      'an entry is in the log twice',
      /^G3 anna.1 is in the log 2 times/,
      () => new Run().append('anna.1', 'anna.1').sends(),
      // Of what a fail-over forgot, another copy may be taken.
      () => new Run().append('anna.1').failOver(0).append('anna.1').sends(),
    ],
    [
      'what was acknowledged is nowhere',
      /^G3 anna.1 was acknowledged and is nowhere/,
      () => new Run().sends(),
      () => new Run().sends({ end: 'unknown' }),
    ],
    [
      'what was rejected is in the log',
      /^G3 anna.1 was rejected and is in the log at e:1/,
      () => new Run().append('anna.1').sends({ end: 'rejected' }),
      () => new Run().append('anna.1').sends({ end: 'unknown' }),
    ],
    [
      'what found no room is in the log',
      /^G3 anna.1 was full and is in the log/,
      () => new Run().append('anna.1').sends({ end: 'full' }),
      () => new Run().sends({ end: 'full' }),
    ],
    [
      'entries are in another order than they were sent',
      /^G3 anna.2 \(number 2\) is before one that was sent earlier/,
      () => new Run().append('anna.2', 'anna.1').sends().sends(),
      () => new Run().append('anna.1', 'anna.2').sends().sends(),
    ],
    [
      'a publish is taken without permission',
      /^P44 anna.1 was taken/,
      () => new Run().deny(0).sends().append('anna.1'),
      () => new Run().sends().deny().append('anna.1'),
    ],
    [
      'the store forgets what was acknowledged, and nobody is told',
      /^G5 anna.1 was acknowledged, the store forgot it, and nobody was told/,
      () => new Run().append('anna.1').sends().failOver(0).append('anna.2').sends(),
      () => new Run().append('anna.1').sends().failOver(0).sees(error('sends_lost')).append('anna.2').sends(),
    ],
    [
      'the page is told of a loss only before that send was acknowledged',
      /^G5 anna.1 was acknowledged, the store forgot it/,
      () => new Run().sees(error('sends_lost')).append('anna.1').sends().failOver(0).append('anna.2').sends(),
      () =>
        new Run()
          .append('anna.1')
          .sends()
          .failOver(0)
          .sees({ what: 'session', session: 's', lost: true })
          .append('anna.2')
          .sends(),
    ],
  ],

  'requests and their handlers': [
    [
      'an answer comes, and no handler ran',
      /^G4 anna.1 was answered, but no handler ran/,
      () => new Run().sends({ kind: 'request', reply: { id: 'anna.1' } }),
      () => new Run().handles().sends({ kind: 'request', reply: { id: 'anna.1' } }),
    ],
    [
      'the answer is that of another request',
      /^G4 anna.1 was answered with \{"id":"anna.2"\}/,
      () => new Run().handles().sends({ kind: 'request', reply: { id: 'anna.2' } }),
      () => new Run().handles().sends({ kind: 'request', reply: { id: 'anna.1' } }),
    ],
    [
      'a handler runs under two keys',
      /^G4 its handler ran under two keys/,
      () => new Run().handles().handles({ key: 's:2', redelivered: true }),
      // A store that forgot the whole session opens another one.
      () => new Run().handles().restart().handles({ key: 't:1' }),
    ],
    [
      'a handler runs again and is not told so',
      /^G4 its handler ran again without being told so/,
      () => new Run().handles().handles(),
      // A store that forgot that somebody began cannot tell.
      () => new Run().handles().failOver(0).handles(),
    ],
  ],

  members: [
    [
      'a member joins twice',
      /^G1 s joined twice/,
      () => new Run().member('member_joined', 's').member('member_joined', 's'),
      () => new Run().member('member_joined', 's').member('member_joined', 't'),
    ],
    [
      'a member leaves twice',
      /^G1 s left twice/,
      () => new Run().member('member_joined', 's').member('member_left', 's').member('member_left', 's'),
      () => new Run().member('member_joined', 's').member('member_left', 's').member('member_joined', 's'),
    ],
    [
      'whoever is gone is still listed',
      /^P46 somebody who is gone is still listed/,
      () => listed('t', false),
      () => listed('s', true),
    ],
    [
      'a page that did not enter is listed',
      /^P46 anna is still listed/,
      () => listed('s', false),
      () =>
        listed('s', false)
          .sees(subscribes)
          .sees({ what: 'refused', channel: ROOM, call: 1, code: 'outcome_unknown' }),
    ],
    [
      'a page that entered is in no list',
      /^G1 is no member of room/,
      () => new Run().stands({ enters: true }),
      () => listed('s', true),
    ],
    [
      'a page sees others than there are',
      /^G1 sees 0 members in room; there are 1/,
      () => withMembers(new Run().stands({ enters: true, members: [] }), 's'),
      () => withMembers(new Run().stands({ enters: true, members: ['s'] }), 's'),
    ],
  ],

  'how it goes on': [
    [
      'a disconnect is shown, though only a transport was hindered',
      /^G6 a disconnect was shown/,
      () => mild().sees({ what: 'state', state: 'reconnecting' }),
      () => new Run().sees({ what: 'state', state: 'reconnecting' }),
    ],
    [
      'a session is lost, though only a transport was hindered',
      /^G6 the session was lost/,
      () => mild().sees({ what: 'session', session: 's', lost: true }),
      () => mild().sees({ what: 'session', session: 's', lost: false }),
    ],
    [
      'a page is not connected in the end',
      /^G7 is reconnecting long after all is well again/,
      () => new Run().ends({ state: 'reconnecting' }),
      () => new Run().ends(),
    ],
    [
      'a page stays on a worse transport',
      /^G9 is on polling, though websocket works/,
      () => new Run().ends({ transport: 'polling' }),
      () => new Run().ends({ transport: 'polling', best: 'polling' }),
    ],
    [
      'sends are left without an end',
      /^G5 2 sends have no end/,
      () => new Run().ends({ unsettled: 2 }),
      () => new Run().ends(),
    ],
    [
      'a page is subscribed and stands nowhere',
      /^G1 is subscribed to room, and stands nowhere in it/,
      () => new Run().stands({ position: undefined }),
      () => new Run().stands({}),
    ],
    [
      'a page has not read up to the head',
      /^G1 stands at e:4 of room, whose head is e:5/,
      () => headed(5).stands({ position: ['e', 4] }),
      () => headed(5).stands({ position: ['e', 5] }),
    ],
  ],
};

const mild = (): Run => Object.assign(new Run(), { isMild: true });

const withMembers = (run: Run, ...sessions: string[]): Run => {
  run.members.set(ROOM, sessions);
  return run;
};

/** One session is in the list; anna, whose session is `s`, entered it or did not. */
const listed = (session: string, enters: boolean): Run =>
  withMembers(new Run().stands({ enters, members: enters ? [session] : [] }), session);

const headed = (offset: number): Run => {
  const run = new Run();
  run.heads.set(ROOM, ['e', offset]);
  return run;
};

describe.each(Object.entries(cases))('the oracle judges %s', (_, table) => {
  it.each(table)('when %s', (_, verdict, bad, good) => {
    expect(bad().verdict).toEqual([expect.stringMatching(verdict)]);
    expect(good().verdict, 'and the one beside it is well').toEqual([]);
  });
});

describe('the oracle', () => {
  it('does not ask of a page that is gone how its sends ended', () => {
    expect(new Run().append('anna.1').sends({ ends: 0 }).verdict).toEqual([]);
  });

  it('does not count comings and goings of a store that forgot some', () => {
    const run = new Run().member('member_joined', 's').failOver(0).member('member_joined', 's');
    expect(withMembers(run, 't').verdict).toEqual([]);
  });
});
