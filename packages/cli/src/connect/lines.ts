/** PURE. What `iskra connect` prints: each thing as a line for people and as an object for programs. */
import type { Entry, Explanation, Gap, Status } from '@iskra/client';
import { raisedBy } from '@iskra/protocol/wire';
import type { Envelope, Subscribed } from '@iskra/protocol/wire';
import type { Tone } from '../paint.js';
import { WORDS } from './words.js';

export interface Line {
  tone: Tone;
  text: string;
  /** The same for `--json`; `what` says which kind of line it is. */
  data: { what: string; [field: string]: unknown };
}

export const entryLine = ({ channel, position, envelope }: Entry): Line => ({
  tone: 'plain',
  text: `${channel} ${position[1]}  ${inert(envelope.delta)}${behind(envelope.payload)}`,
  data: { what: 'entry', channel, position, envelope },
});

export const gapLine = ({ channel, reason, was, now }: Gap): Line => ({
  tone: 'bad',
  text: `${channel}  entries ${was[1] + 1} to ${now[1]} cannot be had: ${reason}`,
  data: { what: 'gap', channel, reason, was, now },
});

export const messageLine = (envelope: Envelope): Line => ({
  tone: 'plain',
  text: `to you  ${inert(envelope.delta)}${behind(envelope.payload)}`,
  data: { what: 'message', envelope },
});

export const eventLine = (envelope: Envelope): Line => ({
  tone: 'quiet',
  text: `· ${inert(envelope.delta)}${behind(envelope.payload)} → ${inert(envelope.lambda)}`,
  data: { what: 'event', envelope },
});

/** How a send to a channel ended. */
export const endLine = (channel: string, number: number, error?: unknown): Line => {
  const sent = { what: 'end', channel, number };
  if (error === undefined) {
    return {
      tone: 'quiet',
      text: `· ${number} to ${channel} is acknowledged`,
      data: { ...sent, state: 'acknowledged' },
    };
  }
  const [code, message] = [codeOf(error), reasonOf(error)];
  const state = code === 'outcome_unknown' ? 'unknown' : 'rejected';
  return {
    tone: 'bad',
    text: `${number} to ${channel}: ${message}`,
    data: { ...sent, state, code, message },
  };
};

export const replyLine = (name: string, reply: unknown): Line => ({
  tone: 'good',
  text: `${name} → ${inert(JSON.stringify(reply) ?? 'nothing')}`,
  data: { what: 'reply', name, reply },
});

export const membersLine = ({ channel, members = [], more }: Subscribed): Line => {
  const names = members.map(({ id, data }) =>
    inert(`${id}${data === undefined ? '' : ` ${JSON.stringify(data)}`}`),
  );
  const text =
    names.length === 0
      ? `nobody entered the member list of ${channel}`
      : `${channel} has ${names.join(', ')}${more === undefined ? '' : ' and more'}`;
  return { tone: 'good', text, data: { what: 'members', channel, members } };
};

export const failedLine = (what: string, error: unknown): Line => ({
  tone: 'bad',
  text: `${what}: ${reasonOf(error)}`,
  data: { what: 'failed', of: what, code: codeOf(error), message: reasonOf(error) },
});

export function statusLine(status: Status): Line {
  const { state, transport, roundTrip, server, quality, voices } = status;
  const where = transport === undefined ? '' : ` over ${transport} of ${server}`;
  const time = roundTrip === undefined ? '' : `, ${Math.round(roundTrip)} ms`;
  const { pain, chaos, trust } = voices;
  const moods = moodsOf(status).map((mood) => `, ${mood}`);
  return {
    tone: state === 'connected' ? 'good' : 'bad',
    text: `${state}${where}${time}; ${quality}: pain ${pain}, chaos ${chaos}, trust ${trust}${moods.join('')}`,
    data: { what: 'status', ...status },
  };
}

/** What the voices say, where they say something. */
function moodsOf({ roundTrip, voices }: Status): string[] {
  // Nobody trusts what was never measured, which is no concern yet.
  return roundTrip === undefined ? [] : raisedBy(voices).map((raised) => raised.toLowerCase());
}

export function explainLine(explanation: Explanation): Line {
  const attempts = explanation.attempts.map(
    ({ id, startedAt, welcomeAt, provenAt, endedAt, verdict, cure }) => {
      const ended = endedAt === undefined ? '' : `, ended after ${Math.round(endedAt - startedAt)} ms`;
      const [how, at] =
        provenAt !== undefined
          ? ['proven', provenAt]
          : welcomeAt !== undefined
            ? ['welcomed', welcomeAt]
            : ['not welcomed', undefined];
      const came = at === undefined ? how : `${how} after ${Math.round(at - startedAt)} ms`;
      const why = verdict === undefined ? '' : `: ${verdict}${cure === undefined ? '' : ` (${cure})`}`;
      return `  ${id}  ${came}${ended}${why}`;
    },
  );
  const now = `${explanation.phase}${explanation.current === undefined ? '' : ` over ${explanation.current}`}`;
  const why = explanation.why === undefined ? '' : `, as the best is held to be ${explanation.why}`;
  return {
    tone: 'plain',
    text: [`${now}${why}`, ...attempts].join('\n'),
    data: { what: 'explanation', ...explanation },
  };
}

export const helpLine = (): Line => {
  const rows = Object.entries(WORDS).map(
    ([name, [gives, does]]) => `  ${`/${name} ${gives}`.padEnd(28)}${does}`,
  );
  return {
    tone: 'plain',
    text: [`  ${'any text'.padEnd(28)}published to the channel, as said {"text":…}`, ...rows].join('\n'),
    data: { what: 'help', words: WORDS },
  };
};

export const line = (tone: Tone, text: string, data: Line['data']): Line => ({ tone, text, data });

/** What an error says: its own code first, which the documentation explains. */
function reasonOf(error: unknown): string {
  const code = codeOf(error);
  return inert(`${code === undefined ? '' : `${code}: `}${(error as Error).message}`);
}

const codeOf = (error: unknown): string | undefined => (error as { code?: string }).code;

const behind = (payload: unknown): string =>
  payload === undefined ? '' : `  ${inert(JSON.stringify(payload))}`;

/** What comes from elsewhere cannot move the cursor of a terminal or turn its text around. */
export const inert = (text: string): string =>
  text.replace(
    /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
