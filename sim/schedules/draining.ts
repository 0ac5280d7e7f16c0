/** Nodes that go one after another, as a deploy has it, while everybody goes on talking (G10). */
import assert from 'node:assert/strict';
import type { Page } from '../page.js';
import { schedule } from '../schedule.js';
import type { Schedule } from '../schedule.js';
import type { Sent } from '../history.js';
import type { SimNode } from '../node.js';
import type { Stage } from '../stage.js';
import { TRANSPORTS } from '../words.js';
import { disconnects, enters, isOn, log, nothingBroken, story } from './evidence.js';

const THREE = { store: 'shared', nodes: 3 } as const;
/** Ms over which each node sends its clients away. */
const SPREAD = 5_000;

export const draining: readonly Schedule[] = [
  ...[0, 3_000].map((notice) =>
    schedule(
      `G10 ${notice === 0 ? 'at once' : 'with notice'}`,
      'all nodes are replaced one after another: nobody sees it, nothing is lost or doubled, and nobody is stormed',
      THREE,
      async (stage) => {
        const pages = await crowd(stage, 40);
        const arrivals = overhearArrivals(pages);
        const sent: Sent[] = [];
        for (const node of stage.nodes) {
          const clients = streamsOf(node);
          const began = stage.world.now;
          await roll(stage, node, notice, () =>
            sent.push(pages[sent.length % pages.length]!.publish('room')),
          );
          const moved = arrivals.filter((at) => at >= began);
          assert(moved.length >= clients, `the ${clients} of ${node.name} have moved`);
          // Whoever comes to the same node again, because the balancer does not know yet, tries again when it can.
          if (notice > 0) assertSpread(moved, moved.length);
        }
        assert(
          await stage.until(() => sent.every(({ end }) => end !== undefined)),
          'all sends come to an end',
        );
        await stage.run(6_000);

        const published = sent.map(({ id }) => id);
        assert(sent.every(({ end }) => end === 'acknowledged'));
        assert.deepEqual([...log(stage, 'room')].sort(), [...published].sort(), 'each is in the log, once');
        for (const page of pages) {
          assert.deepEqual(story(page, 'room'), log(stage, 'room'), `${page.name} reads all of it`);
          assert.equal(disconnects(page), 0, `${page.name} sees no disconnect`);
          assert.equal(page.client.status.transport, page.name.split(' ')[0], 'it is on its transport still');
        }
        nothingBroken(stage);
      },
    ),
  ),

  schedule(
    'G10 work',
    'what a handler is doing is finished, and its client hears of it elsewhere',
    THREE,
    async (stage) => {
      const [first, second] = stage.nodes;
      const page = stage.page('anna');
      page.way.to = first;
      await isOn(stage, page, 'websocket');
      const request = page.request('echo', 8_000);
      await stage.run(500);
      page.way.to = second;
      first!.drain(1_000);
      let isOver = false;
      void first!.core.drain!.done.then(() => (isOver = true));
      assert(await stage.until(() => first!.core.connections.size === 0, 4_000), 'its client is elsewhere');
      assert.equal(isOver, false, 'the node waits for its handler');
      assert(await stage.until(() => isOver, 10_000));
      stage.kill(first!);
      assert(await stage.until(() => request.end !== undefined, 10_000));
      assert.equal(request.end, 'acknowledged');
      assert.equal(stage.truth.runs.length, 1, 'the handler ran once');
      assert.equal(disconnects(page), 0);
    },
  ),
];

/** Pages on all transports, by turns, who are in one room. */
async function crowd(stage: Stage, count: number): Promise<Page[]> {
  const pages = Array.from({ length: count }, (_, index) => {
    const transport = TRANSPORTS[index % TRANSPORTS.length]!;
    return stage.page(`${transport} ${index}`, { transports: [transport], poll: { min: 500, max: 1_000 } });
  });
  for (const page of pages) await enters(stage, page, 'room', page.name.split(' ')[0]);
  return pages;
}

/** When a node welcomed one of these pages. */
function overhearArrivals(pages: readonly Page[]): number[] {
  const arrivals: number[] = [];
  for (const { way } of pages) {
    way.overhears = ({ at, by, text }) => {
      if (by === 'node' && text.includes('["welcome",')) arrivals.push(at);
    };
  }
  return arrivals;
}

const streamsOf = ({ core }: SimNode): number =>
  [...core.connections].filter(({ isPoll, transport }) => !isPoll && transport !== 'send').length;

/** The node drains while somebody talks, ends when nobody is left, and begins anew. */
async function roll(stage: Stage, node: SimNode, notice: number, talk: () => void): Promise<void> {
  const talkFor = async (ms: number): Promise<void> => {
    for (const until = stage.world.now + ms; stage.world.now < until; await stage.run(100)) talk();
  };
  node.drain(SPREAD, notice);
  let isOver = false;
  void node.core.drain!.done.then(({ closed }) => {
    assert.equal(closed, 0);
    isOver = true;
  });
  const most = notice + 4 * SPREAD;
  for (const until = stage.world.now + most; !isOver && stage.world.now < until;) await talkFor(100);
  assert(isOver, `${node.name} is left by all within ${most} ms`);
  stage.kill(node);
  await talkFor(2_000);
  node.start();
  await talkFor(2_000);
}

/** In no second more than twice as many come as if they came evenly. */
function assertSpread(arrivals: readonly number[], count: number): void {
  const even = (count / SPREAD) * 1_000;
  for (const at of arrivals) {
    const within = arrivals.filter((other) => other >= at && other < at + 1_000).length;
    assert(within <= 2 * even, `${within} arrive within a second; ${even} would be even`);
  }
}
