/** A client by hand: requests that no client would send, and what a network does to one. */
import assert from 'node:assert/strict';
import type { ClientFrame, Continue, ServerFrame, Welcome } from '@iskra/protocol/wire';
import type { SimNode } from '../node.js';
import type { Page } from '../page.js';
import type { Stage } from '../stage.js';

const NONCE = 'n'.repeat(22);
const ANNA = { user: 'anna', expiresIn: null };
/** Opens a session, and once more the same one. */
export const HELLO = ['hello', { version: 1, nonce: NONCE, auth: ANNA }] satisfies ClientFrame;

/** One HTTP request by hand; its answer, once it is there. */
export function request(
  node: SimNode,
  path: 'poll' | 'send',
  ...frames: ClientFrame[]
): { answer?: ServerFrame[] } {
  const found: { answer?: ServerFrame[] } = {};
  // An event of the world, so that all that comes of it is in its time.
  node.actor.world.after(0, () =>
    node.serve(path, JSON.stringify(frames), {
      response: new Response(),
      answer: ({ body }) => (found.answer = JSON.parse(body.toString()) as ServerFrame[]),
      stream: () => ({ queued: 0, write: () => true, whenWritable: () => {}, end: () => {} }),
      whenGone: () => {},
    }),
  );
  return found;
}

/** The same, with its answer: none within 5 s is a failure. */
export async function post(
  stage: Stage,
  node: SimNode,
  path: 'poll' | 'send',
  ...frames: ClientFrame[]
): Promise<ServerFrame[]> {
  const found = request(node, path, ...frames);
  await stage.until(() => found.answer !== undefined, 5_000);
  assert(found.answer, 'the request is answered');
  return found.answer;
}

/** Opens a session by hand: what goes on with it. */
export async function opened(stage: Stage, node: SimNode): Promise<Continue> {
  const [welcome] = await post(stage, node, 'poll', HELLO);
  assert.equal(welcome?.[0], 'welcome');
  const { key, generation } = (welcome[1] as { payload: Welcome }).payload;
  return { nonce: NONCE, key, generation };
}

/** A publish by hand, with its number as its id. */
export const said = (number: number): ClientFrame => [
  'publish',
  number,
  'room',
  { delta: 'said', dimension: 1, omega: 1, lambda: 'continue', payload: { id: `${number}` } },
];

/** Codes of what closes or refuses. */
export const codesOf = (frames: readonly ServerFrame[]): string[] =>
  frames.flatMap((frame) => (frame[0] === 'close' || frame[0] === 'error' ? [frame[1].delta] : []));
/** Its connections are cut; each side hears of it after so many ms. */
export function cut({ way }: Page, pageHears = 0, nodeHears = 0): void {
  way.cutAll(
    () => pageHears,
    () => nodeHears,
  );
}

/** Connections that nodes hold. */
export const connectionsOf = ({ nodes }: Stage): number =>
  nodes.reduce((sum, { core }) => sum + core.connections.size, 0);
