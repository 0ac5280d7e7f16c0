/** The demo that `npm start` starts, as a process of its own. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../../examples/dist/room/server.js', import.meta.url));

export interface Room {
  readonly url: string;
  stop(): Promise<void>;
}

export async function serveRoom(): Promise<Room> {
  const child = spawn(process.execPath, [PROGRAM], {
    env: { ...process.env, PORT: '0', HOST: '127.0.0.1', NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const url = await new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).on('line', (line) => {
      const [found] = /http:\/\/127\.0\.0\.1:\d+/.exec(line) ?? [];
      if (found !== undefined) resolve(found);
    });
    void ended.then(() => reject(new Error('The demo ended before it was there.')));
  });
  return {
    url,
    stop() {
      child.kill('SIGKILL');
      return ended;
    },
  };
}
