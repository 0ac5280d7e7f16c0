/** What every transport must do, wherever the client runs. */
import type { TransportName } from '@iskra/client';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Place } from '../browser/places.js';
import { eventually, isConnected, newRoom, upTo, withRig } from './rig.js';
import type { Runtime } from './child.js';
import type { ServeProgram } from './rig.js';

export interface Given {
  program?: ServeProgram;
  /** What the server runs on. Default: this Node. */
  runtime?: Runtime;
  /** Whether the client keeps member lists: the core alone does not. Default true. */
  hasMembers?: boolean;
}

const TRANSPORTS: readonly TransportName[] = ['websocket', 'sse', 'long-poll', 'polling'];
const streams = (transport: TransportName): boolean => transport === 'websocket' || transport === 'sse';

const ENTRANCES: Record<TransportName, string> = {
  websocket: 'GET ws',
  sse: 'POST sse',
  'long-poll': 'POST poll',
  polling: 'POST poll',
};

/** An envelope of 65,536 bytes is the limit. */
const LARGE = 60_000;
const TOO_LARGE = 70_000;
const PEOPLES = 'Привіт 👋🏽 — 你好, مرحبا, 👩‍👩‍👧‍👦 \u2028 "\\\t';

export function transportConformance(name: string, place: Place, given: Given = {}): void {
  const { program, runtime, hasMembers = true } = given;
  describe(name, () => {
    const rig = withRig(place, program, runtime);

    describe.each(TRANSPORTS)('over %s', (transport) => {
      beforeAll(() => rig.visit());

      const open = () => rig.open({ transports: [transport] });

      it('opens with one request, whose first answer carries welcome and data (P12)', async () => {
        const room = newRoom();
        await rig.server.publishNumbers(room, 1, 3);
        const client = await rig.open({ transports: [transport], follow: { channel: room, last: 3 } });
        await eventually(() => client.numbers(room)).toEqual([1, 2, 3]);
        await isConnected(client, transport);
        expect(await client.firstTraffic()).toEqual(
          transport === 'websocket' ? { requests: 0, sockets: 1 } : { requests: 1, sockets: 0 },
        );
        expect(await rig.proxy.requests()).toContain(ENTRANCES[transport]);
        expect(await client.report()).toMatchObject({
          states: ['connecting', 'connected'],
          transports: [transport],
          gaps: [],
          errors: [],
        });
      });

      it('brings 200 messages down, in order (P20)', async () => {
        const [room, client] = [newRoom(), await open()];
        await client.subscribe(room);
        await rig.server.publishNumbers(room, 1, 200);
        await eventually(() => client.numbers(room)).toEqual(upTo(200));
      });

      it('takes 200 numbered messages up and acknowledges them in order (P30)', async () => {
        const [room, client] = [newRoom(), await open()];
        await client.publishNumbers(room, 1, 200);
        await eventually(async () => (await client.settledNumbers()).acknowledged).toEqual(upTo(200));
        expect((await rig.server.history(room)).map(({ payload }) => payload['n'])).toEqual(upTo(200));
        expect(await client.status()).toMatchObject({ unsettled: 0 });
      });

      it('answers a request, and names the field of a refused one (P34, P35)', async () => {
        const [room, client] = [newRoom(), await open()];
        expect(await client.request('echo', { deep: [1, { of: 'it' }] })).toEqual({
          ok: true,
          value: { deep: [1, { of: 'it' }] },
        });
        expect(await client.request('refuse')).toEqual({
          ok: false,
          error: 'SendError',
          code: 'forbidden',
          field: 'payload.door',
        });
        expect(await client.publish(room, 'said', { text: 5 })).toEqual({
          ok: false,
          error: 'SendError',
          code: 'invalid',
          field: 'payload.text',
        });
        // What follows a refusal goes on (P35).
        expect(await client.publish(room, 'said', { text: 'five' })).toMatchObject({ ok: true });
      });

      it('starts a subscription where it is asked to: last, since, now (P41)', async () => {
        const room = newRoom();
        await rig.server.publishNumbers(room, 1, 10);
        const { position } = (await rig.server.history(room))[3]!;
        const [last, since, now] = await Promise.all([open(), open(), open()]);
        await Promise.all([
          last.subscribe(room, { last: 3 }),
          since.subscribe(room, { since: [...position] }),
          now.subscribe(room),
        ]);
        await rig.server.publishNumbers(room, 11, 12);
        await eventually(() => last.numbers(room)).toEqual([8, 9, 10, 11, 12]);
        await eventually(() => since.numbers(room)).toEqual([5, 6, 7, 8, 9, 10, 11, 12]);
        await eventually(() => now.numbers(room)).toEqual([11, 12]);
      });

      it('enters a member once, keeps it through a cut, and lets it leave at once on close (P46, P72)', async () => {
        const [room, stayer, client] = [newRoom(), await open(), await open()];
        await stayer.subscribe(room, { presence: { name: 'stayer' } });
        await client.subscribe(room, { presence: { name: 'client' } });
        const ids = await Promise.all([stayer, client].map(async (one) => (await one.status()).session!));
        const members = async () => (await rig.server.members(room)).map(({ id }) => id);
        expect(await members()).toEqual(ids);
        await rig.proxy.cut();
        expect(await client.publish(room, 'numbered', { n: 1 })).toMatchObject({ ok: true });
        // Comings and goings are no messages.
        await eventually(() => stayer.numbers(room)).toEqual([1]);

        await client.close();
        // Far less than the lease of a member that says nothing.
        await eventually(members, 5_000).toEqual([ids[0]]);
        const comings = (await rig.server.history(room)).filter(({ payload }) => payload['id'] === ids[1]);
        expect(comings.map(({ delta }) => delta)).toEqual(['member_joined', 'member_left']);
        expect(await client.status()).toMatchObject({ state: 'closed' });
      });

      it.runIf(hasMembers)('shows who is there, through a cut, and who has gone (P45, P48)', async () => {
        const [room, watcher, client] = [newRoom(), await open(), await open()];
        await watcher.subscribe(room, { presence: { name: 'watcher' } });
        await client.subscribe(room, { presence: { name: 'client' } });
        const ids = await Promise.all([watcher, client].map(async (one) => (await one.status()).session!));
        await eventually(() => watcher.members(room)).toEqual(ids);
        expect(await client.members(room)).toEqual(ids);
        await rig.proxy.cut();
        // It is back before it leaves.
        await client.publish(room, 'numbered', { n: 1 });
        await client.close();
        await eventually(() => watcher.members(room), 5_000).toEqual([ids[0]]);
      });

      it('carries messages near the limit both ways (P3)', async () => {
        const [room, client] = [newRoom(), await open()];
        await client.subscribe(room);
        const [up, down] = ['u'.repeat(LARGE), 'd'.repeat(LARGE)];
        expect(await client.publish(room, 'said', { text: up })).toMatchObject({ ok: true });
        await rig.server.say(room, down);
        await eventually(async () => (await client.entries(room)).length).toBe(2);
        const texts = (await client.entries(room)).map(({ payload }) => (payload as { text: string }).text);
        expect(texts[0] === up && texts[1] === down).toBe(true);
      });

      it('refuses a message over the limit on this end, and goes on', async () => {
        const [room, client] = [newRoom(), await open()];
        await client.subscribe(room);
        expect(await client.publish(room, 'said', { text: 'x'.repeat(TOO_LARGE) })).toEqual({
          ok: false,
          error: 'SendError',
          code: 'too_big',
        });
        expect(await client.publish(room, 'said', { text: 'short' })).toMatchObject({ ok: true });
        expect(await client.report()).toMatchObject({ states: ['connecting', 'connected'], errors: [] });
        expect(await rig.server.history(room)).toHaveLength(1);
      });

      it('leaves every character as it is', async () => {
        const [room, client] = [newRoom(), await open()];
        await client.subscribe(room);
        await client.publish(room, 'said', { text: PEOPLES });
        await rig.server.say(room, PEOPLES);
        await eventually(async () => (await client.entries(room)).map(({ payload }) => payload)).toEqual([
          { text: PEOPLES },
          { text: PEOPLES },
        ]);
        expect(await client.request('echo', PEOPLES)).toEqual({ ok: true, value: PEOPLES });
      });

      it('catches up on 1,000 entries after being away (P25)', async () => {
        const [room, client] = [newRoom(), await open()];
        await client.subscribe(room);
        await rig.server.publishNumbers(room, 1, 5);
        await eventually(() => client.numbers(room)).toEqual(upTo(5));
        await rig.proxy.block('down');
        await rig.server.publishNumbers(room, 6, 1_005);
        await rig.proxy.unblock('down');
        await eventually(async () => (await client.numbers(room)).length).toBe(1_005);
        expect(await client.numbers(room)).toEqual(upTo(1_005));
        expect(await client.report()).toMatchObject({ gaps: [], sessions: [{ lost: false }] });
      });

      it('loses and doubles nothing when it is cut, in either direction (P21, P31, P38)', async () => {
        const [up, down, client] = [newRoom(), newRoom(), await open()];
        await client.subscribe(down);
        const sending = client.publishNumbers(up, 1, 150, 4);
        const publishing = rig.server.publishNumbers(down, 1, 150, 4);
        for (const so of [20, 60, 100]) {
          await eventually(async () => (await client.numbers(down)).length).toBeGreaterThanOrEqual(so);
          await rig.proxy.cut();
        }
        await Promise.all([sending, publishing]);
        await eventually(async () => (await client.settledNumbers()).acknowledged.length).toBe(150);
        await eventually(async () => (await client.numbers(down)).length).toBe(150);
        expect(await client.numbers(down)).toEqual(upTo(150));
        expect((await rig.server.history(up)).map(({ payload }) => payload['n'])).toEqual(upTo(150));
        expect(await client.settledNumbers()).toEqual({ acknowledged: upTo(150), others: [] });
        expect(await client.report()).toMatchObject({
          states: ['connecting', 'connected'],
          gaps: [],
          errors: [],
          sessions: [{ lost: false }],
        });
      });

      it('opens a new session after a restart of the server, and says what it cannot know (P14, P28)', async () => {
        const [room, client, next] = [newRoom(), await open(), await rig.another()];
        await client.subscribe(room);
        await rig.server.publishNumbers(room, 1, 3);
        await eventually(() => client.numbers(room)).toEqual([1, 2, 3]);

        await rig.proxy.block('down');
        const unsettled = client.publish(room, 'numbered', { n: 99 });
        await rig.replaceBy(next);
        await rig.proxy.unblock('down');

        expect(await unsettled).toMatchObject({ ok: false, error: 'OutcomeUnknown' });
        await eventually(async () => (await client.report()).gaps).toMatchObject([
          { channel: room, reason: 'epoch' },
        ]);
        await rig.server.publishNumbers(room, 4, 5);
        await eventually(() => client.numbers(room)).toEqual([1, 2, 3, 4, 5]);
        const { sessions, system } = await client.report();
        expect(sessions.map(({ lost }) => lost)).toEqual([false, true, false]);
        expect(sessions[2]!.session).not.toBe(sessions[0]!.session);
        expect(system).toContain('session_lost');
        expect(await client.status()).toMatchObject({ state: 'connected', transport });
      });

      it('stays on one connection while nothing is said (P50, P54)', async () => {
        if (streams(transport)) {
          // Whatever is quiet for 1.7 s is cut; heartbeats come each second.
          await rig.replaceBy(await rig.another({ times: { heartbeat: 1_000 } }));
          await rig.proxy.cutIdle(1_700);
        }
        const client = await open();
        await isConnected(client, transport);
        const before = await client.report();
        if (streams(transport)) {
          await eventually(async () => (await client.report()).statuses).toBeGreaterThan(before.statuses + 3);
        }
        for (let i = 0; i < 3; i++) expect(await client.ping()).toMatchObject({ ok: true });
        const { attempts } = await client.explain();
        expect(attempts).toHaveLength(1);
        expect(attempts[0]!.endedAt).toBeUndefined();
        expect((await client.report()).states).toEqual(['connecting', 'connected']);
      });
    });
  });
}
