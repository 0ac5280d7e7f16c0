/**
 * The way between one client and the nodes: a browser's `fetch` and `WebSocket`
 * on one end, a balancer that needs no affinity on the other, and between them
 * whatever the fault plan puts there.
 */
import type { Environment as ClientEnvironment } from '@iskra/client';
import { Call } from './call.js';
import type { AnswerCap } from './caps.js';
import type { Door } from './door.js';
import type { SimNode } from './node.js';
import type { Random } from './random.js';
import { SimSocket } from './socket.js';
import type { Tap } from './tap.js';
import { Wire } from './wire.js';
import type { Carried, Weather } from './wire.js';
import type { Actor, World } from './world.js';

/** What is done to WebSockets: those that open from now on. */
export type WebSocketBlock =
  { how: 'refused' | 'hangs' | 'silent' | 'first-frame' } | { how: 'cut'; after: number };
/** What is done to event streams. */
export type StreamBlock = { how: 'refused' | 'buffered' | 'one-behind' } | { how: 'cut'; after: number };
/** What is done to held polls. */
export type PollBlock = { how: 'cut'; after: number };

/** What may happen to an HTTP request; probabilities of each. */
export interface RequestFaults {
  /** It never arrives. */
  lost: number;
  /** It is processed, and its answer is lost. */
  unanswered: number;
  /** A proxy sends it to two nodes at once. */
  twice: number;
  /** It arrives many seconds late, when its sender has given up already. */
  late: number;
  /** Its answer breaks off. */
  truncated: number;
  /** A proxy answers 502 and passes nothing on. */
  gateway: number;
}

/** What happens to one request by hand: as by chance, or steered. */
export type Decision =
  | keyof RequestFaults
  /** It arrives at this node so many ms later; its sender hears nothing of it. */
  | { late: number; at: SimNode }
  /** A copy arrives at this node at the same time; nobody hears its answer. */
  | { copyTo: SimNode };

/** A message, as it leaves the page or as it arrives there. */
export interface Overheard {
  readonly at: number;
  readonly wire: Wire;
  readonly by: 'page' | 'node';
  readonly text: string;
}

export interface WayOptions {
  world: World;
  random: Random;
  client: Actor;
  tap: Tap;
  /** The servers that the page knows. */
  doors: readonly Door[];
}

export class Way implements Weather {
  latency = 5;
  jitter = 2;
  stalled = false;
  webSockets: WebSocketBlock | undefined;
  streams: StreamBlock | undefined;
  heldPolls: PollBlock | undefined;
  requests: RequestFaults | undefined;
  /** Decides what happens to a request, before chance does; undefined leaves it to chance. */
  decide: ((path: 'sse' | 'poll' | 'send', body: string) => Decision | undefined) | undefined;
  /** Where everything new goes, as long as it listens there; otherwise the balancer says. */
  to: SimNode | undefined;
  /** Is told every message. */
  overhears: ((message: Overheard) => void) | undefined;
  /** Bodies over this many bytes are answered 413 by a proxy. */
  cap = Infinity;
  /** What is done to large answers. */
  answers: AnswerCap | undefined;
  /** Probability that an entry of a channel arrives as a frame that nobody can read. */
  garble = 0;
  readonly world: World;
  readonly random: Random;
  readonly client: Actor;
  readonly tap: Tap;
  readonly doors: readonly Door[];
  readonly #wires = new Set<Wire>();

  constructor({ world, random, client, tap, doors }: WayOptions) {
    this.world = world;
    this.random = random;
    this.client = client;
    this.tap = tap;
    this.doors = doors;
  }

  /** The next node in turn that listens behind this door. */
  node(door: Door): SimNode | undefined {
    return door.node(this.to);
  }

  #door(url: string): Door {
    return this.doors.find(({ address }) => url.replace(/^ws/, 'http').startsWith(address))!;
  }

  wire(carries: Carried, door: Door): Wire {
    const wire = new Wire(this.world, this, this.random, this.client, carries, door);
    this.#wires.add(wire);
    return wire;
  }

  done(wire: Wire): void {
    this.#wires.delete(wire);
    this.tap.over(wire);
  }

  get wires(): ReadonlySet<Wire> {
    return this.#wires;
  }

  /** The newest open wire that is used for this. */
  newest(carried: Carried): Wire | undefined {
    return [...this.#wires].filter(({ carries }) => carries === carried).at(-1);
  }

  hear(wire: Wire, by: Overheard['by'], text: string): void {
    const line = this.tap.of(wire);
    if (by === 'page') line.said(text);
    else line.heard(text);
    this.client.note(() => `${by === 'page' ? '⇡' : '⇣'} ${text}`);
    this.overhears?.({ at: this.world.now, wire, by, text });
  }

  /** What is left of a message when it arrives. */
  arriving(text: string): string {
    if (this.garble === 0) return text;
    return text.replace(/\["entry","(?!@)/g, (frame) =>
      this.random.chance(this.garble) ? frame.replace('entry', 'entr\u00ff') : frame,
    );
  }

  /** The page goes away: its WebSockets are closed with 1001. */
  goAway(): void {
    for (const wire of this.#wires) wire.isLeft = true;
  }

  setStalled(stalled: boolean): void {
    this.stalled = stalled;
    if (!stalled) for (const wire of this.#wires) wire.flow();
  }

  /** Nothing gets to this address any more; what is open there is cut, and whoever hangs does not hear of it. */
  shut(door: Door, how: 'refused' | 'hangs'): void {
    door.shut = how;
    const hears = how === 'hangs' ? Infinity : this.latency;
    for (const wire of [...this.#wires].filter((one) => one.door === door)) {
      wire.cut(hears, this.latency);
      if (how === 'refused') this.#wires.delete(wire);
    }
  }

  /** Cuts everything that is open; each side hears of it after so many ms, or never. */
  cutAll(clientHears: () => number, serverHears: () => number): void {
    for (const wire of [...this.#wires]) {
      wire.cut(clientHears(), serverHears());
      this.#wires.delete(wire);
    }
  }

  readonly fetch: ClientEnvironment['fetch'] = (url, { body, signal }) =>
    new Promise<Response>((resolve, reject) => {
      const door = this.#door(url);
      const path = url.slice(door.address.length + 1) as 'sse' | 'poll' | 'send';
      new Call(this, door, path, resolve, reject, signal ?? undefined).send(body as string);
    });

  get WebSocket(): NonNullable<ClientEnvironment['WebSocket']> {
    // eslint-disable-next-line typescript/no-this-alias -- the class below has a `this` of its own
    const way: Way = this;
    return class extends SimSocket {
      constructor(url: string) {
        super(way, way.#door(url));
      }
    };
  }
}
