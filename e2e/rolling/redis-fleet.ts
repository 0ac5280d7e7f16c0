/** A Redis of its own, and processes that share it, ended by SIGTERM as whoever deploys does. */
import { compiled, serving, start } from '../programs.js';
import type { Serving } from '../programs.js';
import { startRedis } from '../redis/server.js';
import type { MortalFleet } from './fleet.js';

export async function redisFleet(count: number): Promise<MortalFleet> {
  const redis = await startRedis();
  const startOne = (name: string, port: number): Promise<Serving> =>
    serving(
      start(process.execPath, [compiled('rolling/serve-redis'), name], {
        REDIS_URL: redis.url,
        PORT: String(port),
      }),
    );
  const nodes: Serving[] = [];
  for (let node = 0; node < count; node++) nodes.push(await startOne(`node-${node + 1}`, 0));
  let lives = count;
  return {
    is: `${count} processes on one Redis`,
    ports: nodes.map(({ port }) => port),
    async roll(node) {
      const old = nodes[node]!;
      old.process.kill('SIGTERM');
      const { code, signal } = await old.ended;
      if (code !== 0) throw new Error(`A node ended with ${code ?? signal} instead of 0:\n${old.stdout}`);
      nodes[node] = await startOne(`node-${++lives}`, old.port);
      const lines = old.stdout.split('\n');
      const closed = /"closed":(\d+)/.exec(old.stdout.slice(old.stdout.indexOf('"drain_ended"')))?.[1];
      return { left: lines.filter((line) => line.includes('"client_left"')).length, closed: Number(closed) };
    },
    signal: (node, signal) => void nodes[node]!.process.kill(signal),
    async close() {
      for (const { process } of nodes) process.kill('SIGKILL');
      await Promise.all(nodes.map(({ ended }) => ended));
      await redis.end();
    },
  };
}
