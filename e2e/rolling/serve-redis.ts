/** One of the processes of `redis-fleet.ts`. It ends with its parent, whatever becomes of that. */
import { redisStore } from '@iskra/server/redis';
import { startNode } from './node.js';

process.stdin.resume().once('end', () => process.exit(1));
const { port } = await startNode({
  store: redisStore(process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379'),
  name: process.argv[2] ?? 'node',
  port: Number(process.env['PORT'] ?? 0),
  signals: true,
  logged: true,
});
console.error(`http://127.0.0.1:${port}`);
