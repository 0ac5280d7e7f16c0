import { expect, it } from 'vitest';
import { drawPlan } from './plan.js';
import type { Fault, Plan, Step } from './plan.js';
import { shrink } from './shrink.js';

const cap = (at: number, page: number): Fault => ({ at, kind: 'cap', page, for: 1_000, bytes: 2_000 });
const ping = (at: number, page: number): Step => ({ at, page, act: 'ping' });

/** Three pages behind walls, with thirty faults and thirty steps. */
const big: Plan = {
  ...drawPlan(1),
  pages: 3,
  faults: Array.from({ length: 30 }, (_, index) => cap(index, index % 3)),
  steps: Array.from({ length: 30 }, (_, index) => ping(index, index % 3)),
  walls: [['websocket'], [], ['sse']],
};
const has = ({ faults }: Plan, ...times: number[]): boolean =>
  times.every((time) => faults.some(({ at }) => at === time));

it('leaves the two faults of thirty that matter, and nothing else', async () => {
  let plays = 0;
  const smallest = await shrink(big, async (plan) => {
    plays++;
    return has(plan, 3, 21);
  });
  expect(smallest).toEqual({ ...big, pages: 1, faults: [cap(3, 0), cap(21, 0)], steps: [], walls: [[]] });
  expect(plays, 'fewer than the plan has parts').toBeLessThan(40);
});

it('keeps the pages, steps and walls that matter', async () => {
  const smallest = await shrink(
    big,
    async (plan) => has(plan, 1) && plan.steps.some(({ at }) => at === 7) && plan.walls[0]?.length === 1,
  );
  expect(smallest).toEqual({
    ...big,
    pages: 2,
    faults: [cap(1, 1)],
    steps: [ping(7, 1)],
    walls: [['websocket'], []],
  });
});

it('keeps faults that matter only together', async () => {
  const smallest = await shrink(
    big,
    async ({ faults }) => faults.filter(({ at }) => at % 10 === 4).length >= 2,
  );
  expect(smallest.faults).toHaveLength(2);
});

it('leaves out with a page what it does, so that what is left can be played', async () => {
  const smallest = await shrink(big, async ({ pages, faults, steps, walls }) => {
    const left = [...faults, ...steps] as { page: number }[];
    expect(left.every(({ page }) => page < pages)).toBe(true);
    expect(walls).toHaveLength(pages);
    return left.length === 60 || (pages < 3 && left.length >= 20);
  });
  expect(smallest).toMatchObject({ pages: 1, faults: { length: 10 }, steps: { length: 10 } });
});

it('gives back a plan of which every part matters', async () => {
  expect(await shrink(big, async (plan) => plan === big)).toBe(big);
});
