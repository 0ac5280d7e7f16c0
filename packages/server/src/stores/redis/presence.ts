/**
 * Members. What a session holds is in the session's slot, who is in a channel is in the channel's, and a channel
 * that has members is in an index in a third: three slots, so several steps. They are in an order in which a node
 * may die behind any of them: the index knows the channel before the channel knows the member, a lease counts as
 * unsettled until its channel has it (the next contact does that again), and whoever left is taken off by the
 * sweep of any node, as the channel asks the session when its time seems over.
 */
import type { Member } from '@iskra/protocol/wire';
import { memberBody } from '../../members.js';
import { ToldError } from '../../observe/failure.js';
import type { Entered, MemberPage } from '../../store.js';
import type { Asking } from './asking.js';
import { PRESENCE_SHARDS } from './keys.js';
import * as list from './scripts/presence.js';
import * as sessions from './scripts/session.js';

/** Channels of a shard that one sweep takes on at a time, and members of a channel. */
const AT_ONCE = 100;

/** How a member's leaving is told, around the member itself: whoever sweeps has its text only in Redis. */
const [LEFT_BEFORE = '', LEFT_BEHIND = ''] = memberBody('member_left', { id: '*' }).split(
  JSON.stringify({ id: '*' }),
);

export class Presence {
  readonly #store: Asking;

  constructor(store: Asking) {
    this.#store = store;
  }

  async enter(session: string, channel: string, member: Member, most: number): Promise<Entered> {
    const text = JSON.stringify(member);
    await this.#announce(channel);
    const answer = (await this.#store.askSession(sessions.lease, session, [channel, text, most])) as string[];
    const [kind, version = '', until = ''] = answer;
    if (kind === 'unknown' || kind === 'full') return { kind };
    const joined = await this.#join(session, channel, text, version, until);
    if (joined !== 'joined' && joined !== 'renewed') {
      throw new ToldError(
        'Entering the member list took too long, or the session left it meanwhile; nothing was changed.',
      );
    }
    this.#confirm(session, [channel, version]);
    return { kind: joined };
  }

  async leave(session: string, channel: string): Promise<void> {
    const version = (await this.#store.askSession(sessions.unlease, session, [channel])) as string;
    await this.#part(channel, [session, version]);
  }

  /** Leases that a contact found lapsed or unsettled: channel, version and member of each. */
  async comeBack(session: string, leases: readonly string[], until: string): Promise<void> {
    if (leases.length === 0) return;
    // Told again first: a channel without members may have been forgotten by the index.
    const each = triples(leases);
    await Promise.all(each.map(([channel]) => this.#announce(channel)));
    const answers = await Promise.all(
      each.map(([channel, version, member]) => this.#join(session, channel, member, version, until)),
    );
    const settled = each.filter((_, at) => answers[at] === 'joined' || answers[at] === 'renewed');
    this.#confirm(
      session,
      settled.flatMap(([channel, version]) => [channel, version]),
    );
  }

  /** Leases that lapsed: channel and version of each. */
  async lapsed(session: string, leases: readonly string[]): Promise<void> {
    const parts: Promise<void>[] = [];
    for (let at = 0; at < leases.length; at += 2)
      parts.push(this.#part(leases[at] ?? '', [session, leases[at + 1] ?? '']));
    await Promise.all(parts);
  }

  async page(channel: string, place: number, bytes: number): Promise<MemberPage> {
    const { places, members } = this.#store.keys.members(channel);
    const [found, more] = (await this.#store.run(list.page, [places, members], [place, bytes])) as [
      string[],
      string,
    ];
    return {
      members: found.map((text) => JSON.parse(text) as Member),
      ...(more !== '' && { more: Number(more) }),
    };
  }

  /** Ends the leases whose time is over, those that no other node looks at now. */
  async sweep(): Promise<void> {
    await Promise.all(Array.from({ length: PRESENCE_SHARDS }, (_, shard) => this.#sweepShard(shard)));
  }

  async #sweepShard(shard: number): Promise<void> {
    const { keys, age } = this.#store;
    const index = keys.presence(shard);
    for (;;) {
      const [channels, taken] = (await this.#store.ask(list.takeOn, [index], [AT_ONCE])) as [
        string[],
        string,
      ];
      if (channels.length === 0) return;
      const next = await this.#look(channels);
      await this.#store.ask(list.handBack, [index], [taken, age, ...next]);
      if (channels.length < AT_ONCE) return;
    }
  }

  /** Asks the sessions of those whose time seems over. Channel and next time of each; of those with more to do, none. */
  async #look(channels: readonly string[]): Promise<(string | number)[]> {
    const { keys, presenceWindow } = this.#store;
    const overdue = await Promise.all(
      channels.map(
        async (channel) =>
          (await this.#store.ask(list.overdue, [keys.members(channel).due], [AT_ONCE])) as string[],
      ),
    );
    const bySession = new Map<string, string[]>();
    channels.forEach((channel, at) => {
      for (const session of overdue[at] ?? []) {
        const known = bySession.get(session);
        if (known === undefined) bySession.set(session, [channel]);
        else known.push(channel);
      }
    });
    const parting = new Map<string, string[]>();
    const staying = new Map<string, string[]>();
    await Promise.all(
      [...bySession].map(async ([session, where]) => {
        const answer = (await this.#store.askSession(sessions.look, session, [
          presenceWindow,
          ...where,
        ])) as string[];
        where.forEach((channel, at) => {
          const [version = '', again = ''] = answer.slice(2 * at);
          const list = version === '' ? staying : parting;
          list.set(channel, [...(list.get(channel) ?? []), session, version === '' ? again : version]);
        });
      }),
    );
    const next = await Promise.all(
      channels.map(async (channel, at) => {
        const leaving = parting.get(channel);
        if (leaving !== undefined) await this.#part(channel, leaving);
        const due = await this.#store.ask(list.postpone, this.#listKeys(channel), [
          this.#store.keepOf(channel)[2] ?? 0,
          ...(staying.get(channel) ?? []),
        ]);
        // A long list goes on with the next sweep.
        return (overdue[at]?.length ?? 0) < AT_ONCE ? [channel, due as string] : [channel, 1];
      }),
    );
    return next.flat();
  }

  /** The sweeps know of a channel before it has a member. */
  async #announce(channel: string): Promise<void> {
    const { keys, age } = this.#store;
    await this.#store.run(list.index, [keys.presenceOf(channel)], [channel, age]);
  }

  #join(session: string, channel: string, member: string, version: string, until: string): Promise<unknown> {
    const { keys, presenceWindow } = this.#store;
    const told = memberBody('member_joined', JSON.parse(member) as Member);
    return this.#store.ask(list.join, this.#listKeys(channel), [
      ...[keys.log(channel).hints, ...this.#store.keepOf(channel)],
      ...[session, version, until, member, told, presenceWindow],
    ]);
  }

  async #part(channel: string, leaving: readonly string[]): Promise<void> {
    const { keys } = this.#store;
    await this.#store.ask(list.part, this.#listKeys(channel), [
      ...[keys.log(channel).hints, ...this.#store.keepOf(channel)],
      ...[LEFT_BEFORE, LEFT_BEHIND, ...leaving],
    ]);
  }

  /** When it does not come there, the next contact tells the channel once more, which it ignores. */
  #confirm(session: string, leases: readonly string[]): void {
    if (leases.length > 0) this.#store.askSession(sessions.confirm, session, leases).catch(() => {});
  }

  #listKeys(channel: string): string[] {
    const { meta, entries } = this.#store.keys.log(channel);
    const { places, members, due, gone } = this.#store.keys.members(channel);
    return [meta, entries, places, members, due, gone];
  }
}

function triples(flat: readonly string[]): [string, string, string][] {
  const found: [string, string, string][] = [];
  for (let at = 0; at + 2 < flat.length; at += 3)
    found.push([flat[at] ?? '', flat[at + 1] ?? '', flat[at + 2] ?? '']);
  return found;
}
