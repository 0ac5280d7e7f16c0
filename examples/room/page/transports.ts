/** The four transports in people's words, and what a verdict means. */
import type { Attempt, Explanation, TransportName, VerdictCode } from '@iskra/client';

export const ORDER = ['websocket', 'sse', 'long-poll', 'polling'] as const satisfies TransportName[];

export const NAMES: Record<TransportName, { name: string; short: string; how: string }> = {
  websocket: { name: 'WebSocket', short: 'WebSocket', how: 'one socket, both ways' },
  sse: { name: 'Server-sent events', short: 'SSE', how: 'a stream down, requests up' },
  'long-poll': { name: 'Long-poll', short: 'Long-poll', how: 'a question that is held' },
  polling: { name: 'Polling', short: 'Polling', how: 'a question every moment' },
};

const MEANING: Partial<Record<VerdictCode, string>> = {
  'ws-refused': 'refused on the way',
  'ws-timeout': 'the handshake got no answer',
  'ws-silent': 'opened, but nothing came through',
  'ws-killed-early': 'cut soon after it opened',
  'sse-refused': 'refused on the way',
  'sse-buffered': 'held back until it is too late',
  'sse-one-behind': 'always one message behind',
  'sse-killed-early': 'cut soon after it opened',
  'poll-refused': 'refused on the way',
  'poll-cut': 'cut while it was held',
  'poll-oversize': 'larger answers are broken off',
  'idle-cut': 'cut when it was idle',
  auth: 'the server does not know you',
  forbidden: 'the server does not want you',
  version: 'this page is too old or too new',
  overload: 'the server has no room',
  'server-down': 'nobody is there',
  'not-available': 'not offered here',
  draining: 'its server is closing',
  superseded: 'a newer connection took over',
  left: 'works; another one took over',
  lost: 'worked, then broke',
  resync: 'was read again from the start',
};

export type Mood = 'live' | 'trying' | 'blamed' | 'works' | 'idle';

export interface Judgement {
  mood: Mood;
  /** One line for people. */
  text: string;
  /** The verdict's code, where there is one. */
  code?: VerdictCode;
  cure?: string;
}

/** What can be said about one transport now. */
export function judge(transport: TransportName, explanation: Explanation, now: number): Judgement {
  const { attempts, transports, current, phase } = explanation;
  const own = attempts.filter((one) => one.transport === transport);
  const last = own.at(-1);
  const carries = own
    .filter((one) => one.role !== 'probe' && one.welcomeAt !== undefined && one.endedAt === undefined)
    .at(-1);
  if (current === transport && carries !== undefined && phase !== 'racing' && phase !== 'waiting') {
    return { mood: 'live', text: opened(carries) };
  }
  if (last !== undefined && last.endedAt === undefined) {
    return { mood: 'trying', text: last.role === 'probe' ? 'being looked at again…' : 'being tried…' };
  }
  const standing = transports.find((one) => one.transport === transport);
  if (standing?.verdict !== undefined) {
    const { verdict, strikes = 1, until = now, cure } = standing;
    const seen = strikes > 1 ? `, ${strikes}×` : '';
    const left = Math.max(0, Math.ceil((until - now) / 1000));
    const text = `${MEANING[verdict] ?? verdict}${seen}${left > 0 ? ` · doubted ${left} s` : ''}`;
    return { mood: 'blamed', text, code: verdict, ...(cure !== undefined && { cure }) };
  }
  if (last === undefined) return { mood: 'idle', text: 'not needed so far' };
  const code = last.verdict ?? 'left';
  return {
    mood: code === 'left' || code === 'superseded' ? 'works' : 'blamed',
    text: MEANING[code] ?? code,
    code,
    ...(last.cure !== undefined && { cure: last.cure }),
  };
}

function opened({ startedAt, provenAt, welcomeAt }: Attempt): string {
  if (provenAt === undefined) return `welcomed after ${Math.round(welcomeAt! - startedAt)} ms`;
  return `proven after ${Math.round(provenAt - startedAt)} ms`;
}
