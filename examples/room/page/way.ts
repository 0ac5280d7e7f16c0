/** This visit's own way through the demo server, on which it can block a transport. */
import { randomId } from './dom.js';

export type Blockable = 'websocket' | 'sse' | 'long-poll';

const id = randomId(16);

/** Where the transports are, by this way. */
export const REALTIME = `/way/${id}/realtime`;

/** Blocks a transport on this way, or opens it again. Answers what is blocked now. */
export async function block(transport: Blockable, blocked: boolean): Promise<readonly Blockable[]> {
  const response = await fetch(`/way/${id}/block`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ transport, blocked }),
  });
  if (!response.ok) throw new Error(await response.text());
  return ((await response.json()) as { blocked: Blockable[] }).blocked;
}
