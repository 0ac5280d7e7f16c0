/** Opens what a row puts between a client and a server. */
import { openBox } from '@iskra/chaos';
import type { Way } from './party.js';
import { PROXIES } from './proxies/proxies.js';
import { runProxy } from './proxies/run.js';
import type { Row } from './rows.js';

export interface Opened extends Way {
  close(): Promise<void>;
}

/** @param ports of one server: a box may ask either */
export async function openWay({ box }: Pick<Row, 'box'>, ports: readonly [number, number]): Promise<Opened> {
  if ('profile' in box) {
    return openBox({ to: ports.map((port) => `http://127.0.0.1:${port}`), profile: box.profile });
  }
  const recipe = PROXIES[box.proxy];
  const { port, close } = await runProxy(recipe, ports);
  const here = { host: '127.0.0.1', port };
  return recipe.forward === true
    ? { url: `http://127.0.0.1:${ports[0]}`, through: here, close }
    : { url: `http://127.0.0.1:${port}`, close };
}
