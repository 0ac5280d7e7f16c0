/** The way to a server: name, TCP, the proxy of the environment, TLS. It opens connections, and ends all of them at once. */
import { request } from 'node:http';
import { connect, isIP } from 'node:net';
import type { Socket } from 'node:net';
import { connect as secure } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import { bareHost, portOf, proxyAuthorization } from './proxy.js';
import type { ReachCode, ReachFailed, StepSeen } from '@iskra/client/doctor';
import { tlsTrouble } from './trouble.js';

/** The server cannot be reached. */
export class Unreachable extends Error implements ReachFailed {
  constructor(
    readonly step: StepSeen['step'],
    readonly code: ReachCode,
    readonly detail: string,
    /** The proxy's answer to CONNECT. */
    readonly status?: number,
    /** Those that were made before. */
    readonly steps: StepSeen[] = [],
  ) {
    super(detail);
  }
}

export interface WayOptions {
  readonly target: URL;
  readonly proxy: URL | undefined;
  /** For each step, ms. */
  readonly timeout: number;
}

export interface Opened {
  readonly socket: Socket;
  readonly steps: readonly StepSeen[];
}

export class Way {
  readonly #options: WayOptions;
  readonly #sockets = new Set<Socket>();
  #closed = false;

  constructor(options: WayOptions) {
    this.#options = options;
  }

  /** Whether requests go to the proxy itself, by their whole address. With TLS, and for a WebSocket, it tunnels. */
  get forwards(): boolean {
    return this.#options.proxy !== undefined && this.#options.target.protocol === 'http:';
  }

  /** What a request that the proxy forwards has to show. */
  get authorization(): string | undefined {
    const { proxy } = this.#options;
    return proxy && this.forwards ? proxyAuthorization(proxy) : undefined;
  }

  /** A new connection. Rejects with `Unreachable`. */
  async open(purpose: 'post' | 'webSocket'): Promise<Opened> {
    const steps: StepSeen[] = [];
    try {
      return { socket: await this.#walk(purpose, steps), steps };
    } catch (error) {
      if (error instanceof Unreachable) error.steps.push(...steps);
      throw error;
    }
  }

  /** Ends every connection, and opens none any more. */
  close(): void {
    this.#closed = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  async #walk(purpose: 'post' | 'webSocket', steps: StepSeen[]): Promise<Socket> {
    const { target, proxy } = this.#options;
    let socket = await this.#connect(proxy ?? target, steps);
    if (proxy?.protocol === 'https:') socket = await this.#secure(socket, proxy, steps);
    if (proxy !== undefined && !(this.forwards && purpose === 'post')) {
      socket = await this.#tunnel(socket, proxy, steps);
    }
    if (target.protocol === 'https:') socket = await this.#secure(socket, target, steps);
    return socket;
  }

  async #connect(url: URL, steps: StepSeen[]): Promise<Socket> {
    const { proxy, timeout } = this.#options;
    const host = bareHost(url);
    const where = `${url.hostname}:${portOf(url)}`;
    const down: ReachCode = proxy === undefined ? 'server-down' : 'proxy-down';
    const began = performance.now();
    let named = began;
    const addresses = new Set<string>();
    const socket = this.#keep(connect({ host, port: portOf(url), noDelay: true }));
    socket.on('lookup', (_error, address: string | undefined) => {
      named = performance.now();
      if (address) addresses.add(address);
    });
    await within(socket, timeout, 'connect', (error) => {
      const code = error && 'code' in error ? String(error.code) : undefined;
      if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
        const detail = `no address for ${host} (${code})`;
        return new Unreachable('address', proxy === undefined ? 'dns' : 'proxy-down', detail);
      }
      const what =
        error === undefined
          ? `no answer within ${timeout} ms`
          : code === 'ECONNREFUSED'
            ? 'refused: nothing listens there'
            : (code ?? error.message);
      return new Unreachable('connection', down, `${where}: ${what}`);
    });
    if (isIP(host) === 0) {
      const detail = `${host} is ${[...addresses].join(', ')}`;
      steps.push({ step: 'address', milliseconds: named - began, detail });
    }
    steps.push({ step: 'connection', milliseconds: performance.now() - named, detail: `TCP to ${where}` });
    return socket;
  }

  /** CONNECT, and what comes after it is the server's. */
  async #tunnel(socket: Socket, proxy: URL, steps: StepSeen[]): Promise<Socket> {
    const { target, timeout } = this.#options;
    const began = performance.now();
    const path = `${target.hostname}:${portOf(target)}`;
    const authorization = proxyAuthorization(proxy);
    const asked = request({
      method: 'CONNECT',
      path,
      headers: { host: path, ...(authorization && { 'proxy-authorization': authorization }) },
      createConnection: () => socket,
    });
    const answer = new Promise<number>((resolve, reject) => {
      asked.once('connect', ({ statusCode = 0 }, _socket, head) => {
        if (head.length > 0) socket.unshift(head);
        resolve(statusCode);
      });
      asked.once('error', reject);
    });
    asked.end();
    const timer = setTimeout(() => socket.destroy(new Error(`no answer within ${timeout} ms`)), timeout);
    const status = await answer
      .catch((error: Error) => {
        throw new Unreachable('proxy', 'tunnel-refused', `CONNECT ${path}: ${error.message}`);
      })
      .finally(() => clearTimeout(timer));
    if (status < 200 || status >= 300) {
      socket.destroy();
      const code = status === 407 ? 'proxy-auth' : 'tunnel-refused';
      throw new Unreachable('proxy', code, `CONNECT ${path}: the proxy answers ${status}`, status);
    }
    steps.push({
      step: 'proxy',
      milliseconds: performance.now() - began,
      detail: `tunnels to ${path}`,
    });
    return socket;
  }

  async #secure(below: Socket, url: URL, steps: StepSeen[]): Promise<Socket> {
    const began = performance.now();
    const host = bareHost(url);
    // Looked at below instead of refused here, so that it can be told whose certificate it is. Nothing is sent before.
    const options = { socket: below, host, rejectUnauthorized: false };
    const socket = secure(isIP(host) === 0 ? { ...options, servername: host } : options);
    this.#keep(socket);
    await within(socket, this.#options.timeout, 'secureConnect', (error) => {
      const detail = error === undefined ? 'the handshake got no answer in time' : tlsTrouble(error);
      return new Unreachable('TLS', 'tls', `${host}: ${detail}`);
    });
    if (!socket.authorized) {
      const trouble = tlsTrouble(socket.authorizationError, socket.getPeerCertificate());
      socket.destroy();
      throw new Unreachable('TLS', 'tls', `${host}: ${trouble}`);
    }
    const detail = `${socket.getProtocol()}, certificate by ${issuerOf(socket)}`;
    steps.push({ step: 'TLS', milliseconds: performance.now() - began, detail });
    return socket;
  }

  #keep<S extends Socket>(socket: S): S {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    // Whoever uses it hears of its end, too.
    socket.on('error', () => {});
    if (this.#closed) socket.destroy();
    return socket;
  }
}

function issuerOf(socket: TLSSocket): string {
  const { O, CN } = socket.getPeerCertificate().issuer;
  return [O ?? CN].flat().join(', ');
}

/** Waits for an event of a socket; what happens instead is explained. `undefined`: it took too long. */
async function within(
  socket: Socket,
  timeout: number,
  event: 'connect' | 'secureConnect',
  explain: (error: Error | undefined) => Unreachable,
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(explain(undefined));
      socket.destroy();
    }, timeout);
    const end = (error?: Error): void => {
      clearTimeout(timer);
      reject(explain(error ?? new Error('closed by the other end')));
    };
    socket.once(event, () => {
      clearTimeout(timer);
      resolve();
    });
    socket.once('error', end).once('close', () => end());
  });
}
