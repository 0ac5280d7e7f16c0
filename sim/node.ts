/** One server process: the real core of a node, on an actor that can be paused and killed. */
import type { Core, Exchange, Place, Transport } from '@iskra/server/parts';
import { Connection, createCore, Drain, makeRounds, PollTransport, SseTransport } from '@iskra/server/parts';
import { parseMessage } from '@iskra/protocol/wire';
import type { CoreOptions } from '@iskra/server/parts';
import { createRandom } from './random.js';
import type { SimStore } from './store.js';
import { Actor } from './world.js';
import type { World } from './world.js';

export interface NodeOptions {
  world: World;
  seed: number;
  name: string;
  store: SimStore;
  /** Permissions, handlers, limits and times. */
  core: CoreOptions;
  /** What answers requests: told of the core each time that the node starts. */
  prepare(core: Core, actor: Actor): void;
}

/** Ms between two looks of a balancer at who is ready. */
const READINESS = 2_000;

const PLACE: Place = { known() {}, release() {} };
const REQUEST = new Request('http://sim.example/');

export class SimNode {
  readonly name: string;
  readonly #options: NodeOptions;
  #lives = 0;
  #drainsSince = Infinity;
  actor: Actor;
  core: Core;

  constructor(options: NodeOptions) {
    this.#options = options;
    this.name = options.name;
    [this.actor, this.core] = this.#boot();
  }

  /** Whether anybody who is sent here is heard: also on a node that is paused, which nobody can see. */
  get listens(): boolean {
    return !this.actor.isDead;
  }

  /** Whether a balancer still sends anybody here: it takes a moment to see a drain. */
  get isReady(): boolean {
    return this.listens && this.#options.world.now < this.#drainsSince + READINESS;
  }

  start(): void {
    this.#drainsSince = Infinity;
    [this.actor, this.core] = this.#boot();
  }

  /** Dies without a word. Whoever is connected is cut by the stage. */
  kill(): void {
    this.actor.note(() => 'killed');
    this.actor.kill();
    this.#options.store.forget(this.actor);
  }

  /** Sends its clients away over so many ms. Nobody is closed: whoever plays ends the node. */
  drain(spread: number, notice = 0): void {
    this.#drainsSince = this.#options.world.now;
    this.actor.run(() => {
      this.actor.note(() => `drains over ${spread} ms`);
      this.core.drain = new Drain(this.core, { spread, notice, timeout: Infinity });
    });
  }

  /** A WebSocket that was accepted. */
  connect(transport: Transport): Connection {
    return new Connection(this.core, transport, {
      mode: 'stream',
      address: '10.0.0.1',
      request: REQUEST,
      place: PLACE,
    });
  }

  /** One HTTP request. */
  serve(path: 'sse' | 'poll' | 'send', body: string, exchange: Exchange): void {
    const mode = path === 'sse' ? 'stream' : path;
    const transport =
      path === 'sse'
        ? new SseTransport(exchange)
        : new PollTransport(path === 'send' ? 'send' : 'long-poll', exchange);
    const connection = new Connection(this.core, transport, {
      mode,
      address: '10.0.0.1',
      request: REQUEST,
      place: PLACE,
    });
    // Sends go on when their peer has gone: it will ask for their outcome.
    if (mode !== 'send') exchange.whenGone(() => connection.dispose());
    connection.receive(parseMessage(body));
  }

  #boot(): [Actor, Core] {
    const { world, seed, name, store, core: options, prepare } = this.#options;
    const life = ++this.#lives;
    const random = createRandom(seed, `${name} life ${life}`);
    const actor = new Actor(world, name, random.whole(1, 1_000_000));
    const core = createCore(
      // Nobody reads events here, so none need be made to be analysed.
      { patterns: false, ...options, node: name, store: store.view(actor), secret: 'the same on every node' },
      {
        clock: actor.clock,
        wallClock: () => actor.wallClock(),
        defer: (task) => void world.at(world.now, () => actor.run(task)),
        randomId: () => Buffer.from(random.bytes(16)).toString('base64url'),
      },
    );
    makeRounds(core);
    prepare(core, actor);
    actor.note(() => (life === 1 ? 'starts' : 'starts again'));
    return [actor, core];
  }
}
