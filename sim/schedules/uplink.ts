/** Races of the way up: sends that come again, late, or twice at the same time. */
import assert from 'node:assert/strict';
import { schedule } from '../schedule.js';
import type { Schedule } from '../schedule.js';
import { appendedTo, isOn, loseAnswer, reach, runsOf } from './seen.js';

export const uplink: readonly Schedule[] = [
  schedule(
    'R01',
    'a POST is processed, its answer lost, and its sends come again over WebSocket',
    { nodes: 2, store: 'shared' },
    async (stage) => {
      const page = stage.page('anna', { transports: ['websocket', 'sse'] });
      page.way.webSockets = { how: 'refused' };
      await reach(stage, 'anna is on sse', () => isOn(page, 'sse'));
      await stage.run(1_000);
      const isLost = loseAnswer(stage, page, 'send', () => stage.truth.runs.length > 0);
      const sent = page.request('echo', 0);
      const said = page.publish('room:a');
      await reach(stage, 'the answer is lost', isLost);
      assert.equal(stage.truth.runs.length, 1, 'it was processed before its answer was lost');
      page.way.webSockets = undefined;
      page.way.cutAll(
        () => 0,
        () => 0,
      );
      await reach(stage, 'both have an end', () => sent.end !== undefined && said.end !== undefined);
      assert.equal(page.client.status.transport, 'websocket');
      assert.deepEqual(sent.reply, { id: sent.id }, 'the reply that was in the inbox already');
      assert.equal(said.end, 'acknowledged');
      assert.equal(stage.truth.runs.length, 1, 'the handler ran once');
      assert.deepEqual(appendedTo(stage), [said.id], 'it was published once');
    },
  ),

  schedule(
    'R02',
    'a POST is 15 s late: its repetition is processed first, then the old one arrives at another node',
    { nodes: 2, store: 'shared' },
    async (stage) => {
      const [first, second] = stage.nodes;
      const page = stage.page('anna', { transports: ['sse'] });
      page.way.to = first;
      await reach(stage, 'anna is on sse', () => isOn(page, 'sse'));
      await stage.run(1_000);
      let posts = 0;
      page.way.decide = (path) =>
        path === 'send' && posts++ === 0 ? { late: 15_000, at: second! } : undefined;
      const asked = page.request('echo', 0);
      const said = page.publish('room:a');
      await reach(stage, 'the repetition is processed', () => said.end !== undefined, 10_000);
      const later = page.publish('room:a');
      await stage.run(20_000);
      for (const { end, ends } of [asked, said, later]) assert.deepEqual([end, ends], ['acknowledged', 1]);
      assert.equal(runsOf(stage, asked).length, 1, 'the handler ran once');
      assert.deepEqual(appendedTo(stage), [said.id, later.id], 'each was published once, in order');
    },
  ),

  schedule(
    'R03',
    'a proxy sends one POST to two nodes at the same time',
    { nodes: 2, store: 'shared' },
    async (stage) => {
      const [first, second] = stage.nodes;
      const page = stage.page('anna', { transports: ['sse'] });
      page.way.to = first;
      await reach(stage, 'anna is on sse', () => isOn(page, 'sse'));
      await stage.run(1_000);
      let copies = 0;
      page.way.decide = (path) => {
        if (path !== 'send') return undefined;
        copies++;
        return { copyTo: second! };
      };
      const said = page.publish('room:a');
      const asked = page.request('echo', 500);
      await reach(stage, 'both have an end', () => asked.end !== undefined && said.end !== undefined);
      await stage.run(5_000);
      assert(copies > 0, 'it was doubled');
      assert.deepEqual([said.end, asked.end], ['acknowledged', 'acknowledged']);
      assert.deepEqual(asked.reply, { id: asked.id });
      assert.equal(runsOf(stage, asked).length, 1, 'one node had the claim, the other waited');
      assert.deepEqual(appendedTo(stage), [said.id], 'it was published once');
    },
  ),
];
