/** Plays a plan: chaos, then a calm phase, then what came of it goes before the oracle. */
import { judge } from './oracle.js';
import type { Final, Stand, Violation } from './oracle.js';
import type { Page } from './page.js';
import { isMild } from './plan.js';
import type { Fault, Plan, Step } from './plan.js';
import { Stage, personOf } from './stage.js';
import { HEALTHY } from './store.js';
import { TRANSPORTS } from './words.js';
import type { Note } from './world.js';

export interface Outcome {
  readonly violations: readonly Violation[];
  /** Virtual time that passed, ms. */
  readonly lasted: number;
  readonly events: number;
  readonly notes: readonly Note[];
}

/**
 * Ms of calm until everybody must be on the best transport: an answer that was lost is noticed after 35 s, a verdict lasts
 * 50 s, and what is tried first may hang for 15 s and must then be 10 s old.
 */
const CALM = 115_000;
/** Ms that what is then said may take to everybody: the longest pause between two polls, and some. */
const LAST_WORDS = 15_000;
const NEVER = -1;
const NAMES = ['anna', 'bo', 'chi', 'dev'];

export async function play(plan: Plan, traced = false): Promise<Outcome> {
  const stage = new Stage({
    seed: plan.seed,
    nodes: plan.nodes,
    store: plan.store,
    retention: plan.retention,
    inbox: plan.inbox,
    core: { limits: { backlog: 16_384 } },
    traced,
  });
  const { world } = stage;
  stage.credentialsLast = plan.credentials;
  const cast = new Cast(stage, plan);
  let calmAt = plan.chaos;
  for (const step of plan.steps) world.at(step.at, () => cast.act(step));
  for (const fault of plan.faults) {
    world.at(fault.at, () => cast.strike(fault));
    if ('for' in fault && fault.kind === 'sleep') calmAt = Math.max(calmAt, fault.at + fault.for);
  }
  try {
    await world.run(calmAt);
    cast.heal();
    await world.run(calmAt + CALM);
    cast.lastWords();
    await world.run(calmAt + CALM + LAST_WORDS);
  } catch (error) {
    const violation = { promise: 'G8', actor: 'world', at: world.now, text: String(error) };
    return { violations: [violation], lasted: world.now, events: world.events, notes: world.notes };
  }
  for (const page of stage.pages) {
    for (const attempt of page.client.explain().attempts)
      page.actor.note(() => `tried ${JSON.stringify(attempt)}`);
  }
  const stand = await standOf(stage);
  const violations = judge({
    truth: stage.truth,
    pages: [...stage.gone, ...stage.pages.map(({ history }) => history)],
    finals: stage.pages.map((page) => cast.finalOf(page)),
    stand,
    retention: plan.retention,
    isMild: isMild(plan),
  });
  return {
    violations: [...violations, ...stage.breaches],
    lasted: world.now,
    events: world.events,
    notes: world.notes,
  };
}

async function standOf({ store, truth }: Stage): Promise<Stand> {
  const channels = [...truth.appended.keys()];
  const heads = await store.ask('heads', channels);
  const members = new Map<string, string[]>();
  for (const channel of channels) {
    members.set(
      channel,
      (await store.ask('members', channel)).map(({ id }) => id),
    );
  }
  return {
    heads: new Map(
      channels.map((channel, index) => [channel, [heads[index]!.epoch, heads[index]!.offset] as const]),
    ),
    members,
  };
}

/** The pages of a plan, and what is done to them. */
class Cast {
  readonly #stage: Stage;
  readonly #plan: Plan;
  readonly #pages: Page[];
  #isCalm = false;
  /** Faults of one kind may overlap: the last one to begin decides. */
  readonly #latest = new Map<string, Fault>();
  readonly #reloads: number[] = [];

  constructor(stage: Stage, plan: Plan) {
    this.#stage = stage;
    this.#plan = plan;
    this.#pages = Array.from({ length: plan.pages }, (_, index) => {
      const page = stage.page(NAMES[index]!, {}, plan.addresses?.[index]);
      this.#wall(page, index);
      return page;
    });
  }

  act(step: Step): void {
    const page = this.#pages[step.page]!;
    page.actor.run(() => {
      switch (step.act) {
        case 'publish':
          return void page.publish(step.channel, step.size);
        case 'request':
          return void page.request(step.once ? 'echo-once' : 'echo', step.takes);
        case 'subscribe':
          return page.subscribe(step.channel, {
            ...(step.last > 0 && { last: step.last }),
            ...(step.presence && { presence: { name: page.name } }),
          });
        case 'unsubscribe':
          return page.unsubscribe(step.channel);
        case 'ping':
          return void page.client.ping().catch(() => {});
      }
    });
  }

  /** A fault begins, and ends when its time is over, unless all is well by then. */
  strike(fault: Fault): void {
    if (this.#isCalm && fault.kind !== 'sleep') return;
    const target =
      'page' in fault ? this.#pages[fault.page]!.name : 'node' in fault ? `node-${fault.node + 1}` : 'store';
    this.#stage.world.note(
      target,
      () => `✕ ${JSON.stringify({ ...fault, at: undefined, page: undefined, node: undefined })}`,
    );
    const key = `${fault.kind} ${'page' in fault ? fault.page : 'node' in fault ? fault.node : ''}${'address' in fault ? ` ${fault.address}` : ''}`;
    this.#latest.set(key, fault);
    const undo = this.#begin(fault);
    if (!undo || !('for' in fault)) return;
    this.#stage.world.after(fault.for, () => {
      const isOurs = this.#latest.get(key) === fault;
      if ((!this.#isCalm || fault.kind === 'sleep') && isOurs) undo();
    });
  }

  /** Everything works again, but for the walls that stay. */
  heal(): void {
    this.#isCalm = true;
    const { nodes, store, truth, world } = this.#stage;
    world.note('world', () => 'all is well again');
    store.faults = HEALTHY;
    this.#stage.credentialsLast = Infinity;
    for (const denial of truth.denials) denial.until = Math.min(denial.until, world.now);
    for (const node of nodes) {
      if (node.actor.isDead) node.start();
      node.actor.resume();
      // A node on its way out would have been replaced by now.
      if (node.core.drain !== undefined) {
        this.#stage.kill(node);
        node.start();
      }
    }
    this.#pages.forEach((page, index) => {
      const { way } = page;
      way.latency = 5;
      way.jitter = 2;
      way.requests = undefined;
      way.cap = Infinity;
      way.answers = undefined;
      way.garble = 0;
      way.heldPolls = undefined;
      for (const door of way.doors) door.shut = undefined;
      if (!this.#isWalled(index, 'websocket')) way.webSockets = undefined;
      if (!this.#isWalled(index, 'sse')) way.streams = undefined;
      way.setStalled(false);
      page.actor.resume();
      page.signal('visible');
      page.signal('online');
    });
  }

  lastWords(): void {
    for (const page of this.#pages) {
      const channels = this.#subscribed(page).map(({ channel }) => channel);
      for (const channel of channels.length > 0 ? channels : ['room:a']) page.publish(channel);
    }
  }

  finalOf(page: Page): Final {
    const { status } = page.client;
    const wall = this.#plan.walls[this.#pages.indexOf(page)] ?? [];
    return {
      page: page.name,
      state: status.state,
      transport: status.transport,
      server: status.server,
      primary: page.way.doors[0]!.address,
      best: TRANSPORTS.find((transport) => !wall.includes(transport))!,
      session: status.session,
      unsettled: status.unsettled,
      channels: this.#subscribed(page).map(({ channel, enters }) => ({
        channel,
        position: page.client.channel(channel).position as readonly [string, number] | undefined,
        members: page.client.channel(channel).members.map(({ id }) => id),
        enters,
      })),
    };
  }

  /** The channels that a page was taken into, and did not leave since. */
  #subscribed(page: Page): { channel: string; enters: boolean }[] {
    const open = new Map<string, boolean>();
    const left = new Map<string, number>();
    let calls = 0;
    for (const one of page.history.seen) {
      if (one.what === 'subscribes') calls = one.call;
      if (one.what === 'subscribed' && one.call > (left.get(one.channel) ?? 0)) {
        open.set(one.channel, page.entered.has(one.channel));
      }
      if (one.what !== 'unsubscribes' && !(one.what === 'gap' && one.reason === 'denied')) continue;
      open.delete(one.channel);
      left.set(one.channel, calls);
    }
    return [...open].map(([channel, enters]) => ({ channel, enters }));
  }

  #wall(page: Page, index: number): void {
    const { way } = page;
    if (this.#isWalled(index, 'websocket')) way.webSockets = { how: index % 2 === 0 ? 'refused' : 'hangs' };
    if (this.#isWalled(index, 'sse')) way.streams = { how: index % 2 === 0 ? 'buffered' : 'refused' };
  }

  /** What is walled off for good has no other block meanwhile, which something might slip through. */
  #isWalled(index: number, transport: 'websocket' | 'sse'): boolean {
    return this.#plan.walls[index]?.includes(transport) === true;
  }

  /** The answer ends it; undefined for what is over at once. */
  #begin(fault: Fault): (() => void) | undefined {
    switch (fault.kind) {
      case 'kill':
      case 'pause':
      case 'drain':
      case 'wall-jump':
        return this.#onNode(fault);
      case 'store-slow':
      case 'store-fails':
      case 'hints':
      case 'fail-over':
        return this.#onStore(fault);
      default:
        return this.#onPage(fault, this.#pages[fault.page]!);
    }
  }

  #onNode(fault: Extract<Fault, { node: number }>): (() => void) | undefined {
    const stage = this.#stage;
    const node = stage.nodes[fault.node]!;
    if (node.actor.isDead) return undefined;
    switch (fault.kind) {
      case 'kill':
        stage.kill(node, fault.silent);
        return () => {
          if (node.actor.isDead) node.start();
        };
      case 'pause': {
        const { actor } = node;
        actor.note(() => 'pauses');
        actor.pause();
        return () => actor.resume();
      }
      case 'drain': {
        const { actor } = node;
        // It would come to it after the calm has begun.
        if (actor.isPaused) return undefined;
        // A roll-out takes one node after another, and leaves one that takes everybody.
        if (stage.nodes.some(({ core }) => core.drain !== undefined)) return undefined;
        if (stage.nodes.filter(({ listens }) => listens).length < 2) return undefined;
        node.drain(fault.spread, fault.notice);
        return () => {
          if (node.actor !== actor || actor.isDead) return;
          stage.kill(node);
          node.start();
        };
      }
      case 'wall-jump':
        node.actor.wallOffset += fault.by;
        return undefined;
    }
  }

  #onStore(
    fault: Extract<Fault, { kind: 'store-slow' | 'store-fails' | 'hints' | 'fail-over' }>,
  ): (() => void) | undefined {
    const { store, world } = this.#stage;
    const set = (faults: Partial<typeof store.faults>): void => {
      store.faults = { ...store.faults, ...faults };
    };
    switch (fault.kind) {
      case 'store-slow':
        set({ latency: [0, fault.most] });
        return () => set({ latency: HEALTHY.latency });
      case 'store-fails':
        set({ failsBefore: fault.before, failsAfter: fault.after });
        return () => set({ failsBefore: 0, failsAfter: 0 });
      case 'hints':
        set({ lostHints: fault.lost, lateHints: fault.late });
        return () => set({ lostHints: 0, lateHints: HEALTHY.lateHints });
      case 'fail-over':
        world.note('store', () => `loses its last ${fault.lost} changes`);
        void store.failOver(fault.lost);
        return undefined;
    }
  }

  #onPage(fault: Extract<Fault, { page: number }>, page: Page): (() => void) | undefined {
    const { way, actor } = page;
    const after = (ms: number): number => (ms === NEVER ? Infinity : ms);
    switch (fault.kind) {
      case 'weather':
        [way.latency, way.jitter] = [fault.latency, fault.jitter];
        return () => void ([way.latency, way.jitter] = [5, 2]);
      case 'stall':
        way.setStalled(true);
        return () => way.setStalled(false);
      case 'cut':
        way.cutAll(
          () => after(fault.clientHears),
          () => after(fault.serverHears),
        );
        return undefined;
      case 'requests':
        way.requests = fault.odds;
        return () => void (way.requests = undefined);
      case 'block-websocket':
        if (this.#isWalled(fault.page, 'websocket')) return undefined;
        way.webSockets = fault.block;
        if (fault.cuts)
          way.cutAll(
            () => way.latency,
            () => way.latency,
          );
        return () => void (way.webSockets = undefined);
      case 'block-sse':
        if (this.#isWalled(fault.page, 'sse')) return undefined;
        way.streams = fault.block;
        if (fault.cuts)
          way.cutAll(
            () => way.latency,
            () => way.latency,
          );
        return () => void (way.streams = undefined);
      case 'block-long-poll':
        way.heldPolls = fault.block;
        return () => void (way.heldPolls = undefined);
      case 'cap':
        way.cap = fault.bytes;
        return () => void (way.cap = Infinity);
      case 'cap-answers':
        this.#stage.capAnswers(page, fault.cap);
        return () => void (way.answers = undefined);
      case 'garble':
        way.garble = fault.odds;
        return () => void (way.garble = 0);
      case 'sleep':
        actor.note(() => 'sleeps');
        actor.pause();
        return () => {
          actor.note(() => 'wakes');
          actor.resume();
          page.signal('visible');
        };
      case 'offline':
        page.signal('offline');
        way.setStalled(true);
        return () => {
          way.setStalled(false);
          page.signal('online');
        };
      case 'park':
        page.signal('parked');
        return () => page.signal('visible');
      case 'reload':
        this.#reload(fault, page);
        return undefined;
      case 'deny':
        this.#stage.deny(page.name, fault.channel, fault.for);
        return undefined;
      case 'shut': {
        const { address } = fault;
        way.shut(way.doors[address]!, fault.how);
        // Of the page that is there by then.
        return () => void (this.#pages[fault.page]!.way.doors[address]!.shut = undefined);
      }
    }
  }

  #reload({ page: index, says }: Extract<Fault, { kind: 'reload' }>, page: Page): void {
    if (says === 'bye') page.signal('left');
    // What is on its way already goes on without its page.
    this.#stage.vanish(page, says === 'away');
    this.#reloads[index] = (this.#reloads[index] ?? 1) + 1;
    const name = `${personOf(page.name)}/${this.#reloads[index]}`;
    const next = this.#stage.page(name, {}, this.#plan.addresses?.[index]);
    next.way.doors.forEach((door, place) => (door.shut = page.way.doors[place]!.shut));
    Object.assign(next.way, {
      latency: page.way.latency,
      jitter: page.way.jitter,
      webSockets: page.way.webSockets,
      streams: page.way.streams,
      requests: page.way.requests,
      answers: page.way.answers,
    });
    this.#wall(next, index);
    this.#pages[index] = next;
    for (const channel of page.entered) next.subscribe(channel, { presence: { name: next.name } });
  }
}
