/** Subscriptions and member lists, as a session's sends ask for them. */
import {
  Dimension,
  encodeBody,
  isReadable,
  MAX_ENVELOPE_BYTES,
  MAX_MEMBER_BYTES,
  SYSTEM,
} from '@iskra/protocol/wire';
import type { Member, Send, Subscribed } from '@iskra/protocol/wire';
import { beginning } from './channel-kinds.js';
import type { Core, SessionInfo } from './core.js';
import { ask } from './hooks.js';
import type { Source } from './observe/event.js';
import { hasChannel, isTooBig, mayRead, refuse } from './performed.js';
import type { Performed } from './performed.js';
import type { Head } from './store.js';

/** Bytes of the members in one envelope: what is beside them is small. */
const PAGE = MAX_ENVELOPE_BYTES - 1_024;

const FULL = 'The session has as many channels as welcome allows; unsubscribe from one first.';

export async function subscribe(
  core: Core,
  session: SessionInfo,
  [, number, channel, options]: Extract<Send, ['subscribe', ...unknown[]]>,
  from: Source,
): Promise<Performed> {
  if (!hasChannel(core, channel)) return refuse('not_found', 'channel');
  if (!(await mayRead(core, session, channel, from))) {
    // An earlier subscription may have entered the list, whose outcome the client never had (P44).
    if (options.presence !== undefined) await core.store.leave(session.id, channel);
    return refuse('forbidden', 'channel');
  }
  if (channel === SYSTEM && options.presence !== undefined) {
    return refuse(
      'forbidden',
      'options.presence',
      'Nobody is listed in @system; subscribe without presence.',
    );
  }
  const kind = core.channelKinds.kindOf(channel);
  if (kind === 'latest' && options.presence !== undefined) {
    // Comings and goings are entries, and there is room for one.
    return refuse(
      'forbidden',
      'options.presence',
      'A channel that keeps the latest entry only lists nobody; subscribe without presence, and list members in another one.',
    );
  }
  const member: Member = { id: session.id, data: options.presence };
  if (session.subject !== undefined) member.subject = session.subject;
  if (options.presence !== undefined && isTooBig(JSON.stringify(member), MAX_MEMBER_BYTES)) {
    return refuse('too_big', 'options.presence', `A member has at most ${MAX_MEMBER_BYTES} bytes as JSON.`);
  }
  if (core.hooks.subscribe !== undefined && channel !== SYSTEM) {
    const heard = await ask(core, 'subscribe', { session, channel }, from.ids);
    if ('refused' in heard) {
      if (options.presence !== undefined) await core.store.leave(session.id, channel);
      return heard;
    }
  }
  if (!core.channels.take(session.id, channel, core.clock.now())) {
    return refuse('rate_limited', 'channel', FULL);
  }
  const head = await headOf(core, channel);
  const [epoch, offset] = options.since ?? beginning(kind, head, options.last);
  // The list is read after the position: who comes or goes in between is told by an entry as well.
  if (options.presence !== undefined) {
    const entered = await core.store.enter(session.id, channel, member, core.limits.channels);
    if (entered.kind === 'full') {
      core.channels.drop(session.id, channel, core.clock.now());
      return refuse('rate_limited', 'channel', FULL);
    }
  }
  const payload: Subscribed = { channel, position: [epoch, offset], ...(await page(core, channel, 0)) };
  return { outcome: encodeBody({ delta: 'subscribed', dimension: Dimension.session, payload }, number) };
}

export async function unsubscribe(
  core: Core,
  session: SessionInfo,
  [, number, channel]: Extract<Send, ['unsubscribe', ...unknown[]]>,
): Promise<Performed> {
  core.channels.drop(session.id, channel, core.clock.now());
  await core.store.leave(session.id, channel);
  const outcome = { delta: 'unsubscribed', dimension: Dimension.session, payload: { channel } };
  return { outcome: encodeBody(outcome, number) };
}

/** Answers `@members`: one page, with a position behind which comings and goings are told by entries (P48). */
export async function listMembers(
  core: Core,
  session: SessionInfo,
  number: number,
  input: unknown,
  from: Source,
): Promise<Performed> {
  const { channel, after = 0 } = (input ?? {}) as { channel?: unknown; after?: unknown };
  if (!isReadable(channel)) return refuse('invalid', 'payload.channel', 'channel must name a channel.');
  if (typeof after !== 'number' || !(after >= 0)) {
    return refuse('invalid', 'payload.after', 'after must be the number that the page before has as more.');
  }
  if (!hasChannel(core, channel)) return refuse('not_found', 'payload.channel');
  if (!(await mayRead(core, session, channel, from))) return refuse('forbidden', 'payload.channel');
  const { epoch, offset } = await headOf(core, channel);
  const payload: Subscribed = {
    channel,
    position: [epoch, offset],
    ...(await page(core, channel, after)),
  };
  return { outcome: encodeBody({ delta: 'reply', payload }, number) };
}

async function page(core: Core, channel: string, after: number): Promise<Partial<Subscribed>> {
  const { members, more } = await core.store.membersPage(channel, after, PAGE);
  return {
    ...(members.length > 0 && { members: [...members] }),
    ...(more !== undefined && { more }),
  };
}

async function headOf(core: Core, channel: string): Promise<Head> {
  const [head] = await core.store.heads([channel]);
  if (head === undefined) throw new Error('the store gave no head');
  return head;
}
