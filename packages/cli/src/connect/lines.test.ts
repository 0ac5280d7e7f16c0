import type { Status } from '@iskra/client';
import type { Subscribed } from '@iskra/protocol/wire';
import { describe, expect, test } from 'vitest';
import { endLine, entryLine, explainLine, failedLine, helpLine, membersLine, statusLine } from './lines.js';

const envelope = (delta: string, payload?: unknown) => ({
  ...{ delta, dimension: 1, omega: 1, lambda: 'continue', payload },
});

describe('a line', () => {
  test('has an entry with its place, and as it came for programs', () => {
    const entry = {
      channel: 'a',
      position: ['e', 7] as const,
      envelope: envelope('said', { text: 'Привіт' }),
    };
    expect(entryLine(entry)).toEqual({
      tone: 'plain',
      text: 'a 7  said  {"text":"Привіт"}',
      data: { what: 'entry', ...entry },
    });
  });

  test('cannot be made to move a cursor or to turn a text around', () => {
    const nasty = 'a\u001b[2J\u009b2J\u202eb\r\n';
    const entry = { channel: 'a', position: ['e', 1] as const, envelope: envelope(nasty, nasty) };
    for (const text of [entryLine(entry).text, failedLine('x', new Error(nasty)).text])
      expect(text).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
  });

  test('says of a send how it ended: acknowledged, rejected with its code, or unknown', () => {
    expect(endLine('a', 3).text).toBe('· 3 to a is acknowledged');
    const refused = Object.assign(new Error('Not for you.'), { code: 'forbidden' });
    expect(endLine('a', 3, refused)).toMatchObject({
      text: '3 to a: forbidden: Not for you.',
      data: { state: 'rejected', code: 'forbidden' },
    });
    const lost = Object.assign(new Error('Who knows.'), { code: 'outcome_unknown' });
    expect(endLine('a', 3, lost).data).toMatchObject({ state: 'unknown' });
  });

  test('says who is there, and when nobody is', () => {
    const page: Subscribed = { channel: 'a', position: ['e', 0] };
    expect(membersLine(page).text).toBe('nobody entered the member list of a');
    const members = [{ id: 'x', data: { name: 'Ada' } }, { id: 'y' }];
    expect(membersLine({ ...page, members, more: 3 }).text).toBe('a has x {"name":"Ada"}, y and more');
  });
});

describe('the status', () => {
  const status = (changes: Partial<Status>): Status => ({
    state: 'connected',
    transport: 'sse',
    roundTrip: 41.6,
    session: 's',
    unsettled: 0,
    quality: 'good',
    voices: { pain: 0, chaos: 0, trust: 0.5 },
    server: 'http://a/realtime',
    degraded: false,
    ...changes,
  });

  test('says the transport, the round trip and the voices', () => {
    expect(statusLine(status({})).text).toBe(
      'connected over sse of http://a/realtime, 42 ms; good: pain 0, chaos 0, trust 0.5',
    );
  });

  test.each([
    [{ pain: 0.71, chaos: 0, trust: 0.5 }, ', alarm'],
    [{ pain: 0, chaos: 0.51, trust: 0.29 }, ', concern, curiosity'],
    [{ pain: 0.7, chaos: 0.5, trust: 0.71 }, ', celebration'],
  ])('names the voices that are loud: %j', (voices, moods) => {
    expect(statusLine(status({ voices })).text).toMatch(new RegExp(`\\d${moods}$`));
  });

  test('is not concerned before anything was measured', () => {
    const text = statusLine(status({ roundTrip: undefined, voices: { pain: 0, chaos: 0, trust: 0 } })).text;
    expect(text).toMatch(/trust 0$/);
  });
});

test('the explanation has a line for each attempt', () => {
  const attempt = { attempt: 1, server: 'a', role: 'race' as const, detail: '', omega: 0.5 };
  const { text } = explainLine({
    attempts: [
      {
        ...{ ...attempt, id: 'websocket-1', transport: 'websocket', startedAt: 100, openedAt: undefined },
        ...{
          welcomeAt: undefined,
          provenAt: undefined,
          endedAt: 350,
          verdict: 'ws-silent',
          cure: 'cures#ws-silent',
        },
      },
      {
        ...{ ...attempt, id: 'sse-2', transport: 'sse', startedAt: 200, openedAt: 210 },
        ...{ welcomeAt: 212, provenAt: 352, endedAt: undefined, verdict: undefined, cure: undefined },
      },
    ],
    ...{ transports: [], servers: [], phase: 'steady', current: 'sse', breaker: 'closed', path: {} },
    why: 'ws-silent',
  });
  expect(text.split('\n')).toEqual([
    'steady over sse, as the best is held to be ws-silent',
    '  websocket-1  not welcomed, ended after 250 ms: ws-silent (cures#ws-silent)',
    '  sse-2  proven after 152 ms',
  ]);
});

test('the help shows every word', () => {
  expect(helpLine().text).toMatch(/\/subscribe CHANNEL \[LAST\] +listen there/);
});
