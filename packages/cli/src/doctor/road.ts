/** The road of the command: every byte by hand, so that it can say who answered and what was stripped. */
import type { Road } from '@iskra/client/doctor';
import { post } from './post.js';
import type { Ground } from './post.js';
import { openSse } from './sse.js';
import { openWebSocket } from './websocket.js';

export function openRoad(ground: Ground): Road {
  const road: Road = {
    url: ground.url,
    timeout: ground.timeout,
    origin: ground.origin,
    isPage: false,
    post: (name, message, asked) => post({ ...ground, ...asked }, name, message, asked?.within),
    openSse: (message) => openSse(ground, road, message),
    openWebSocket: (message) => openWebSocket(ground, message),
    close: () => ground.way.close(),
  };
  return road;
}
