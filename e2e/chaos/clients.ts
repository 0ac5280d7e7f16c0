/** A process of Node with some clients in it. */
import { openSync, writeSync } from 'node:fs';
import { WebSocket } from 'ws';
import { expose } from '../transports/child.js';
import { createActor } from './actor.js';

export interface ChaosClientsConfig {
  url: string;
  seed: number;
  names: string[];
  /** Where their histories are written. */
  file: string;
}

const { url, seed, names, file } = JSON.parse(process.argv[2] ?? '{}') as ChaosClientsConfig;
const history = openSync(file, 'a');
const actors = names.map((name) =>
  createActor(
    { name, url, seed },
    (line) => writeSync(history, `${JSON.stringify(line)}\n`),
    (globalThis.WebSocket ?? WebSocket) as never,
  ),
);

const verbs = {
  hush: () => actors.forEach((actor) => actor.hush()),
  rest: () => actors.forEach((actor) => actor.rest()),
};
export type ChaosClientsVerbs = typeof verbs;

expose(verbs);
