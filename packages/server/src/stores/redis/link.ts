/**
 * The connections to Redis: one, or one to each master of a cluster. Runs scripts, each in bounded time: what cannot
 * be sent waits for a moment and is rejected then, what is not answered is rejected, and there is a limit to how
 * much of both there is. Nothing is ever sent twice.
 */
import { Cluster, Redis } from 'ioredis';
import type { RedisOptions } from 'ioredis';
import { ToldError } from '../../observe/failure.js';
import { addressOf, explain, inShort, optionsOf } from './address.js';
import { slotOf } from './keys.js';
import type { Script } from './scripts/script.js';

export interface LinkOptions {
  /** `redis://` or `rediss://`; several are nodes of a cluster. */
  readonly urls: readonly string[];
  readonly isCluster: boolean;
  /** Of ioredis: TLS, sentinels, names and passwords. */
  readonly connection: RedisOptions;
  /** Milliseconds that a verb may take. */
  readonly timeout: number;
  /** Acknowledged is only what a replica has. */
  readonly isReplicated: boolean;
  readonly scripts: readonly Script[];
}

/** Scripts that may be under way, or wait for a connection. */
const MOST = 20_000;
/** Milliseconds that a replica has to say that it has it. */
const REPLICATION = 500;
/** Milliseconds between looks for what was not answered. */
const TICK = 100;

/** Answers by which a cluster says that it did not do it, and that it will be done soon, or elsewhere. */
const REFUSALS: ReadonlySet<string> = new Set(['MOVED', 'ASK', 'TRYAGAIN', 'CLUSTERDOWN']);

interface Pending {
  readonly name: string;
  readonly until: number;
  readonly reject: (error: Error) => void;
}

export class Link {
  readonly #options: LinkOptions;
  readonly #redis: Redis | undefined;
  readonly #cluster: Cluster | undefined;
  readonly #pending = new Set<Pending>();
  #ticking: NodeJS.Timeout | undefined;
  /** A number for each connection that there ever was. */
  #connections = 0;
  readonly #connectionOf = new WeakMap<Redis, number>();
  readonly #replications = new WeakMap<Redis, Promise<number>>();
  /** What waits for a connection. */
  #becoming: Promise<void> | undefined;
  #lastError = '';
  #isEnded = false;

  constructor(options: LinkOptions) {
    this.#options = options;
    if (options.isCluster) {
      this.#cluster = new Cluster(options.urls.map(addressOf), {
        ...{ redisOptions: this.#redisOptions(options.urls[0] ?? ''), shardedSubscribers: false },
        // What was under way when a connection ended may have been done: it is for the caller to ask again.
        ...{ retryDelayOnFailover: 0, retryDelayOnClusterDown: 0, retryDelayOnTryAgain: 0 },
        ...{ slotsRefreshInterval: 2_000, slotsRefreshTimeout: 1_000 },
        clusterRetryStrategy: retry,
      });
      this.#cluster.on('error', (error: Error) => (this.#lastError = inShort(error)));
      this.#cluster.on('node error', (error: Error) => (this.#lastError = inShort(error)));
      this.#cluster.on('+node', (node: Redis) => this.#count(node));
    } else {
      this.#redis = this.connect();
      this.#count(this.#redis);
    }
  }

  /** Runs a script in the slot of its first key. */
  run(script: Script, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    if (this.#isEnded)
      return Promise.reject(new ToldError(`The store has ended; ${script.name} is not asked any more.`));
    if (this.#pending.size >= MOST) {
      return Promise.reject(
        new ToldError(
          `Redis has ${MOST} questions to answer already; ${script.name} is not asked. It is slow or away, or the load is too much for it.`,
        ),
      );
    }
    return new Promise((resolve, reject) => {
      const pending: Pending = {
        name: script.name,
        until: performance.now() + this.#options.timeout,
        reject,
      };
      this.#pending.add(pending);
      this.#ticking ??= setInterval(() => this.#tick(), TICK);
      this.#perform(script, keys, args, pending)
        .then(resolve, (error: Error) => reject(explain(script.name, error)))
        .finally(() => this.#settled(pending));
    });
  }

  /** What serves this key: the same text for the same master. Undefined while that is not known. */
  placeOf(key: string): string | undefined {
    if (this.#cluster === undefined) return 'redis';
    return this.#cluster.slots[slotOf(key)]?.[0];
  }

  /** The number of the connection to a place: another one, when it broke meanwhile. */
  connectionOf(place: string): number {
    const redis = this.#at(place);
    return (redis && this.#connectionOf.get(redis)) ?? -1;
  }

  /** Whether scripts that name several slots have to be several scripts. */
  get hasSlots(): boolean {
    return this.#cluster !== undefined;
  }

  /** Settles once there is a connection, and rejects when there is none in time. */
  ready(): Promise<void> {
    const client = this.#redis ?? this.#cluster;
    if (client === undefined || client.status === 'ready') return Promise.resolve();
    return (this.#becoming ??= new Promise<void>((resolve, reject) => {
      const onReady = (): void => {
        clearTimeout(timer);
        this.#becoming = undefined;
        resolve();
      };
      const timer = setTimeout(() => {
        client.off('ready', onReady);
        this.#becoming = undefined;
        reject(this.#unreachable());
      }, this.#options.timeout);
      client.once('ready', onReady);
    }));
  }

  /** The same, waiting for it in bounded time: a master that died may be about to be replaced. */
  async place(key: string): Promise<string> {
    await this.ready();
    await this.#ownerOf(key, performance.now() + this.#options.timeout);
    return this.placeOf(key) ?? '';
  }

  /** Learns anew who serves which slot. */
  async refresh(): Promise<void> {
    await new Promise<void>((resolve) => {
      if (this.#cluster === undefined) resolve();
      else this.#cluster.refreshSlotsCache(() => resolve());
    });
  }

  /** Another connection, to a place: for whom hints come to. It connects again by itself. */
  connect(place?: string): Redis {
    const { urls } = this.#options;
    const redis = new Redis({
      ...this.#redisOptions(urls[0] ?? ''),
      ...(place !== undefined && place !== 'redis' && addressOf(`redis://${place}`)),
      retryStrategy: retry,
    });
    redis.on('error', (error: Error) => (this.#lastError = inShort(error)));
    return redis;
  }

  end(): void {
    this.#isEnded = true;
    clearInterval(this.#ticking);
    for (const { reject, name } of this.#pending)
      reject(new ToldError(`The store ended before ${name} was answered.`));
    this.#pending.clear();
    this.#redis?.disconnect();
    this.#cluster?.disconnect();
  }

  async #perform(
    script: Script,
    keys: readonly string[],
    args: readonly (string | number)[],
    pending: Pending,
  ): Promise<unknown> {
    const [first = ''] = keys;
    if ((this.#redis ?? this.#cluster)?.status !== 'ready') await this.ready();
    for (;;) {
      const redis = this.#redis ?? (await this.#ownerOf(first, pending.until));
      // Whoever asked was told that it failed: what was not sent by then is not sent any more.
      if (!this.#pending.has(pending)) throw this.#unreachable();
      try {
        return await this.#evaluate(redis, script, keys, args);
      } catch (error) {
        const [word = '', , target] = (error as Error).message.split(' ');
        if (!REFUSALS.has(word) || !this.#pending.has(pending)) throw error;
        if (word === 'MOVED') await this.refresh();
        const owner = this.#at(target);
        if (word === 'ASK' && owner !== undefined) return this.#evaluate(owner, script, keys, args, true);
        await new Promise((resolve) => setTimeout(resolve, word === 'MOVED' ? 0 : TICK));
      }
    }
  }

  async #evaluate(
    redis: Redis,
    script: Script,
    keys: readonly string[],
    args: readonly (string | number)[],
    isAsking = false,
  ): Promise<unknown> {
    let answer: unknown;
    // Holds for the next command only.
    const asking = (): void => void (isAsking && redis.asking().catch(() => {}));
    gather(redis);
    try {
      asking();
      answer = await redis.evalsha(script.sha, keys.length, ...keys, ...args);
    } catch (error) {
      if (!(error as Error).message.startsWith('NOSCRIPT')) throw error;
      asking();
      answer = await redis.eval(script.source, keys.length, ...keys, ...args);
    }
    if (this.#options.isReplicated && script.isPromise && (await this.#replicated(redis)) < 1) {
      throw new ToldError(
        `no replica said within ${REPLICATION} ms that it has it, as durability "replicated" asks for. It may be done; who asks again with the same key is told so.`,
      );
    }
    return answer;
  }

  /** One question for everything that was done in this turn: WAIT speaks of all that its connection has written. */
  #replicated(redis: Redis): Promise<number> {
    let known = this.#replications.get(redis);
    if (known === undefined) {
      known = new Promise((resolve) => setImmediate(resolve)).then(() => {
        this.#replications.delete(redis);
        return redis.wait(1, REPLICATION);
      });
      this.#replications.set(redis, known);
    }
    return known;
  }

  async #ownerOf(key: string, until: number): Promise<Redis> {
    for (;;) {
      const owner = this.#at(this.placeOf(key));
      if (owner !== undefined) return owner;
      if (performance.now() > until || this.#isEnded) throw this.#unreachable();
      await new Promise((resolve) => setTimeout(resolve, TICK));
      await this.refresh();
    }
  }

  #at(place: string | undefined): Redis | undefined {
    if (this.#cluster === undefined) return this.#redis;
    return this.#cluster.nodes('all').find(({ options }) => `${options.host}:${options.port}` === place);
  }

  #count(redis: Redis): void {
    const next = (): void => void this.#connectionOf.set(redis, ++this.#connections);
    next();
    redis.on('close', next);
    redis.on('ready', () => {
      for (const { source } of this.#options.scripts) redis.script('LOAD', source).catch(() => {});
    });
  }

  #tick(): void {
    const now = performance.now();
    // In the order in which they were asked.
    for (const pending of this.#pending) {
      if (pending.until > now) return;
      this.#settled(pending);
      const why = this.#lastError === '' ? '' : ` The last trouble was: ${this.#lastError}.`;
      pending.reject(
        new ToldError(
          `Redis did not answer ${pending.name} within ${this.#options.timeout} ms. It may be done or not.${why}`,
        ),
      );
    }
  }

  #settled(pending: Pending): void {
    this.#pending.delete(pending);
    if (this.#pending.size > 0) return;
    clearInterval(this.#ticking);
    this.#ticking = undefined;
  }

  #unreachable(): Error {
    const { urls } = this.#options;
    // Not the URL, which may hold a password.
    const where = urls
      .map(addressOf)
      .map(({ host, port }) => `${host}:${port}`)
      .join(', ');
    return new ToldError(
      `Redis at ${where} cannot be reached${this.#lastError === '' ? '' : `: ${this.#lastError}`}. Nothing was asked of it; it is tried again and again.`,
    );
  }

  #redisOptions(url: string): RedisOptions {
    const { timeout, connection } = this.#options;
    return {
      ...optionsOf(url),
      connectionName: 'iskra',
      connectTimeout: timeout,
      // A connection that says nothing is given up, and what waits in it with it.
      socketTimeout: timeout + 1_000,
      enableOfflineQueue: this.#options?.isCluster === true,
      autoResendUnfulfilledCommands: false,
      autoResubscribe: false,
      maxRetriesPerRequest: 0,
      retryStrategy: retry,
      // The primary has become a replica: its name may lead to the new one by now.
      reconnectOnError: (error) => error.message.startsWith('READONLY'),
      ...connection,
    };
  }
}

/** What is asked in one turn leaves in one write: a write costs more than all else that a question does. */
function gather({ status, stream }: Redis): void {
  // A master of a cluster connects when it is asked first: until then there is nothing to write to.
  if (status !== 'ready' || stream.writableCorked > 0) return;
  stream.cork();
  process.nextTick(() => stream.uncork());
}

const retry = (times: number): number =>
  Math.min(2_000, 50 * 2 ** Math.min(times, 6)) * (0.5 + Math.random() / 2);
