/** What the page of chaos loads: the same clients, whose lines are written down outside. */
import { createActor } from './actor.js';
import type { ActorOptions } from './actor.js';

declare function chaosLine(text: string): void;

const actors: ReturnType<typeof createActor>[] = [];

export interface ChaosInPage {
  open(options: ActorOptions): void;
  hush(): void;
  rest(): void;
}

const inPage: ChaosInPage = {
  open: (options) =>
    void actors.push(createActor(options, (line) => chaosLine(JSON.stringify(line)), undefined)),
  hush: () => actors.forEach((actor) => actor.hush()),
  rest: () => actors.forEach((actor) => actor.rest()),
};
Object.assign(globalThis, { chaosInPage: inPage });
