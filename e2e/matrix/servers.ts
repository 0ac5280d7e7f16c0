/** Our server, and the peer's, as processes of their own. */
import { startChild } from '../transports/child.js';
import type { Child } from '../transports/child.js';
import type { MatrixVerbs } from './served.js';

export interface Servers {
  readonly ours: Child<MatrixVerbs>;
  readonly peer: Child<MatrixVerbs> | undefined;
  kill(): Promise<void>;
}

export async function startServers({ peer }: { peer: boolean }): Promise<Servers> {
  const [ours, theirs] = await Promise.all([
    startChild<MatrixVerbs>('matrix/serve'),
    peer ? startChild<MatrixVerbs>('matrix/serve-socketio') : undefined,
  ]);
  return {
    ours,
    peer: theirs,
    async kill() {
      await Promise.all([ours.kill(), theirs?.kill()]);
    },
  };
}
