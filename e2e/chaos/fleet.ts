/** Whom chaos falls upon: one server whose memory dies with it, or two nodes of a Redis that lives on. */
import { startRedis } from '../redis/server.js';
import type { Child } from '../transports/child.js';
import type { Chance } from './random.js';
import type { ChaosServeConfig, ChaosServeVerbs } from './serve.js';

export interface Fleet {
  /** One of them dies, and another one starts in its place. */
  kill(): Promise<void>;
  /** One process stands still. */
  freeze(ms: number): Promise<void>;
  hush(): Promise<void>;
  rest(): Promise<void>;
}

export interface Ground {
  /** A server as a process of its own. */
  start(config: Omit<ChaosServeConfig, 'script'>): Promise<Child<ChaosServeVerbs>>;
  /** Where clients get to from now on. */
  aim(ports: readonly number[]): Promise<void>;
  /** Where a process of this name writes its history. */
  file(name: string): string;
  ends: (() => Promise<unknown>)[];
  chance: Chance;
}

export async function startLone({ start, aim, file, chance }: Ground): Promise<Fleet> {
  // In some rounds the next server trusts the keys of the last, and only its memory is gone.
  const secret = chance.happens(0.5) ? 'the same in every life' : undefined;
  let life = 0;
  let server: Child<ChaosServeVerbs>;
  const live = async (): Promise<void> => {
    const own = { life: ++life, node: `${life}`, file: file(`server-${life}`) };
    server = await start({ ...own, secret: secret ?? `secret ${life}` });
    await aim([await server.does.port()]);
  };
  await live();
  return {
    async kill() {
      await aim([]);
      await server.kill();
      await live();
    },
    freeze: (ms) => freeze(server.pid, ms),
    hush: () => server.does.hush(),
    rest: () => server.does.rest(),
  };
}

export async function startShared({ start, aim, file, ends, chance }: Ground): Promise<Fleet> {
  const redis = await startRedis();
  ends.push(() => redis.end());
  let count = 0;
  const node = (): Promise<Child<ChaosServeVerbs>> => {
    const name = `node-${++count}`;
    return start({ life: 1, node: name, file: file(`server-${name}`), secret: 'of all', redis: redis.url });
  };
  const nodes = [await node(), await node()];
  const lead = async (): Promise<void> => aim(await Promise.all(nodes.map(({ does }) => does.port())));
  await lead();
  return {
    async kill() {
      const [one] = nodes.splice(chance.between(0, 1), 1);
      await lead();
      await one!.kill();
      nodes.push(await node());
      await lead();
    },
    async freeze(ms) {
      const one = chance.pick([...nodes, undefined]);
      if (one !== undefined) return freeze(one.pid, ms);
      redis.pause();
      await pause(ms);
      redis.resume();
    },
    hush: async () => void (await Promise.all(nodes.map(({ does }) => does.hush()))),
    // They are one store: one of them tells all.
    rest: () => nodes[0]!.does.rest(),
  };
}

async function freeze(pid: number, ms: number): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  await pause(ms);
  process.kill(pid, 'SIGCONT');
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
