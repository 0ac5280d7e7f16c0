// A session that the server no longer knows: what was under way is unknown and never repeated, everything else goes on.
import { OutcomeUnknown } from '@iskra/client';
import { memoryStore } from '@iskra/server';
import { describe, expect, it } from 'vitest';
import { examples, plain } from './page.js';
import { errorOf, eventually, record, startWorld, told, TRANSPORTS } from './world.js';

const LOBBY = 'room:lobby';
const WINDOW = 60_000;

/** Each way to lose a session, and whether the channel's log outlives it. */
const LOSSES = {
  'its window passed': { logStays: true },
  'the server was restarted': { logStays: false },
  'the server was restarted with another secret': { logStays: false },
};
type Loss = keyof typeof LOSSES;
const KINDS = ['publish', 'request'] as const;
const cases = (Object.keys(LOSSES) as Loss[]).flatMap((how) => KINDS.map((kind) => [how, kind] as const));

describe.each(TRANSPORTS)('over %s', (transport) => {
  it.each(cases)(
    'when %s: a %s is unknown and not repeated, channels and members go on (P11, P14, P45)',
    async (how, kind) => {
      const { logStays } = LOSSES[how];
      let moved = 0;
      let servers = 0;
      let isSilent = false;
      const world = await startWorld({
        store() {
          const store = memoryStore({ window: WINDOW, now: () => performance.now() + moved });
          const commit = store.commit.bind(store);
          store.commit = async (...given) => {
            const committed = await commit(...given);
            return isSilent ? new Promise<never>(() => {}) : committed;
          };
          return store;
        },
        secret: () => (how.endsWith('secret') ? `that of server ${++servers}` : 'that of both'),
        // So the log of the channel shows both kinds, and how often each was done.
        prepare: (realtime) =>
          realtime.handle('count', (payload, { publish }) => publish(LOBBY, { delta: 'counted', payload })),
      });
      const witness = await world.open(transport);
      const { client } = witness;
      const room = client.channel(LOBBY);
      const send = {
        publish: (what: unknown) => room.publish('counted', what).settled,
        request: (what: unknown) => client.request('count', what),
      };
      const seen = record(room);
      await room.subscribe({ presence: { name: 'Ada' } });
      await world.publish(LOBBY, 1, 2);
      await eventually(() => seen).toEqual([1, 2]);
      const { session: before } = client.status;

      // One is done and committed, which nobody is told; the others never leave.
      isSilent = true;
      const ends = [errorOf(send[kind]('done'))];
      await eventually(() => seen).toEqual([1, 2, 'done']);
      expect(client.status.unsettled).toBe(1);
      world.network.cut();
      isSilent = false;
      ends.push(...KINDS.map((each) => errorOf(send[each](`kept ${each}`))));
      const other = client.channel('room:other');
      ends.push(errorOf(other.subscribe()));
      if (logStays) moved += WINDOW + 1;
      else await world.restart();
      await world.publish(LOBBY, 3, 3);
      world.network.mend();

      const errors = await Promise.all(ends);
      for (const error of errors) expect(error).toBeInstanceOf(OutcomeUnknown);
      expect(examples).toContainEqual(plain(errors[0]));
      // The cursor is kept: where the log is still there, it goes on behind it.
      const gap = expect.objectContaining({ reason: 'epoch' }) as unknown;
      const expected = [1, 2, 'done', ...(logStays ? [] : [gap]), 3];
      await eventually(() => seen).toEqual(expected);

      expect(other.position).toBeUndefined();

      // What is sent now is done, and nothing else is.
      for (const each of KINDS) await send[each](`new ${each}`);
      const fresh = KINDS.map((each) => `new ${each}`);
      await eventually(() => seen).toEqual([...expected, ...fresh]);
      expect(await world.log(LOBBY)).toEqual([...(logStays ? [1, 2, 'done', 3] : [3]), ...fresh]);

      const { session: after } = client.status;
      expect(after).not.toBe(before);
      expect(witness.sessions).toEqual([
        { session: before, lost: false },
        { session: before, lost: true },
        { session: after, lost: false },
      ]);
      expect(told(witness, 'session_lost')).toEqual([{ session: before }]);
      expect(witness.errors).toEqual([]);
      expect(examples).toContainEqual(plain(witness.sessions[1]));

      // Who was here before leaves with the lease of the old session; whoever is here now has come once.
      const member = { id: after, data: { name: 'Ada' } };
      await eventually(() => world.realtime.members(LOBBY)).toContainEqual(member);
      await eventually(() => room.members).toContainEqual(member);
      const entries = await world.realtime.history(LOBBY, 1_000);
      const entered = entries.filter(({ envelope: { delta } }) => delta === 'member_joined');
      expect(entered.map(({ envelope }) => envelope.payload).slice(logStays ? 1 : 0)).toEqual([member]);
    },
  );
});
