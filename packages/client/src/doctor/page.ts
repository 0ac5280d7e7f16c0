/** The road of a page: what a browser lets it do, which is what the client does, too. */
import { blockReader, SUBPROTOCOL } from '@iskra/protocol/wire';
import { Inbox } from './inbox.js';
import { namesIn, sendByPost } from './road.js';
import type { Answer, Asked, Line, Road, Unopened } from './road.js';
import type { Failed } from './seen.js';
import { framesOf, messageOf, refusalOf } from './wire.js';

/** @param url absolute. */
export function pageRoad(url: string, timeout: number): Road {
  const road = new PageRoad(url, timeout);
  return {
    url,
    timeout,
    isPage: true,
    post: (name, message, asked) => road.post(name, message, asked),
    openSse: (message) => road.openSse(message),
    openWebSocket: (message) => road.openWebSocket(message),
    close: () => road.close(),
  };
}

/** An answer whose headers are here. */
interface Begun {
  readonly response: Response;
  /** From now on it may last. */
  stay(): void;
  close(): void;
  /** What became of it, when reading it threw. */
  failed(error: unknown): Failed;
}

class PageRoad {
  readonly #url: string;
  readonly #timeout: number;
  readonly #stop = new AbortController();

  constructor(url: string, timeout: number) {
    this.#url = url;
    this.#timeout = timeout;
  }

  close(): void {
    this.#stop.abort();
  }

  async post(name: string, message: string, asked: Asked = {}): Promise<Answer | Failed> {
    const { within = this.#timeout, url = this.#url } = asked;
    const began = performance.now();
    const begun = await this.#ask(`${url}/${name}`, within, { method: 'POST', body: message });
    if ('end' in begun) return begun;
    const { response } = begun;
    try {
      const frames = framesOf(await response.text());
      if (frames === undefined) return refusedBy(response);
      const milliseconds = performance.now() - began;
      return { frames, milliseconds, header: (one) => response.headers.get(one) ?? undefined };
    } catch (error) {
      return begun.failed(error);
    } finally {
      begun.close();
    }
  }

  async openSse(message: string): Promise<Line | Unopened> {
    const begun = await this.#ask(`${this.#url}/sse`, this.#timeout, { method: 'POST', body: message });
    if ('end' in begun) return begun;
    const { response, close } = begun;
    begun.stay();
    const inbox = new Inbox();
    const read = async (): Promise<void> => {
      const take = blockReader((data) => inbox.receive(data));
      const decoder = new TextDecoder();
      const reader = response.body!.getReader();
      for (let next; !(next = await reader.read()).done;) take(decoder.decode(next.value, { stream: true }));
    };
    read().then(
      () => inbox.end({ end: 'closed' }),
      (error: unknown) => inbox.end(begun.failed(error)),
    );
    return {
      inbox,
      encoding: response.headers.get('content-encoding') ?? undefined,
      send: (frames, session) => sendByPost(this, frames, session),
      close,
    };
  }

  async openWebSocket(message: string): Promise<Line | Unopened> {
    if (this.#stop.signal.aborted) return { end: 'closed' };
    const inbox = new Inbox();
    let socket: WebSocket;
    try {
      // Throws where a policy of the page forbids it.
      socket = new WebSocket(`${this.#url.replace(/^http/, 'ws')}/ws`, SUBPROTOCOL);
    } catch (error) {
      return { end: 'closed', detail: messageIn(error) };
    }
    const close = (): void => socket.close(1000);
    this.#stop.signal.addEventListener('abort', close);
    const failed = await new Promise<Failed | undefined>((resolve) => {
      const timer = setTimeout(() => {
        resolve({ end: 'silent' });
        close();
      }, this.#timeout);
      const settle = (outcome: Failed | undefined): void => {
        clearTimeout(timer);
        resolve(outcome);
      };
      socket.onopen = () => settle(undefined);
      socket.onmessage = ({ data }) => inbox.receive(String(data));
      socket.onclose = ({ code: status, reason: detail }) => {
        this.#stop.signal.removeEventListener('abort', close);
        const end: Failed = { end: 'closed', status, detail };
        inbox.end(end);
        settle(end);
      };
    });
    if (failed?.end === 'closed') return this.#askForUpgrade();
    if (failed !== undefined) return failed;
    if (socket.protocol === '') {
      close();
      return { end: 'closed', detail: 'no subprotocol', subprotocolLost: true };
    }
    socket.send(message);
    return {
      inbox,
      send(frames) {
        inbox.touch();
        if (socket.readyState === WebSocket.OPEN) socket.send(messageOf(frames));
        return Promise.resolve(undefined);
      },
      close,
    };
  }

  /** A page is not told what a handshake was answered. What a plain request there is answered says most of it. */
  async #askForUpgrade(): Promise<Failed> {
    const begun = await this.#ask(`${this.#url}/ws`, this.#timeout, {});
    if ('end' in begun) {
      if (begun.field !== 'upgrade') return begun;
      return {
        end: 'closed',
        detail: 'a page is not told why; a plain request to the same address arrives',
      };
    }
    begun.close();
    return refusedBy(begun.response);
  }

  /** One request, until its headers are here. An answer that is no success is read, and told as what it says. */
  async #ask(address: string, within: number, init: RequestInit): Promise<Begun | Failed> {
    const abort = new AbortController();
    const close = (): void => abort.abort();
    this.#stop.signal.addEventListener('abort', close, { signal: abort.signal });
    if (this.#stop.signal.aborted) close();
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      close();
    }, within);
    const stay = (): void => clearTimeout(timer);
    const failed = (error: unknown): Failed =>
      isLate ? { end: 'silent' } : { end: 'closed', detail: messageIn(error) };
    try {
      const response = await fetch(address, { ...init, signal: abort.signal });
      const begun: Begun = { response, stay, failed, close: () => (stay(), close()) };
      if (response.status === 200 && !response.redirected) return begun;
      const { status } = response;
      const text = await response.text();
      begun.close();
      return { ...(refusalOf(text) ?? refusedBy(response)), status };
    } catch (error) {
      stay();
      return failed(error);
    }
  }
}

function refusedBy({ headers, redirected, url }: Response): Failed {
  const by = namesIn(headers.get('server') ?? undefined, headers.get('via') ?? undefined);
  return { end: 'refused', by, location: redirected ? url : undefined };
}

const messageIn = (error: unknown): string => (error instanceof Error ? error.message : String(error));
