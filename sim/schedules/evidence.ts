/** What schedules say through the store, and what they ask of their stage afterwards. */
import assert from 'node:assert/strict';
import { encodeBody } from '@iskra/protocol/wire';
import { judge } from '../oracle.js';
import type { Page } from '../page.js';
import type { Stage } from '../stage.js';

/** The application publishes, on whichever node: an entry with each of these ids. */
export async function say(stage: Stage, channel: string, ...ids: string[]): Promise<void> {
  for (const id of ids) await sayAtLength(stage, channel, id, 0);
}

export async function sayAtLength(
  stage: Stage,
  channel: string,
  id: string,
  characters: number,
): Promise<void> {
  const fill = 'x'.repeat(characters);
  await stage.store.ask('append', channel, encodeBody({ delta: 'said', payload: { id, fill } }));
}

/** `e1`, `e2` … up to this number. */
export const ids = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => `e${from + index}`);

/** What the application was given of a channel, in order: ids of entries, and gaps by their reason. */
export function story({ history: { seen } }: Page, channel: string): string[] {
  return seen.flatMap((one) => {
    if (!('channel' in one) || one.channel !== channel) return [];
    return one.what === 'entry' ? [one.id] : one.what === 'gap' ? [`gap ${one.reason}`] : [];
  });
}

/** The gaps that it was told of a channel, from offset to offset. */
export function gaps({ history: { seen } }: Page, channel: string): string[] {
  return seen.flatMap((one) =>
    one.what === 'gap' && one.channel === channel ? [`${one.reason} ${one.was[1]} to ${one.now[1]}`] : [],
  );
}

/** Ids in a channel's log, in their order, without what the store has lost. */
export function log({ truth }: Stage, channel: string): string[] {
  return (truth.appended.get(channel) ?? []).flatMap(({ id, lostAt }) =>
    id === undefined || lostAt !== undefined ? [] : [id],
  );
}

/** Runs until the page has read this entry. */
export async function hasRead(stage: Stage, page: Page, channel: string, id: string, atMost = 60_000) {
  const isSo = await stage.until(() => story(page, channel).includes(id), atMost);
  assert(isSo, `${page.name} reads ${id} of ${channel} within ${atMost} ms`);
}

/** Runs until the page is connected, on this transport if one is given, and its connection is proven. */
export async function isOn(stage: Stage, page: Page, transport?: string, atMost = 60_000): Promise<void> {
  const isSo = await stage.until(() => {
    const { phase, current } = page.client.explain();
    return phase === 'steady' && (transport === undefined || current === transport);
  }, atMost);
  assert(isSo, `${page.name} is on ${transport ?? 'a transport'} within ${atMost} ms`);
}

/** Subscribes, and runs until the page is connected and subscribed. */
export async function enters(stage: Stage, page: Page, channel: string, transport?: string): Promise<void> {
  await isOn(stage, page, transport);
  page.subscribe(channel);
  const isIn = await stage.until(() => page.client.channel(channel).position !== undefined);
  assert(isIn, `${page.name} is subscribed to ${channel}`);
}

/** Opens nothing new and loses what is open; `comeBack` ends it. */
export function goAway({ way }: Page): void {
  way.setStalled(true);
  way.cutAll(
    () => 0,
    () => 0,
  );
}

export function comeBack({ way }: Page): void {
  way.setStalled(false);
}

/** How often the application saw that there was no connection, or lost its session. */
export function disconnects({ history: { seen } }: Page): number {
  return seen.filter(
    (one) => (one.what === 'state' && one.state === 'reconnecting') || (one.what === 'session' && one.lost),
  ).length;
}

/** Whatever else happened: the oracle, too, finds no promise of reading or sending that was broken. */
export function nothingBroken({ truth, pages, gone, retention }: Stage): void {
  const violations = judge({
    truth,
    pages: [...gone, ...pages.map(({ history }) => history)],
    finals: [],
    stand: { heads: new Map(), members: new Map() },
    retention,
    isMild: false,
  });
  assert.deepEqual(
    violations.map(({ promise, actor, text }) => `${promise} ${actor}: ${text}`),
    [],
  );
}
