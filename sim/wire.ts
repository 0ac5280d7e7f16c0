/**
 * One TCP connection between a client and a node: bytes of a direction stay in
 * order, wait while the way is stalled, and are gone when it is cut. Each side
 * learns of a cut late, or never.
 */
import type { Door } from './door.js';
import type { Random } from './random.js';
import type { Actor, World } from './world.js';

/** Bytes that may wait in a socket before it counts as full. */
export const BACKLOG = 16 * 1024;

/** What a wire is used for: a WebSocket, or an HTTP request to one of the routes. */
export type Carried = 'websocket' | 'sse' | 'poll' | 'send';

/** What a wire asks of the way that it runs through. */
export interface Weather {
  /** One way, ms. */
  latency: number;
  /** Added at random to each delivery, ms; other wires are overtaken by it. */
  jitter: number;
  /** Bytes wait: nothing is lost and nothing arrives. */
  stalled: boolean;
}

export class Wire {
  readonly carries: Carried;
  /** Where it leads. */
  readonly door: Door;
  readonly up: Lane;
  readonly down: Lane;
  readonly #world: World;
  #isCut = false;
  /** The client's side hears that the wire is gone. */
  onClientCut: () => void = () => {};
  /** The page closed it because it goes away. */
  isLeft = false;
  /** The server's side does. */
  onServerCut: () => void = () => {};
  readonly #client: Actor;
  #server: Actor | undefined;

  constructor(world: World, weather: Weather, random: Random, client: Actor, carries: Carried, door: Door) {
    this.carries = carries;
    this.door = door;
    this.#world = world;
    this.#client = client;
    this.up = new Lane(this, world, weather, random);
    this.down = new Lane(this, world, weather, random);
  }

  get isCut(): boolean {
    return this.#isCut;
  }

  get server(): Actor | undefined {
    return this.#server;
  }

  /** It has reached a node. */
  arrived(server: Actor): void {
    this.#server = server;
  }

  get client(): Actor {
    return this.#client;
  }

  /** Bytes under way are lost; each side hears of it after so many ms, or never (Infinity). */
  cut(clientHears = 0, serverHears = 0): void {
    if (this.#isCut) return;
    this.#isCut = true;
    this.#world.after(clientHears, () => this.#client.run(() => this.onClientCut()));
    this.#world.after(serverHears, () => this.#server?.run(() => this.onServerCut()));
  }

  /** The stall is over. */
  flow(): void {
    this.up.flow();
    this.down.flow();
  }
}

interface Parcel {
  size: number;
  to: () => Actor | undefined;
  deliver: () => void;
}

export class Lane {
  /** Bytes that were pushed and not taken yet. */
  bytes = 0;
  readonly #wire: Wire;
  readonly #world: World;
  readonly #weather: Weather;
  readonly #random: Random;
  #waiting: Parcel[] = [];
  #isHeld = false;
  /** Nothing that comes later arrives before. */
  #last = 0;
  #whenEmpty: (() => void) | undefined;

  constructor(wire: Wire, world: World, weather: Weather, random: Random) {
    this.#wire = wire;
    this.#world = world;
    this.#weather = weather;
    this.#random = random;
  }

  push(size: number, to: () => Actor | undefined, deliver: () => void): void {
    if (this.#wire.isCut) return;
    this.bytes += size;
    const parcel = { size, to, deliver };
    if (this.#weather.stalled || this.#isHeld || this.#waiting.length > 0) this.#waiting.push(parcel);
    else this.#carry(parcel);
  }

  /** Calls back once, when all of it was taken. */
  whenEmpty(callback: () => void): void {
    this.#whenEmpty = callback;
  }

  /** From now on bytes of this lane wait, whatever the weather. */
  hold(): void {
    this.#isHeld = true;
  }

  release(): void {
    this.#isHeld = false;
    this.flow();
  }

  flow(): void {
    if (this.#isHeld || this.#weather.stalled) return;
    for (const parcel of this.#waiting.splice(0)) this.#carry(parcel);
  }

  #carry({ size, to, deliver }: Parcel): void {
    const { latency, jitter } = this.#weather;
    this.#last = Math.max(this.#last, this.#world.now + latency + jitter * this.#random.next());
    this.#world.at(this.#last, () => {
      if (this.#wire.isCut) return;
      to()?.run(() => {
        this.bytes -= size;
        deliver();
        if (this.bytes > 0) return;
        const whenEmpty = this.#whenEmpty;
        this.#whenEmpty = undefined;
        whenEmpty?.();
      });
    });
  }
}
