/** The process of `memory-fleet.ts`. */
import { memoryStore } from '@iskra/server';
import type { Serving } from '@iskra/server/node';
import { expose } from '../transports/child.js';
import { startNode } from './node.js';

const count = Number(process.argv[2] ?? 3);
const store = memoryStore();
const nodes: Serving[] = [];
for (let node = 0; node < count; node++)
  nodes.push(await startNode({ store, name: `node-${node + 1}`, port: 0 }));
let lives = count;

const verbs = {
  ports: () => nodes.map(({ port }) => port),
  async roll(node: number) {
    const { close, port } = nodes[node]!;
    const { left, closed } = await close();
    nodes[node] = await startNode({ store, name: `node-${++lives}`, port });
    return { left, closed };
  },
};
export type MemoryNodes = typeof verbs;

expose(verbs);
