import { beforeEach, describe, expect, it } from 'vitest';
import { drawPlan } from './plan.js';
import { play } from './play.js';
import { Actor, EPOCH, World } from './world.js';

let world: World;
let told: string[];
const tell = (text: string) => (): void => void told.push(text);

beforeEach(() => {
  world = new World();
  told = [];
});

describe('virtual time', () => {
  it('lets everything happen by its moment, and in the order in which it was planned', async () => {
    const moments = [50, 10, 30, 10, 40, 20, 10];
    moments.forEach((moment, index) => world.at(moment, tell(`${moment} ${index}`)));
    await world.run(100);
    expect(told).toEqual(['10 1', '10 3', '10 6', '20 5', '30 2', '40 4', '50 0']);
    expect(world.events).toBe(7);
  });

  it('stands at the moment of what happens, and in the end where it was asked to go', async () => {
    world.at(10.5, () => told.push(`${world.now}`));
    await world.run(100);
    expect(told).toEqual(['10.5']);
    expect(world.now).toBe(100);
  });

  it('leaves for later what is later', async () => {
    world.at(100, tell('at'));
    world.at(100.1, tell('after'));
    await world.run(100);
    expect(told).toEqual(['at']);
    await world.run(101);
    expect(told).toEqual(['at', 'after']);
  });

  it('does now what is planned for a moment that has passed, and never what is planned for never', async () => {
    await world.run(100);
    world.at(20, () => told.push(`${world.now}`));
    world.at(Infinity, tell('never'))();
    await world.run(1e9);
    expect(told).toEqual(['100']);
  });

  it('forgets what is taken back, also in the same moment', async () => {
    const takeBack = world.at(10, tell('b'));
    world.at(5, takeBack);
    world.at(20, () => takeBackToo());
    const takeBackToo = world.at(20, tell('c'));
    await world.run(100);
    expect(told).toEqual([]);
  });

  it('follows promises to their end between two events of one moment', async () => {
    world.at(10, () => {
      void (async () => {
        for (let turn = 0; turn < 100; turn++) await Promise.resolve();
        told.push('followed');
      })();
    });
    world.at(10, tell('next'));
    await world.run(10);
    expect(told).toEqual(['followed', 'next']);
  });

  it('ends a run that goes in a circle', { timeout: 60_000 }, async () => {
    const again = (): void => void world.after(0, again);
    again();
    await expect(world.run(1)).rejects.toThrow('something goes in a circle');
  });

  it('keeps notes only when they are asked for', async () => {
    world.note('anna', () => 'said');
    expect(world.notes).toEqual([]);
    const traced = new World(true);
    await traced.run(20);
    traced.note('anna', () => 'said');
    expect(traced.notes).toEqual([{ at: 20, actor: 'anna', text: 'said' }]);
  });
});

describe('an actor', () => {
  it('has a clock that begins where it likes', async () => {
    const actor = new Actor(world, 'anna', 1_000);
    actor.clock.at(1_030, () => told.push(`${actor.clock.now()}`));
    await world.run(29);
    expect(told).toEqual([]);
    await world.run(31);
    expect(told).toEqual(['1030']);
  });

  it('has a wall clock that may be wrong, and is no part of that', async () => {
    const actor = new Actor(world, 'anna', 1_000);
    await world.run(50);
    expect(actor.wallClock()).toBe(EPOCH + 50);
    actor.wallOffset = -3_600_000;
    expect(actor.wallClock()).toBe(EPOCH + 50 - 3_600_000);
    expect(actor.clock.now()).toBe(1_050);
  });

  it('does nothing while it is paused, and all of it in order when it goes on', async () => {
    const actor = new Actor(world, 'anna');
    actor.clock.at(10, tell('timer'));
    actor.pause();
    actor.run(tell('a'));
    await world.run(20);
    actor.run(tell('b'));
    expect(told).toEqual([]);
    actor.resume();
    actor.run(tell('c'));
    expect(told, 'what comes then is not held').toEqual(['c']);
    await world.run(20);
    expect(told).toEqual(['c', 'a', 'timer', 'b']);
  });

  it('may pause again at the first thing that it does', async () => {
    const actor = new Actor(world, 'anna');
    actor.pause();
    actor.run(() => {
      told.push('a');
      actor.pause();
    });
    actor.run(tell('b'));
    actor.resume();
    await world.run(10);
    expect(told).toEqual(['a']);
    actor.resume();
    await world.run(20);
    expect(told).toEqual(['a', 'b']);
  });

  it('does nothing more when it is dead, nor what it had put off', async () => {
    const actor = new Actor(world, 'anna');
    actor.clock.at(10, tell('timer'));
    actor.pause();
    actor.run(tell('a'));
    actor.kill();
    actor.resume();
    actor.run(tell('b'));
    await world.run(20);
    expect(told).toEqual([]);
    expect([actor.isDead, actor.isPaused]).toEqual([true, false]);
  });
});

describe('a seed', () => {
  it('gives the same run each time, traced or not', { timeout: 60_000 }, async () => {
    const one = await play(drawPlan(7), true);
    const other = await play(drawPlan(7), true);
    expect(one.notes.length).toBeGreaterThan(100);
    expect(other.notes).toEqual(one.notes);
    const { events, violations } = await play(drawPlan(7));
    expect([events, violations]).toEqual([one.events, one.violations]);
  });

  it('gives the same plan each time, and another one than its neighbour', () => {
    expect(drawPlan(7)).toEqual(drawPlan(7));
    expect(drawPlan(8)).not.toEqual({ ...drawPlan(7), seed: 8 });
  });
});
