/** The server process of a case: serves, then answers the harness about its port, CPU time and memory. */
import { setImmediate as turn } from 'node:timers/promises';
import { answer, cpu } from '../harness/child.js';
import type { Case } from '../harness/work.js';

/** Starts the server of a case on a free port of 127.0.0.1 and gives the port. */
export type Serve = (the: Case) => Promise<number>;

const the = JSON.parse(process.argv[2]!) as Case;
const port = await (await serverOf(the))(the);

answer({ port: () => port, cpu, memory });

/** Loads the code of this one server only: what another peer loads would be in its memory. */
async function serverOf({ peer, transport }: Case): Promise<Serve> {
  if (peer === 'iskra') return (await import('./iskra.js')).serveIskra;
  if (peer === 'socketio') return (await import('./socketio.js')).serveSocketIo;
  if (peer === 'net') return (await import('./net.js')).serveNet;
  if (transport === 'websocket') return (await import('./ws.js')).serveWs;
  return (await import('./http.js')).serveHttp;
}

/** Resident bytes once nothing is left to collect: collections return pages late, so it asks until they stop coming. */
async function memory(): Promise<number> {
  let lowest = Number.POSITIVE_INFINITY;
  for (let passes = 0, idle = 0; passes < 30 && idle < 4; passes++) {
    globalThis.gc!();
    await turn();
    const { rss } = process.memoryUsage();
    idle = rss < lowest ? 0 : idle + 1;
    lowest = Math.min(lowest, rss);
  }
  return lowest;
}
