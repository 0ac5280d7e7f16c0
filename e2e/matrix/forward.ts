/**
 * Through an HTTP proxy that the user has set, as a browser goes: requests are asked for by their whole address, and a
 * WebSocket goes through a tunnel that CONNECT opens.
 */
import { Agent, request } from 'node:http';
import type { ClientRequest, ClientRequestArgs } from 'node:http';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import type { Duplex } from 'node:stream';
import WebSocket from 'ws';
import type { Environment } from '@iskra/client';

export interface ForwardProxy {
  readonly host: string;
  readonly port: number;
}

type Connected = (error: Error | null, stream: Duplex) => void;

/** Hands every connection to the proxy. Node calls both methods; its types know one of them. */
class ForwardAgent extends Agent {
  constructor(readonly proxy: ForwardProxy) {
    // Some proxies close after each answer without saying so, and Node would ask the next on what is closed.
    super({ keepAlive: false });
  }

  addRequest(request: ClientRequest, asked: ClientRequestArgs): void {
    if (!isUpgrade(request)) request.path = `http://${hostOf(asked)}${request.path}`;
    const take = (Agent.prototype as unknown as { addRequest: ForwardAgent['addRequest'] }).addRequest;
    take.call(this, request, asked);
  }

  override createConnection(asked: ClientRequestArgs, connected: Connected): Duplex | undefined {
    const { host, port } = this.proxy;
    const wantsTunnel = Object.keys(asked.headers ?? {}).some((name) => name.toLowerCase() === 'upgrade');
    if (!wantsTunnel) return connect({ host, port });
    const target = hostOf(asked);
    const tunnel = request({
      host,
      port,
      method: 'CONNECT',
      path: target,
      headers: { Host: target },
      agent: false,
    });
    tunnel.once('connect', ({ statusCode }, socket: Socket) => {
      if (statusCode === 200) return connected(null, socket);
      connected(new Error(`The proxy answered CONNECT ${target} with ${statusCode}.`), socket.destroy());
    });
    tunnel.once('error', (error) => connected(error, undefined as never));
    tunnel.end();
    return undefined;
  }
}

const isUpgrade = (request: ClientRequest): boolean => request.getHeader('upgrade') !== undefined;
const hostOf = ({ host, hostname, port }: ClientRequestArgs): string => `${hostname ?? host}:${port ?? 80}`;

/** For whatever takes an agent of Node. */
export const agentThrough = (proxy: ForwardProxy): Agent => new ForwardAgent(proxy);

/** For our client. */
export function environmentThrough(proxy: ForwardProxy): Partial<Environment> {
  const agent = agentThrough(proxy);
  class TunnelledWebSocket extends WebSocket {
    constructor(url: string, protocol: string) {
      super(url, protocol, { agent: new ForwardAgent(proxy) });
    }
  }
  return {
    fetch: (url, init) => fetchBy(agent, url, init),
    WebSocket: TunnelledWebSocket as unknown as Environment['WebSocket'],
  };
}

/** As much of `fetch` as is asked for: a text goes up, a stream comes down. */
function fetchBy(agent: Agent, url: string, { method, body, signal }: RequestInit): Promise<Response> {
  return new Promise((resolve, reject) => {
    const text = typeof body === 'string' ? body : '';
    const headers = { 'content-type': 'text/plain;charset=UTF-8', 'content-length': Buffer.byteLength(text) };
    const asked = request(url, { method, headers, agent, signal: signal ?? undefined }, (answer) => {
      const { statusCode = 502, headers: said } = answer;
      const type = said['content-type'];
      resolve(
        new Response(Readable.toWeb(answer) as ReadableStream<Uint8Array>, {
          status: statusCode,
          headers: type === undefined ? {} : { 'content-type': type },
        }),
      );
    });
    asked.once('error', reject);
    asked.end(text);
  });
}
