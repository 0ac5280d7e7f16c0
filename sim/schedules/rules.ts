/** Rules of PROTOCOL.md whose breach nothing else in the simulation would notice, each by its number. */
import assert from 'node:assert/strict';
import type { ClientFrame, Continue, ServerFrame, Welcome } from '@iskra/protocol/wire';
import type { SimNode } from '../node.js';
import type { Page } from '../page.js';
import { schedule } from '../schedule.js';
import type { Schedule } from '../schedule.js';
import type { Stage } from '../stage.js';
import { TRANSPORTS } from '../words.js';
import { comeBack, disconnects, enters, goAway, hasRead, ids, isOn, say, story } from './evidence.js';

const NONCE = 'n'.repeat(22);
const ANNA = { user: 'anna', expiresIn: null };
const MINUTE = 60_000;
const FEW = { core: { limits: { sends: 4 } } };
const SHARED = { store: 'shared', nodes: 1 } as const;
const BRIEF = { ...SHARED, retention: 4 };
const PAIR = { nodes: 2, store: 'shared' } as const;

export const rules: readonly Schedule[] = [
  schedule(
    'P13',
    'a connection that was left, unheard by its node, is closed within 5 s',
    {},
    async (stage) => {
      const page = stage.page('anna');
      await isOn(stage, page, 'websocket');
      cut(page, 0, Infinity);
      await isOn(stage, page, 'websocket');
      await stage.run(5_500);
      assert.equal(connectionsOf(stage), 1);
    },
  ),

  schedule('P13 poll', 'a poll of an older generation is refused at once', {}, async (stage) => {
    const [node] = stage.nodes;
    const older = await opened(stage, node!, ['hello', { version: 1, nonce: NONCE, auth: ANNA }]);
    await opened(stage, node!, ['hello', { version: 1, nonce: NONCE, auth: ANNA }]);
    const answer = await post(stage, node!, 'poll', ['continue', { ...older, wait: 20_000 }]);
    assert.deepEqual(codesOf(answer), ['superseded']);
  }),

  schedule(
    'P15',
    'another person cannot resume a session with its key, nor refresh it',
    {},
    async (stage) => {
      const [node] = stage.nodes;
      const { key, nonce, generation } = await opened(stage, node!, [
        'hello',
        { version: 1, nonce: NONCE, auth: ANNA },
      ]);
      const auth = { user: 'bo', expiresIn: null };
      const resumed = await post(stage, node!, 'poll', ['hello', { version: 1, nonce, key, auth }]);
      assert.deepEqual(codesOf(resumed), ['forbidden']);
      const refreshed = await post(
        stage,
        node!,
        'send',
        ['continue', { nonce, key, generation }],
        ['auth', auth],
      );
      assert.deepEqual(codesOf(refreshed), ['forbidden']);
    },
  ),

  schedule('P17', 'another version is refused', {}, async (stage) => {
    const hello: ClientFrame = ['hello', { version: 2, nonce: NONCE, auth: ANNA }];
    assert.deepEqual(codesOf(await post(stage, stage.nodes[0]!, 'poll', hello)), ['version']);
  }),

  schedule('P22', 'an entry that nobody can read is read again before the next one', {}, async (stage) => {
    const pages = (['websocket', 'sse', 'long-poll'] as const).map((transport) =>
      stage.page(transport, { transports: [transport] }),
    );
    for (const page of pages) await enters(stage, page, 'room');
    for (const { way } of pages) way.garble = 1;
    await say(stage, 'room', 'e1');
    await stage.run(100);
    for (const { way } of pages) way.garble = 0;
    await say(stage, 'room', 'e2');
    for (const page of pages) {
      await hasRead(stage, page, 'room', 'e2', 5_000);
      assert.deepEqual(story(page, 'room'), ['e1', 'e2']);
    }
  }),

  schedule('P24', 'a fork is no way past entries that were not read', SHARED, async (stage) => {
    const page = stage.page('anna');
    await enters(stage, page, 'room');
    page.way.garble = 1;
    await say(stage, 'room', 'e1', 'e2');
    await stage.run(100);
    page.way.garble = 0;
    await stage.store.failOver(0);
    await say(stage, 'room', 'e3');
    await hasRead(stage, page, 'room', 'e3');
    assert.deepEqual(story(page, 'room'), ['e1', 'e2', 'e3']);
  }),

  schedule(
    'P37',
    'a page that comes back sends no more at once than the server takes',
    FEW,
    async (stage) => {
      const page = stage.page('anna');
      await isOn(stage, page, 'websocket');
      page.way.setStalled(true);
      const sent = Array.from({ length: 50 }, () => page.publish('room'));
      await stage.run(1_000);
      page.way.setStalled(false);
      assert(await stage.until(() => sent.every(({ end }) => end === 'acknowledged'), 10_000));
      assert.equal(page.client.explain().attempts.length, 1, 'nothing had to be opened again');
    },
  ),

  schedule('P44', 'a permission that ended is told with the next attach', {}, async (stage) => {
    const page = stage.page('anna');
    await enters(stage, page, 'room');
    stage.deny('anna', 'room', MINUTE);
    cut(page);
    assert(await stage.until(() => story(page, 'room').includes('gap denied'), 5_000));
    await say(stage, 'room', 'secret');
    await stage.run(6_000);
    assert.deepEqual(story(page, 'room'), ['gap denied']);
  }),

  schedule('P45', 'nobody but the server says who comes and goes', {}, async (stage) => {
    const page = stage.page('anna');
    for (const delta of ['member_joined', 'member_left']) {
      const { settled } = page.client.channel('room').publish(delta, { id: 'somebody' });
      await refused(stage, settled, 'forbidden');
    }
    assert.equal(stage.truth.appended.get('room'), undefined);
  }),

  schedule('P46', 'a member stays through a pause of 10 s, and leaves with its lease', {}, async (stage) => {
    const [anna, bo] = [stage.page('anna'), stage.page('bo')];
    await meet(stage, anna, bo);
    anna.way.setStalled(true);
    cut(anna);
    await stage.run(10_000);
    anna.way.setStalled(false);
    await isOn(stage, anna);
    assert.deepEqual(goings(stage), [], 'a pause is no farewell');
    stage.vanish(anna);
    assert(await stage.until(() => goings(stage).length === 1, 40_000));
    await stage.run(100);
    assert.equal(bo.client.channel('room').members.length, 1);
  }),

  schedule('P47', 'a page that goes away without a word leaves 2 s later', {}, async (stage) => {
    const [anna, bo] = [stage.page('anna'), stage.page('bo')];
    await meet(stage, anna, bo);
    stage.vanish(anna, true);
    await stage.run(1_900);
    assert.deepEqual(goings(stage), []);
    await stage.run(300);
    assert.equal(goings(stage).length, 1);
    assert.equal(bo.client.channel('room').members.length, 1);
  }),

  schedule(
    'P47 back',
    'a page that closes its socket with 1001, and is back, does not leave',
    {},
    async (stage) => {
      const [anna, bo] = [stage.page('anna'), stage.page('bo')];
      await meet(stage, anna, bo);
      anna.way.goAway();
      cut(anna);
      await stage.run(1_500);
      assert.equal(anna.client.explain().phase, 'steady');
      await stage.run(5_000);
      assert.deepEqual(goings(stage), []);
    },
  ),

  schedule('P49', 'a list is read anew after a gap, and entries go before it', BRIEF, async (stage) => {
    const [anna, bo, chi] = ['anna', 'bo', 'chi'].map((name) => stage.page(name)) as [Page, Page, Page];
    await meet(stage, anna, bo, chi);
    goAway(anna);
    stage.vanish(chi, true);
    await stage.run(3_000);
    await say(stage, 'room', ...ids(1, 6));
    const hand = stage.store.hold({ what: 'membersPage', answer: true });
    comeBack(anna);
    assert(await stage.until(() => hand.waiting > 0, 10_000), 'the list is read anew');
    bo.unsubscribe('room');
    await stage.run(500);
    hand.open();
    await stage.run(500);
    assert.deepEqual(
      anna.client.channel('room').members.map(({ id }) => id),
      [anna.client.status.session],
    );
  }),

  ...TRANSPORTS.map((transport) =>
    schedule(`P50 ${transport}`, 'a page that has nothing to say stays where it is', {}, async (stage) => {
      // No ping of its own keeps the connection alive.
      const page = stage.page('anna', { transports: [transport], pingInterval: 60 * MINUTE });
      await enters(stage, page, 'room', transport);
      await stage.run(10 * MINUTE);
      assert.equal(page.client.explain().attempts.length, 1);
      assert.equal(disconnects(page), 0);
      await say(stage, 'room', 'e1');
      await hasRead(stage, page, 'room', 'e1', transport === 'polling' ? 6_000 : 100);
      const trip = page.client.ping();
      let isBack = false;
      trip.then(
        () => (isBack = true),
        () => {},
      );
      assert(await stage.until(() => isBack, 1_000), 'and its ping is answered (P54)');
    }),
  ),

  schedule('P52', 'a poll that nobody answers is given up', {}, async (stage) => {
    const page = stage.page('anna', { transports: ['long-poll'] });
    await enters(stage, page, 'room', 'long-poll');
    cut(page, Infinity, 0);
    await say(stage, 'room', 'e1');
    await hasRead(stage, page, 'room', 'e1', 40_000);
  }),

  schedule('P53', 'a node lets go of a page that is gone without a word', {}, async (stage) => {
    const pages = (['websocket', 'sse'] as const).map((transport) =>
      stage.page(transport, { transports: [transport] }),
    );
    for (const page of pages) await isOn(stage, page);
    assert.equal(connectionsOf(stage), 2);
    for (const page of pages) {
      page.actor.kill();
      cut(page, Infinity, Infinity);
    }
    await stage.run(51_000);
    assert.equal(connectionsOf(stage), 0);
  }),

  schedule('P55', 'connections that die before they are proven come ever more rarely', {}, async (stage) => {
    const page = stage.page('anna', { transports: ['websocket'] });
    page.way.webSockets = { how: 'cut', after: 100 };
    await stage.run(2 * MINUTE);
    const { attempts } = page.client.explain();
    assert(attempts.length < 25, `${attempts.length} attempts in two minutes`);
    assert(attempts.some(({ welcomeAt }) => welcomeAt !== undefined));
  }),

  schedule('P64', 'a held poll is answered when a newer one arrives', {}, async (stage) => {
    const [node] = stage.nodes;
    const session = await opened(stage, node!, ['hello', { version: 1, nonce: NONCE, auth: ANNA }]);
    const held = request(node!, 'poll', ['continue', { ...session, wait: 20_000 }]);
    await stage.run(100);
    assert.equal(held.answer, undefined);
    request(node!, 'poll', ['continue', { ...session, wait: 20_000 }]);
    await stage.run(100);
    assert.deepEqual(held.answer, []);
  }),

  schedule(
    'P71',
    'a node that drains says so, answers its polls, and takes nobody new',
    PAIR,
    async (stage) => {
      const [first, second] = stage.nodes;
      const pages = TRANSPORTS.map((transport) => stage.page(transport, { transports: [transport] }));
      for (const { way } of pages) way.to = first;
      for (const page of pages) await isOn(stage, page);
      const told = new Set<Page>();
      for (const page of pages) {
        page.way.to = second;
        page.way.overhears = ({ by, text }) => {
          if (by === 'node' && text.includes('["drain",')) told.add(page);
        };
      }
      first!.drain(2_000);
      await stage.run(500);
      // Whoever only polls now and then has no connection that could be told before.
      assert.deepEqual([...told].map(({ name }) => name).sort(), ['long-poll', 'sse', 'websocket'], 'told');
      await stage.run(3_500);
      assert.equal(first!.core.connections.size, 0, 'all are elsewhere');
      for (const page of pages) assert.equal(disconnects(page), 0);
      const late = await post(stage, first!, 'poll', ['hello', { version: 1, nonce: NONCE, auth: ANNA }]);
      assert.deepEqual(codesOf(late), ['drain']);
    },
  ),

  schedule(
    'P72',
    'bye ends a session and its memberships at once, also when it comes twice',
    {},
    async (stage) => {
      const [anna, bo] = [stage.page('anna'), stage.page('bo')];
      await meet(stage, anna, bo);
      void anna.client.close();
      await stage.run(100);
      assert.equal(goings(stage).length, 1);
      assert.equal(bo.client.channel('room').members.length, 1);

      const [node] = stage.nodes;
      const session = await opened(stage, node!, ['hello', { version: 1, nonce: NONCE, auth: ANNA }]);
      for (const ending of ['the first', 'the second']) {
        const answer = await post(stage, node!, 'send', ['continue', session], ['bye']);
        assert.deepEqual(codesOf(answer), ['bye'], ending);
      }
      const late = await post(stage, node!, 'poll', ['continue', { ...session, wait: 0 }]);
      assert.deepEqual(codesOf(late), ['session_unknown']);
    },
  ),
];

/** Its connections are cut; each side hears of it after so many ms. */
function cut({ way }: Page, pageHears = 0, nodeHears = 0): void {
  way.cutAll(
    () => pageHears,
    () => nodeHears,
  );
}

const connectionsOf = ({ nodes }: Stage): number =>
  nodes.reduce((sum, { core }) => sum + core.connections.size, 0);

/** Both are members of `room`, and see each other. */
async function meet(stage: Stage, ...pages: Page[]): Promise<void> {
  for (const page of pages) {
    await isOn(stage, page);
    page.subscribe('room', { presence: { name: page.name } });
  }
  const isSo = await stage.until(() =>
    pages.every(({ client }) => client.channel('room').members.length === pages.length),
  );
  assert(isSo, 'all see each other');
}

/** Who has left `room`, in order. */
const goings = ({ truth }: Stage): string[] =>
  (truth.appended.get('room') ?? []).flatMap(({ member }) =>
    member?.delta === 'member_left' ? [member.id] : [],
  );

async function refused(stage: Stage, settled: Promise<void>, code: string): Promise<void> {
  let end: unknown = 'nothing yet';
  settled.then(
    () => (end = 'acknowledged'),
    (error: { code: string }) => (end = error.code),
  );
  await stage.until(() => end !== 'nothing yet', 5_000);
  assert.equal(end, code);
}

/** One HTTP request by hand; its answer, once it is there. */
function request(node: SimNode, path: 'poll' | 'send', ...frames: ClientFrame[]): { answer?: ServerFrame[] } {
  const found: { answer?: ServerFrame[] } = {};
  // An event of the world, so that all that comes of it is in its time.
  node.actor.world.after(0, () =>
    node.serve(path, JSON.stringify(frames), {
      response: new Response(),
      answer: ({ body }) => (found.answer = JSON.parse(body.toString()) as ServerFrame[]),
      stream: () => ({ write: () => true, whenWritable: () => {}, end: () => {} }),
      whenGone: () => {},
    }),
  );
  return found;
}

/** The same, with its answer: none within 5 s is a failure. */
async function post(
  stage: Stage,
  node: SimNode,
  path: 'poll' | 'send',
  ...frames: ClientFrame[]
): Promise<ServerFrame[]> {
  const found = request(node, path, ...frames);
  await stage.until(() => found.answer !== undefined, 5_000);
  assert(found.answer, 'the request is answered');
  return found.answer;
}

/** Opens a session by hand: what goes on with it. */
async function opened(stage: Stage, node: SimNode, hello: ClientFrame): Promise<Continue> {
  const [welcome] = await post(stage, node, 'poll', hello);
  assert.equal(welcome?.[0], 'welcome');
  const { key, generation } = (welcome[1] as { payload: Welcome }).payload;
  return { nonce: NONCE, key, generation };
}

/** Codes of what closes or refuses. */
const codesOf = (frames: readonly ServerFrame[]): string[] =>
  frames.flatMap((frame) => (frame[0] === 'close' || frame[0] === 'error' ? [frame[1].delta] : []));
