import { expect, test } from 'vitest';
import { CURES, cureOf as sentenceOf } from './cures.js';
import { blames, createAttempt } from './attempt.js';
import type { Attempt, Cause } from './attempt.js';
import { cureOf, verdictOf } from './explain.js';
import type { VerdictCode } from './explain.js';
import type { TransportName } from './transports/transport.js';

type Stage = 'started' | 'open' | 'welcome' | 'proven' | 'old';
const network: Cause = { status: 0, detail: '' };
const silence: Cause = {};

function at(transport: TransportName, stage: Stage): Attempt {
  const stages: Stage[] = ['started', 'open', 'welcome', 'proven', 'old'];
  const reached = (one: Stage) => (stages.indexOf(stage) >= stages.indexOf(one) ? 1 : undefined);
  return {
    ...createAttempt(1, { transport, server: 'primary', rank: 0 }, 'race', 1),
    openedAt: reached('open'),
    welcomeAt: reached('welcome'),
    provenAt: reached('proven'),
    heardAt: 60_000,
  };
}

const judge = (attempt: Attempt, cause: Cause, endedAt: number): VerdictCode | undefined => {
  const ended = { ...attempt, cause, endedAt };
  const verdict = verdictOf(ended);
  // A verdict blames the transport exactly when its name begins with it, or when the route is not there (G9).
  expect(blames(ended, ended.idle)).toBe(/^(ws|sse|poll|not)-/.test(`${verdict}`));
  return verdict;
};

const table: Record<TransportName, Record<Stage, { closed: VerdictCode; silent: VerdictCode }>> = {
  websocket: {
    started: { closed: 'ws-refused', silent: 'ws-timeout' },
    open: { closed: 'ws-killed-early', silent: 'ws-silent' },
    welcome: { closed: 'ws-killed-early', silent: 'ws-silent' },
    proven: { closed: 'ws-killed-early', silent: 'ws-silent' },
    old: { closed: 'lost', silent: 'lost' },
  },
  sse: {
    started: { closed: 'sse-refused', silent: 'sse-buffered' },
    open: { closed: 'sse-killed-early', silent: 'sse-buffered' },
    welcome: { closed: 'sse-killed-early', silent: 'sse-one-behind' },
    proven: { closed: 'sse-killed-early', silent: 'sse-one-behind' },
    old: { closed: 'lost', silent: 'lost' },
  },
  'long-poll': {
    started: { closed: 'poll-refused', silent: 'poll-refused' },
    open: { closed: 'poll-refused', silent: 'poll-refused' },
    welcome: { closed: 'poll-cut', silent: 'poll-cut' },
    proven: { closed: 'poll-cut', silent: 'poll-cut' },
    old: { closed: 'poll-cut', silent: 'poll-cut' },
  },
  polling: {
    started: { closed: 'poll-refused', silent: 'poll-refused' },
    open: { closed: 'poll-refused', silent: 'poll-refused' },
    welcome: { closed: 'poll-cut', silent: 'poll-cut' },
    proven: { closed: 'poll-cut', silent: 'poll-cut' },
    old: { closed: 'poll-cut', silent: 'poll-cut' },
  },
};

for (const [transport, row] of Object.entries(table) as [TransportName, (typeof table)[TransportName]][]) {
  for (const [stage, { closed, silent }] of Object.entries(row) as [Stage, (typeof row)[Stage]][]) {
    const now = stage === 'old' ? 60_000 : 500;
    test(`${transport}, ${stage}: closed means ${closed}, silent means ${silent}`, () => {
      expect(judge(at(transport, stage), network, now)).toBe(closed);
      expect(judge(at(transport, stage), silence, now)).toBe(silent);
    });
  }
}

test('calls a proven stream that was cut after a long silence an idle cut', () => {
  expect(judge({ ...at('websocket', 'old'), heardAt: 40_000 }, network, 60_000)).toBe('idle-cut');
});

/** A connection that worked was cut: at which age, after which silence; and whether the path takes that for its reason. */
const cut: Record<
  string,
  [age: number, silence: number, idle: boolean | null, websocket: string, sse: string]
> = {
  'young, while it talked': [3_000, 100, false, 'ws-killed-early', 'sse-killed-early'],
  'young, in its first silence': [5_000, 4_800, null, 'idle-cut', 'idle-cut'],
  'young, sooner than silences that it has outlived': [
    5_000,
    2_000,
    false,
    'ws-killed-early',
    'sse-killed-early',
  ],
  'after the same silence as one before': [5_000, 4_800, true, 'idle-cut', 'idle-cut'],
  'old, while it talked': [60_000, 100, false, 'lost', 'lost'],
  'old, in a silence like many before': [60_000, 4_000, null, 'lost', 'lost'],
  'old, in a long silence': [60_000, 15_000, null, 'idle-cut', 'idle-cut'],
};
test.each(Object.entries(cut))('calls a cut %s by what was seen', (_, [age, silence, idle, ...verdicts]) => {
  for (const [index, transport] of (['websocket', 'sse'] as const).entries()) {
    const one = { ...at(transport, 'proven'), heardAt: age - silence, idle };
    // What is known to be a habit of the network is acquitted by the policy.
    if (idle) expect(verdictOf({ ...one, cause: network, endedAt: age })).toBe(verdicts[index]);
    else expect(judge(one, network, age)).toBe(verdicts[index]);
  }
});

/** What is attached where its transport has just been shown to work, and of which nothing is heard. */
const nowhere: Record<TransportName, VerdictCode> = {
  // Never over a connection that was there before.
  websocket: 'ws-timeout',
  sse: 'half-open',
  'long-poll': 'half-open',
  polling: 'half-open',
};
test.each(Object.entries(nowhere) as [TransportName, VerdictCode][])(
  'calls a successor over %s that goes nowhere %s',
  (transport, verdict) => {
    expect(judge({ ...at(transport, 'started'), role: 'attach' }, silence, 6_000)).toBe(verdict);
  },
);

test('calls a busy connection half open that did not answer until its successor was there', () => {
  const asked = { ...at('sse', 'old'), usual: 100, heardAt: 50_000, asked: 52_000 };
  expect(judge(asked, { verdict: 'left' }, 55_000)).toBe('half-open');
  // It may still have answered, or another node has, or it did.
  expect(judge({ ...asked, usual: 4_000 }, { verdict: 'left' }, 55_000)).toBe('left');
  expect(judge(asked, { verdict: 'left' }, 52_100)).toBe('left');
  expect(judge({ ...asked, heardAt: 52_010 }, { verdict: 'left' }, 55_000)).toBe('left');
  expect(judge({ ...asked, asked: 0 }, { verdict: 'left' }, 55_000)).toBe('left');
});

test('calls it poll-oversize when the answer to a poll began and broke off', () => {
  const cut = { ...network, status: 200 };
  expect(judge(at('long-poll', 'proven'), cut, 500)).toBe('poll-oversize');
  // What a portal answers in its place is no answer to a poll.
  expect(judge(at('long-poll', 'open'), cut, 500)).toBe('poll-refused');
});

test('takes a route that is not there as not available', () => {
  expect(judge(at('sse', 'started'), { ...network, status: 404 }, 500)).toBe('not-available');
});

test.each<[string, string, VerdictCode]>([
  ['unauthorized', 'refresh_credentials', 'auth'],
  ['forbidden', 'stop', 'forbidden'],
  ['version', 'reload_application', 'version'],
  ['overload', 'back_off', 'overload'],
  ['drain', 'reconnect_elsewhere', 'draining'],
  ['superseded', 'resume', 'superseded'],
  ['of_the_future', 'resume', 'lost'],
  ['of_the_future', 'correct_input', 'not-available'],
])('reads the code %s with advice %s as %s', (name, advice, verdict) => {
  expect(judge(at('websocket', 'old'), { detail: name, advice, wait: 0 }, 500)).toBe(verdict);
});

test('has no verdict before the end', () => {
  expect(verdictOf(at('websocket', 'old'))).toBeUndefined();
});

test('says that the server is down when no transport had an answer', () => {
  expect(verdictOf({ ...at('websocket', 'started'), cause: network, serverDown: true })).toBe('server-down');
});

test('names a cure for exactly those verdicts that have one', () => {
  const curable = Object.keys(CURES) as VerdictCode[];
  for (const verdict of curable)
    expect(sentenceOf(cureOf(verdict))).toBe(CURES[verdict as keyof typeof CURES]);
  for (const verdict of ['draining', 'superseded', 'left', 'lost', 'resync', undefined] as const)
    expect([cureOf(verdict), sentenceOf(verdict)]).toEqual([undefined, undefined]);
});
