/** What schedules look at and wait for: what an application was told, what really happened, what passed on the wires. */
import assert from 'node:assert/strict';
import type { Seen, Sent } from '../history.js';
import type { Page } from '../page.js';
import type { Stage } from '../stage.js';
import type { Carried, Wire } from '../wire.js';

export const ROOM = 'room:a';

/** Ids of the entries that its handlers were given, in order. */
export const entriesOf = ({ history }: Page, channel = ROOM): string[] =>
  history.seen.flatMap((one) => (one.what === 'entry' && one.channel === channel ? [one.id] : []));

export const gapsOf = ({ history }: Page, channel = ROOM): Extract<Seen, { what: 'gap' }>[] =>
  history.seen.flatMap((one) => (one.what === 'gap' && one.channel === channel ? [one] : []));

/** The sessions that it began and lost, in order. */
export const sessionsOf = ({ history }: Page): Extract<Seen, { what: 'session' }>[] =>
  history.seen.flatMap((one) => (one.what === 'session' ? [one] : []));

/** Ids of the entries that the store took, in order. */
export const appendedTo = ({ truth }: Stage, channel = ROOM): string[] =>
  (truth.appended.get(channel) ?? []).flatMap(({ id }) => id ?? []);

export const runsOf = ({ truth }: Stage, { id }: Sent) => truth.runs.filter((run) => run.id === id);

/** Why its attempts ended, oldest first. */
export const verdictsOf = ({ client }: Page): string[] =>
  client.explain().attempts.flatMap(({ verdict }) => verdict ?? []);

/** Waits until this is so; it must be, within so many ms. */
export async function reach(stage: Stage, what: string, isSo: () => boolean, atMost = 60_000): Promise<void> {
  assert(await stage.until(isSo, atMost), `within ${atMost} ms: ${what}`);
}

export const isOn = ({ client }: Page, transport: string): boolean =>
  client.status.state === 'connected' && client.status.transport === transport;

/** Waits until the page is connected by its best transport, and subscribed to the channel. */
export async function settle(stage: Stage, page: Page, transport: string, channel = ROOM): Promise<void> {
  await reach(stage, `${page.name} is on ${transport}`, () => isOn(page, transport));
  page.subscribe(channel);
  const isIn = (): boolean =>
    page.history.seen.some((one) => one.what === 'subscribed' && one.channel === channel);
  await reach(stage, `${page.name} is in ${channel}`, isIn);
  // The transport is proven, and what was said at the beginning is over.
  await stage.run(1_000);
}

/** A page that publishes and is never hindered. */
export async function speaker(stage: Stage): Promise<Page> {
  const page = stage.page('bo');
  page.way.to = stage.nodes.at(-1);
  await reach(stage, 'bo is on websocket', () => isOn(page, 'websocket'));
  return page;
}

/** Publishes so many entries, one after another, and waits until the store has them. */
export async function say(stage: Stage, page: Page, count: number, channel = ROOM): Promise<string[]> {
  const sent = Array.from({ length: count }, () => page.publish(channel));
  await reach(stage, `${page.name} has said it`, () => sent.every(({ end }) => end !== undefined), 5_000);
  return sent.map(({ id }) => id);
}

/**
 * The next message of this kind that carries sends is processed by its node, and its answer is lost.
 * @param isDone what has been processed by then
 * @param lost what happens in the same moment
 */
export function loseAnswer(
  stage: Stage,
  { way }: Page,
  carried: Carried,
  isDone: () => boolean,
  lost = (): void => {},
): () => boolean {
  let isLost = false;
  way.overhears = ({ wire, by, text }) => {
    if (by !== 'page' || wire.carries !== carried || !/"(publish|request)"/.test(text)) return;
    way.overhears = undefined;
    wire.down.hold();
    cutWhen(
      stage,
      wire,
      () => wire.down.bytes > 0 && isDone(),
      () => {
        isLost = true;
        lost();
      },
    );
  };
  return () => isLost;
}

function cutWhen(stage: Stage, wire: Wire, isSo: () => boolean, done: () => void): void {
  if (!isSo()) return void stage.world.after(1, () => cutWhen(stage, wire, isSo, done));
  wire.cut(0, 0);
  done();
}
