/** What happens where something is full: a log, an inbox, a socket, a node that takes so many and no more. */
import assert from 'node:assert/strict';
import { encodeBody } from '@iskra/protocol/wire';
import type { Contract } from '@iskra/protocol/wire';
import { schedule } from '../schedule.js';
import type { Schedule } from '../schedule.js';
import { BACKLOG } from '../wire.js';
import {
  comeBack,
  disconnects,
  enters,
  gaps,
  goAway,
  hasRead,
  ids,
  isOn,
  log,
  nothingBroken,
  say,
  sayAtLength,
  story,
} from './evidence.js';

/** A contract whose room takes a `said` without a filling. */
const STRICT: Contract = {
  channels: {
    room: {
      said: {
        '~standard': {
          version: 1,
          vendor: 'sim',
          validate: (value) =>
            (value as { fill: string }).fill === ''
              ? { value }
              : { issues: [{ message: 'must be empty', path: ['fill'] }] },
        },
      },
    },
  },
};

export const limits: readonly Schedule[] = [
  schedule(
    'R31',
    'entries are trimmed between two reads of a reader that is far behind',
    { store: 'shared', nodes: 1, retention: 200 },
    async (stage) => {
      const page = stage.page('anna', { transports: ['websocket'] });
      await enters(stage, page, 'room');
      await say(stage, 'room', 'e1');
      await hasRead(stage, page, 'room', 'e1');
      goAway(page);
      await say(stage, 'room', ...ids(2, 201));
      const first = stage.store.hold({ what: 'read' });
      comeBack(page);
      assert(await stage.until(() => first.waiting === 2), 'it reads the inbox and the room');
      first.open();
      const second = stage.store.hold({ what: 'read' });
      const goesOn = () => second.waiting > 0 && story(page, 'room').length > 1;
      assert(await stage.until(goesOn), 'and goes on reading');
      const read = story(page, 'room').length;
      assert(read > 1 && read < 201, `when it has a part (${read}) of it`);
      await say(stage, 'room', ...ids(202, 400));
      second.open();
      await hasRead(stage, page, 'room', 'e400');

      assert.deepEqual(story(page, 'room'), [...ids(1, read), 'gap trimmed', ...ids(201, 400)]);
      assert.deepEqual(gaps(page, 'room'), [`trimmed ${read} to 200`], 'once, and where it is');
      nothingBroken(stage);
    },
  ),

  schedule(
    'R40',
    'a reader is slow until its socket is full, and then fast again',
    { store: 'shared', nodes: 1, retention: 400 },
    async (stage) => {
      const page = stage.page('anna', { transports: ['websocket'] });
      await enters(stage, page, 'room');
      const down = () => page.way.newest('websocket')!.down.bytes;
      const while_ = async (from: number, to: number): Promise<void> => {
        page.way.setStalled(true);
        for (const id of ids(from, to)) {
          await sayAtLength(stage, 'room', id, 1_000);
          await stage.run(5);
          assert(down() < BACKLOG + 2_000, `${down()} bytes wait for it when ${id} is said`);
        }
        page.way.setStalled(false);
        await hasRead(stage, page, 'room', `e${to}`);
      };
      await while_(1, 300);
      assert.deepEqual(story(page, 'room'), ids(1, 300), 'all of it comes, in order');
      await while_(301, 1_300);
      const [, was] = /^trimmed (\d+) to 900$/.exec(gaps(page, 'room').join()) ?? [];
      assert(was !== undefined, `one gap: ${gaps(page, 'room').join()}`);
      assert.deepEqual(
        story(page, 'room'),
        [...ids(1, Number(was)), 'gap trimmed', ...ids(901, 1_300)],
        'or one gap, and what the log has kept',
      );
      assert.equal(disconnects(page), 0);
      nothingBroken(stage);
    },
  ),

  schedule(
    'R41',
    'an inbox overflows while its page is away',
    { store: 'shared', nodes: 2, inbox: 8 },
    async (stage) => {
      const page = stage.page('anna');
      const told: string[] = [];
      page.client.on('message', ({ payload }) => void told.push((payload as { id: string }).id));
      page.client.on('system', ({ delta, payload }) => {
        if (delta === 'gap') told.push(`gap ${(payload as { reason: string }).reason}`);
      });
      await isOn(stage, page);
      const request = page.request('echo', 2_000);
      const { session } = page.client.status;
      await stage.run(500);
      goAway(page);
      await stage.run(3_000);
      for (const id of ids(1, 10))
        await stage.store.ask('post', session!, encodeBody({ delta: 'note', payload: { id } }));
      comeBack(page);
      assert(await stage.until(() => told.includes('e10')));

      assert.deepEqual(told, ['gap inbox_overflow', ...ids(3, 10)], 'the gap comes before what is left');
      assert.equal(request.end, 'unknown', 'the reply is lost, and nobody pretends to know it');
      assert.equal(stage.truth.runs.length, 1, 'though its handler ran once');
      const later = page.request('echo', 0);
      assert(await stage.until(() => later.end !== undefined));
      assert.deepEqual(later.reply, { id: later.id }, 'later replies come');
      assert.equal(disconnects(page), 0);
      nothingBroken(stage);
    },
  ),

  schedule(
    'R46',
    'of three messages that are sent together the second does not fit the contract',
    { store: 'shared', nodes: 2, core: { contract: STRICT } },
    async (stage) => {
      for (const transport of ['websocket', 'sse', 'long-poll'] as const) {
        const page = stage.page(transport, { transports: [transport] });
        await enters(stage, page, 'room', transport);
        const before = log(stage, 'room');
        const sent = [page.publish('room'), page.publish('room', 5), page.publish('room')];
        assert(await stage.until(() => sent.every(({ end }) => end !== undefined)));
        assert.deepEqual(
          sent.map(({ end }) => end),
          ['acknowledged', 'rejected', 'acknowledged'],
          `over ${transport} the one is refused and the others are not`,
        );
        const applied = [sent[0]!.id, sent[2]!.id];
        assert.deepEqual(log(stage, 'room'), [...before, ...applied], 'in the order in which they were sent');
        await hasRead(stage, page, 'room', applied[1]!);
        assert.deepEqual(story(page, 'room'), applied);
      }
      nothingBroken(stage);
    },
  ),

  schedule(
    'R47',
    'a node with forty clients dies; then the store forgets all their sessions',
    { store: 'shared', nodes: 2, core: { limits: { openRate: { perSecond: 5, burst: 10 } } } },
    async (stage) => {
      const pages = Array.from({ length: 40 }, (_, index) => stage.page(`page-${index}`));
      const resumed: number[] = [];
      for (const page of pages) {
        page.way.to = stage.nodes[0];
        page.subscribe('room');
        page.client.on('system', ({ delta }) => {
          if (delta === 'session_resumed') resumed.push(stage.world.now);
        });
      }
      const areIn = () => pages.every(({ client }) => client.channel('room').position !== undefined);
      assert(await stage.until(areIn, 120_000), 'all are subscribed in the end');
      const wereRefused = () =>
        pages.filter(({ client }) =>
          client.explain().attempts.some(({ detail }) => detail === 'rate_limited'),
        );
      await stage.run(5_000);
      assert(wereRefused().length > 10, 'so many cannot open at once');

      const died = stage.world.now;
      stage.kill(stage.nodes[0]!);
      await say(stage, 'room', 'e1');
      for (const page of pages) await hasRead(stage, page, 'room', 'e1', 5_000);
      assert.equal(resumed.length, 40);
      const most = Math.max(
        ...resumed.map((at) => resumed.filter((other) => other >= at && other < at + 100).length),
      );
      assert(most < 20, `they come back spread out: ${most} in one tenth of a second`);
      assert(Math.max(...resumed) - died < 5_000, 'before anybody is shown a disconnect');
      for (const page of pages) assert.equal(disconnects(page), 0, page.name);

      const sessions = new Set(pages.map(({ client }) => client.status.session));
      stage.store.restartEmpty();
      const areBack = () =>
        pages.every(
          ({ client }) => client.status.state === 'connected' && !sessions.has(client.status.session),
        );
      assert(await stage.until(areBack, 120_000), 'all have a new session within the window');
      await say(stage, 'room', 'e2');
      for (const page of pages) await hasRead(stage, page, 'room', 'e2');
      for (const page of pages) assert.deepEqual(story(page, 'room'), ['e1', 'gap epoch', 'e2'], page.name);
      nothingBroken(stage);
    },
  ),
];
