/**
 * What it costs to be looked at: the echo with the log and the numbers as they are by default, beside the same without
 * either; and how long `/metrics` takes with 5,000 sessions.
 */
import { byLoad } from '../harness/measure.js';
import type { Work } from '../harness/work.js';
import { inTurn } from '../load/line.js';
import { speakWebSocket } from '../load/speech.js';
import { WebSocketLine } from '../load/websocket.js';
import { echo } from './echo.js';

const SESSIONS = 5_000;
/** Times that `/metrics` is asked: the slowest answer counts. */
const ASKED = 20;

const observedEcho: Work = {
  ...echo,
  name: 'observed-echo',
  title: `${echo.title}, with log and metrics`,
  rows: [
    {
      key: 'iskra',
      peer: 'iskra',
      transport: 'websocket',
      label: 'as by default',
      // A tenth less throughput.
      goals: [{ atMost: 1.11, of: 'unobserved' }],
    },
    { key: 'unobserved', peer: 'iskra', transport: 'websocket', label: 'no log, no metrics' },
  ],
};

const metrics: Work = {
  name: 'metrics',
  title: `/metrics with ${SESSIONS.toLocaleString('en')} sessions over WebSocket, the slowest of ${ASKED} answers`,
  unit: 'ms',
  digits: 1,
  rows: [{ key: 'iskra', peer: 'iskra', transport: 'websocket', label: 'Iskra', goals: [{ atMost: 50 }] }],
  maxRounds: 3,
  measure: byLoad,
  load: async ({ peer }, port) => {
    let counted = 0;
    let slowest = 0;
    await inTurn(SESSIONS, 16, async () => {
      await WebSocketLine.open(port, speakWebSocket(peer, { payload: null }));
      counted++;
    });
    const ask = async (): Promise<number> => {
      const began = performance.now();
      const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      const took = performance.now() - began;
      if (!text.includes(`\niskra_sessions ${SESSIONS}\n`))
        throw new Error('/metrics does not know of all sessions');
      return took;
    };
    return {
      begin: async () => {
        // The first compiles code, here and there.
        await ask();
        for (let asked = 0; asked < ASKED; asked++) slowest = Math.max(slowest, await ask());
      },
      counted: () => counted,
      figure: () => slowest,
    };
  },
};

export const observedWorks: readonly Work[] = [observedEcho, metrics];
