/** Races of subscriptions, and of the permission to have them. */
import assert from 'node:assert/strict';
import type { Exchange } from '@iskra/server/parts';
import { schedule } from '../schedule.js';
import type { Schedule } from '../schedule.js';
import type { Page } from '../page.js';
import type { SimNode } from '../node.js';
import {
  comeBack,
  disconnects,
  enters,
  goAway,
  hasRead,
  isOn,
  nothingBroken,
  say,
  story,
} from './evidence.js';

const FAR = { store: 'shared', nodes: 2 } as const;

export const subscribing: readonly Schedule[] = [
  schedule('R32', 'a subscription and the first entry, at forty distances', FAR, async (stage) => {
    stage.store.faults = { ...stage.store.faults, latency: [20, 20] };
    const page = stage.page('anna');
    await isOn(stage, page);
    const channels = Array.from({ length: 40 }, (_, index) => `room:${index}`);
    const saidAt = new Map<string, number>();
    for (const [index, channel] of channels.entries()) {
      page.subscribe(channel);
      await stage.run(4 * index);
      saidAt.set(channel, stage.world.now);
      await say(stage, channel, 'first');
    }
    await stage.run(1_000);
    for (const channel of channels) await say(stage, channel, 'second');
    for (const channel of channels) await hasRead(stage, page, channel, 'second');

    let after = 0;
    for (const channel of channels) {
      const offset = positionOf(page, channel);
      if (offset === 0) after++;
      const expected = offset === 0 ? ['first', 'second'] : ['second'];
      assert.deepEqual(story(page, channel), expected, `${channel} was subscribed to at ${offset}`);
      const { at = 0 } =
        page.history.seen.find((one) => one.what === 'entry' && one.channel === channel) ?? {};
      if (offset === 0)
        assert(
          at - saidAt.get(channel)! < 1_000,
          `${channel}: it comes at once, not with the next comparison`,
        );
    }
    assert(after > 5 && after < 35, `both may win: the subscription did ${after} times`);
    nothingBroken(stage);
  }),

  schedule('R33', 'the outcome of a subscription is lost with its connection', FAR, async (stage) => {
    const page = stage.page('anna', { transports: ['websocket'] });
    Object.assign(page.way, { latency: 50, jitter: 0 });
    await isOn(stage, page);
    page.subscribe('room');
    const { session } = page.client.status;
    const isCommitted = async () => (await stage.store.ask('heads', [`@${session}`]))[0]?.offset === 1;
    while (!(await isCommitted())) await stage.run(5);
    goAway(page);
    assert.equal(page.client.channel('room').position, undefined, 'nothing was promised');
    await say(stage, 'room', 'e1', 'e2');
    comeBack(page);
    await hasRead(stage, page, 'room', 'e2');
    await say(stage, 'room', 'e3');
    await hasRead(stage, page, 'room', 'e3');

    assert.equal(positionOf(page, 'room'), 0, 'it learns where the subscription began');
    assert.deepEqual(story(page, 'room'), ['e1', 'e2', 'e3'], 'and has what came since');
    nothingBroken(stage);
  }),

  schedule('R35', 'a channel is left and entered again, at forty distances', FAR, async (stage) => {
    stage.store.faults = { ...stage.store.faults, latency: [5, 40] };
    const page = stage.page('anna');
    await isOn(stage, page);
    for (let index = 0; index < 40; index++) {
      const channel = `room:${index}`;
      const talk = async (word: string): Promise<void> => {
        for (let n = 0; n < 3; n++) {
          await say(stage, channel, `${word}${n}`);
          await stage.run(index % 4);
        }
      };
      await talk('early');
      page.subscribe(channel, { last: 2 });
      await stage.run(4 * index);
      await talk('first');
      page.unsubscribe(channel);
      page.subscribe(channel, { last: 1 });
      const again = page.history.seen.length;
      await talk('second');
      assert(await stage.until(() => positionOf(page, channel, again) !== undefined));
      await say(stage, channel, 'last');
      await hasRead(stage, page, channel, 'last');

      const offset = positionOf(page, channel, again)!;
      const all = stage.truth.appended.get(channel)!.map(({ id }) => id);
      const read = page.history.seen
        .slice(again)
        .flatMap((one) => (one.what === 'entry' && one.channel === channel ? [one.id] : []));
      assert.deepEqual(
        read,
        all.slice(offset),
        `${channel}: only what follows its second position, ${offset}`,
      );
      page.unsubscribe(channel);
    }
    nothingBroken(stage);
  }),

  schedule('R43', 'credentials end during an attach, and while there are no others', FAR, async (stage) => {
    let lasts: number | null = null;
    let others = Promise.resolve();
    const page = stage.page('anna', {
      transports: ['websocket'],
      auth: async () => {
        await others;
        return { user: 'anna', expiresIn: lasts };
      },
    });
    await enters(stage, page, 'room');
    await say(stage, 'room', 'e1');
    await hasRead(stage, page, 'room', 'e1');
    const { session } = page.client.status;

    const attaches = stage.store.hold({ what: 'attach' });
    lasts = 1_000;
    goAway(page);
    comeBack(page);
    assert(await stage.until(() => attaches.waiting === 1), 'it attaches');
    await say(stage, 'room', 'e2');
    await stage.run(1_500);
    lasts = 5_000;
    attaches.open();
    await hasRead(stage, page, 'room', 'e2');
    assert(refusals(page).includes('unauthorized'), 'the first credentials had ended by then');
    assert.equal(disconnects(page), 0, 'nobody sees it');

    let give = (): void => {};
    others = new Promise((resolve) => (give = resolve));
    await stage.run(5_000);
    await say(stage, 'room', 'e3');
    await stage.run(60_000);
    assert.deepEqual(story(page, 'room'), ['e1', 'e2'], 'nothing comes when they have ended');
    lasts = null;
    give();
    await hasRead(stage, page, 'room', 'e3');
    assert.deepEqual(story(page, 'room'), ['e1', 'e2', 'e3'], 'and nothing is lost by it');
    assert.equal(page.client.status.session, session, 'it is the same session');
    nothingBroken(stage);
  }),

  schedule('R44', 'the permission for a channel ends while it is read', FAR, async (stage) => {
    const streams = stage.page('anna', { transports: ['websocket'] });
    const polls = stage.page('bo', { transports: ['long-poll'] });
    let oldPoll = '';
    polls.way.overhears = ({ by, text }) => {
      if (by === 'page' && oldPoll === '' && /"cursors".*"room"/.test(text)) oldPoll = text;
    };
    for (const page of [streams, polls]) await enters(stage, page, 'room');
    await say(stage, 'room', 'e1');
    for (const page of [streams, polls]) await hasRead(stage, page, 'room', 'e1');
    await stage.run(1_000);
    const since = streams.client.channel('room').position!;

    for (const page of [streams, polls]) stage.deny(page.name, 'room', 300_000);
    goAway(streams);
    await say(stage, 'room', 'e2');
    comeBack(streams);
    for (const page of [streams, polls])
      assert(await stage.until(() => story(page, 'room').includes('gap denied')), `${page.name} is told`);
    await say(stage, 'room', 'e3');
    await stage.run(30_000);
    assert.deepEqual(story(streams, 'room'), ['e1', 'gap denied'], 'the next attach reads nothing');
    // What it had waited for before is allowed to it.
    assert.deepEqual(story(polls, 'room'), ['e1', 'e2', 'gap denied'], 'nor does the next poll');
    for (const page of [streams, polls]) {
      const channel = page.client.channel('room');
      assert.equal(channel.position, undefined, `${page.name} is not subscribed any more`);
      const isRefused = assert.rejects(
        channel.subscribe({ since }),
        { code: 'forbidden' },
        'the old position opens nothing',
      );
      await stage.run(1_000);
      await isRefused;
    }
    const answer = await replay(stage.nodes[1]!, oldPoll, () => stage.run(26_000));
    assert.match(answer, /\["gap","room","denied"/, 'nor does the old poll');
    assert.doesNotMatch(answer, /"entry","room"/);
    for (const page of [streams, polls]) assert.equal(disconnects(page), 0, `${page.name} keeps its session`);
    nothingBroken(stage);
  }),
];

/** The offset at which a channel was subscribed to last, behind so many things that were seen. */
function positionOf({ history: { seen } }: Page, channel: string, behind = 0): number | undefined {
  const found = seen
    .slice(behind)
    .filter((one) => one.what === 'subscribed' && one.channel === channel)
    .at(-1);
  return found?.what === 'subscribed' ? found.position?.[1] : undefined;
}

/** The codes with which connections of a page were closed. */
const refusals = ({ client }: Page): (string | undefined)[] =>
  client.explain().attempts.map(({ detail }) => detail);

/** Sends a poll once more, as somebody would who has kept it; the answer. */
async function replay(node: SimNode, body: string, wait: () => Promise<void>): Promise<string> {
  let answer = '';
  const exchange: Partial<Exchange> = {
    answer: ({ body: bytes }) => void (answer = bytes.toString()),
    whenGone: () => {},
  };
  node.serve('poll', body, exchange as Exchange);
  await wait();
  return answer;
}
