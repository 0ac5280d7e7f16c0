/** What every transport must do of a server that runs on something else than Node, and what Node does there by itself. */
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { inNode } from '../browser/places.js';
import { startChild } from './child.js';
import { transportConformance } from './conformance.js';
import type { Server } from './rig.js';
import type { OtherRuntime } from './runtimes.js';
import type { ServeConfig, ServeVerbs } from './served.js';

let nonces = 0;

export function otherRuntime(name: string, runtime: OtherRuntime | undefined): void {
  if (runtime === undefined) {
    it.skip(`a server on ${name}: there is no binary of it for this machine`, () => {});
    return;
  }
  const { program, execArgv, execPath } = runtime;
  transportConformance(`a client in Node, of a server on ${name}`, inNode(), { program, runtime });

  describe(`a server on ${name}`, () => {
    const config: ServeConfig = { times: { slow: 1_000 }, limits: { connectionsPerAddress: 3 } };
    const sockets: WebSocket[] = [];
    let server: Server;
    let place: string;
    beforeAll(async () => {
      server = await startChild<ServeVerbs>(`transports/${program}`, config, execArgv, execPath);
      place = `127.0.0.1:${await server.does.port()}`;
    });
    afterAll(async () => {
      for (const socket of sockets) socket.terminate();
      await server?.kill();
    });

    const heard = new Map<WebSocket, string[]>();
    const open = async (path: string, localAddress = '127.0.0.1'): Promise<WebSocket> => {
      const socket = new WebSocket(`ws://${place}${path}`, path === '/realtime/ws' ? 'iskra.1' : [], {
        localAddress,
      });
      const texts: string[] = [];
      heard.set(socket, texts);
      socket.on('message', (data: Buffer) => texts.push(data.toString()));
      sockets.push(socket.on('error', () => {}));
      await Promise.race([
        once(socket, 'open'),
        once(socket, 'unexpected-response').then(([, answer]) => {
          throw new Error(String((answer as { statusCode: number }).statusCode));
        }),
      ]);
      return socket;
    };
    const greet = async (...frames: unknown[]): Promise<WebSocket> => {
      const socket = await open('/realtime/ws');
      const hello = { version: 1, nonce: `runtime-${nonces++}`.padEnd(22, '-') };
      socket.send(JSON.stringify([['hello', hello], ...frames]));
      await says(socket, /welcome/);
      return socket;
    };
    const says = (socket: WebSocket, text: RegExp): Promise<void> =>
      expect.poll(() => heard.get(socket)?.at(-1), { timeout: 10_000, interval: 10 }).toMatch(text);
    const active = async (): Promise<number> =>
      ((await (await fetch(`http://${place}/health`)).json()) as { active_connections: number })
        .active_connections;
    const gone = async (socket: WebSocket): Promise<number> => {
      const [code] = (await once(socket, 'close')) as [number];
      return code;
    };

    it('closes a reader that takes nothing', { timeout: 20_000 }, async () => {
      const socket = await greet(['subscribe', 1, 'room:slow', {}]);
      socket.pause();
      for (let i = 0; i < 600; i++) await server.does.say('room:slow', 'x'.repeat(60_000));
      // 36 MB were said: more than any socket of the system takes.
      await expect.poll(active, { timeout: 10_000, interval: 100 }).toBe(0);
      socket.terminate();
    });

    it('answers any WebSocket at /ws/<name>, and forgets who has left', async () => {
      const socket = await open('/ws/ada');
      await says(socket, /ada/);
      expect((await fetch(`http://${place}/metrics`)).status).toBe(200);
      socket.send('Привіт');
      await says(socket, /^Server received: Привіт$/);
      expect(await active()).toBe(1);
      socket.close();
      await expect.poll(active, { timeout: 5_000, interval: 20 }).toBe(0);
    });

    it('counts the connections of an address, and gives their places back', async () => {
      const three = await Promise.all(['/realtime/ws', '/realtime/ws', '/ws/ada'].map((path) => open(path)));
      await expect(open('/realtime/ws')).rejects.toThrow('503');
      const elsewhere = await open('/realtime/ws', '127.0.0.2');
      for (const socket of [...three, elsewhere]) socket.terminate();
      await expect.poll(active, { timeout: 5_000, interval: 20 }).toBe(0);
      const again = await open('/realtime/ws');
      again.terminate();
    });

    it('refuses what is no handshake, and keeps nothing of it', async () => {
      for (let i = 0; i < 5; i++) expect((await fetch(`http://${place}/realtime/ws`)).status).toBe(426);
      (await open('/realtime/ws')).terminate();
    });

    it('closes whoever sends a message over the limit', async () => {
      const socket = await greet();
      const closed = gone(socket);
      socket.send(
        JSON.stringify([['publish', 1, 'room:large', { delta: 'said', payload: 'x'.repeat(300_000) }]]),
      );
      expect(await closed).toBe(1009);
    });

    it('says goodbye with its code when it drains', async () => {
      const socket = await greet();
      const closed = gone(socket);
      await server.does.drain(200);
      expect(await closed).toBe(1012);
    });
  });
}
