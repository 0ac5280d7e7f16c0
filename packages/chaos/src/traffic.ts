/** All that goes through a box: what is open, the faults that it meets, the clock that ends it, and the numbers of it. */
import type { ClientRequest } from 'node:http';
import type { Socket } from 'node:net';
import { Cache } from './cache.js';
import type { FaultName, Faults } from './faults.js';
import { Caller, Link } from './link.js';
import { lookEvery, timeUp } from './pace.js';
import { ask } from './target.js';
import type { Asking, Target } from './target.js';

/** Numbers since the box was opened. */
export interface Stats {
  /** Connections of clients that are open now. */
  readonly connections: number;
  readonly requests: number;
  /** Of these: those that asked for an upgrade. */
  readonly upgrades: number;
  /** Bytes of bodies and WebSockets that passed to the target, and from it. */
  readonly up: number;
  readonly down: number;
  /** How many requests and WebSockets each fault has done something to. */
  readonly struck: Readonly<Partial<Record<FaultName, number>>>;
}

/** What happened to one request or WebSocket. */
export type BoxEvent = {
  /** The same for all events of one. */
  readonly id: number;
  /** As in `GET /path`. */
  readonly request: string;
} & (
  | { readonly what: 'begun' }
  | { readonly what: 'struck'; readonly fault: FaultName }
  | { readonly what: 'ended'; readonly milliseconds: number; readonly up: number; readonly down: number }
);

export class Traffic {
  readonly cache = new Cache();
  /** Requests for whose answers nobody waits. */
  readonly detached = new Set<ClientRequest>();
  readonly #callers = new Map<Socket, Caller>();
  readonly #links = new Set<Link>();
  readonly #counts = { requests: 0, upgrades: 0, up: 0, down: 0 };
  readonly #struck: Partial<Record<FaultName, number>> = {};
  #faults: Faults = {};
  #clock: NodeJS.Timeout | undefined;
  #turn = 0;

  constructor(
    readonly targets: readonly Target[],
    readonly random: () => number,
    readonly watch: ((event: BoxEvent) => void) | undefined,
  ) {}

  get stats(): Stats {
    return { ...this.#counts, connections: this.#callers.size, struck: { ...this.#struck } };
  }

  /** What is open keeps the shape it has; clocks start anew. */
  meet(faults: Faults): void {
    this.#faults = faults;
    this.cache.clear();
    const now = performance.now();
    for (const caller of this.#callers.values()) caller.since = caller.heardAt = now;
    for (const link of this.#links) {
      link.askedAt = now;
      if (link.upgradedAt !== undefined) link.upgradedAt = now;
      this.#strikeLine(link);
      link.freeze(faults.stall !== undefined);
    }
    clearInterval(this.#clock);
    const every = lookEvery(faults);
    if (every !== undefined) this.#clock = setInterval(() => this.#look(), every);
  }

  called(socket: Socket): void {
    // A connection whose upgrade was taken away comes a second time.
    if (this.#callers.has(socket)) return;
    this.#callers.set(socket, new Caller(socket));
    socket.once('close', () => this.#callers.delete(socket));
  }

  /** Undefined: the connection is half open, and nothing that is said over it is heard. */
  begin(socket: Socket, request: string, upgrade: boolean): Link | undefined {
    const caller = this.#callers.get(socket);
    if (!caller || caller.halved) return undefined;
    this.#counts.requests++;
    if (upgrade) this.#counts.upgrades++;
    const settings = { faults: () => this.#faults, random: this.random };
    const link = new Link(this.#counts.requests, request, caller, this.#faults, settings, this);
    if (this.random() < (this.#faults.resets ?? 0)) link.resetAt = this.random() < 0.5 ? 'before' : 'after';
    caller.links.add(link);
    this.#links.add(link);
    this.watch?.({ id: link.id, request, what: 'begun' });
    this.#strikeLine(link);
    link.freeze(this.#faults.stall !== undefined);
    return link;
  }

  /** Asks the target whose turn it is. */
  ask(link: Link, asking: Asking): ClientRequest {
    const { faults } = link;
    for (const fault of ['http10', 'round-robin', 'rewrite-host', 'strip-headers'] as const) {
      if (faults[fault]) link.strike(fault);
    }
    const turn = faults['round-robin'] ? this.#turn++ : 0;
    return ask(this.targets[turn % this.targets.length]!, asking, faults);
  }

  /** Everything that is open, at once. */
  cutAll(): void {
    for (const link of [...this.#links]) link.cut();
    for (const request of this.detached) request.destroy();
    for (const socket of this.#callers.keys()) socket.destroy();
    this.#callers.clear();
  }

  close(): void {
    clearInterval(this.#clock);
    this.cutAll();
    this.cache.clear();
  }

  struck({ id, request }: Link, fault: FaultName): void {
    this.#struck[fault] = (this.#struck[fault] ?? 0) + 1;
    this.watch?.({ id, request, what: 'struck', fault });
  }

  ended(link: Link): void {
    const { id, request, bytes, began } = link;
    this.#links.delete(link);
    this.#counts.up += bytes.up;
    this.#counts.down += bytes.down;
    const milliseconds = Math.round(performance.now() - began);
    this.watch?.({ id, request, what: 'ended', milliseconds, ...bytes });
  }

  /** Faults of the line are there for all that goes over it. */
  #strikeLine(link: Link): void {
    for (const fault of ['latency', 'jitter', 'bandwidth', 'stall', 'down'] as const) {
      if (this.#faults[fault] !== undefined) link.strike(fault);
    }
  }

  #look(): void {
    const now = performance.now();
    for (const caller of [...this.#callers.values()]) {
      const heardAt = caller.listen(now);
      if (caller.halved) continue;
      const links = [...caller.links];
      const upgraded = links.find(({ upgradedAt }) => upgradedAt !== undefined);
      const life = {
        since: caller.since,
        heardAt,
        askedAt: upgraded ? [] : links.map(({ askedAt }) => askedAt),
        upgradedAt: upgraded?.upgradedAt,
      };
      const fault = timeUp(life, this.#faults, now);
      if (fault === undefined) continue;
      for (const link of links) link.strike(fault);
      if (fault === 'half-open') halve(caller);
      else cut(caller);
    }
  }
}

function halve(caller: Caller): void {
  caller.halved = true;
  for (const link of caller.links) link.halve();
}

function cut({ links, socket }: Caller): void {
  for (const link of links) link.cut();
  socket.destroy();
}
