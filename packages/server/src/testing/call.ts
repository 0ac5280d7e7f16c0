/** One HTTP request over the network of a test, as `fetch` shows it to a client. */
import type { Carried, Line, Network } from './network.js';

/** Answers a request, as the `fetch` of a Hono application does. */
export type Answering = (request: Request) => Response | Promise<Response>;
export type Headers = Readonly<Record<string, string>>;

export type TestFetch = (url: string, init: RequestInit) => Promise<Response>;

/** @param headers what a browser would add: cookies, an origin */
export const fetchOver =
  (network: Network, answer: Answering, headers: Headers): TestFetch =>
  (url, init) =>
    new Promise((resolve, reject) => {
      const { method = 'GET', body, signal } = init;
      if (signal?.aborted === true) return reject(signal.reason as Error);
      new Call(network.open(carriedBy(url, body)), signal ?? undefined, resolve, reject).make(
        (gone) => new Request(url, { method, headers: { ...headers }, body, signal: gone }),
        answer,
      );
    });

class Call {
  readonly #line: Line;
  readonly #signal: AbortSignal | undefined;
  readonly #resolve: (response: Response) => void;
  readonly #reject: (error: Error) => void;
  /** Tells the server that its client has gone. */
  readonly #gone = new AbortController();
  /** Kept, since its signal follows the one above only for as long as somebody holds it. */
  #request: Request | undefined;
  #stream: ReadableStreamDefaultController<Uint8Array> | undefined;
  #isOver = false;

  constructor(
    line: Line,
    signal: AbortSignal | undefined,
    resolve: (response: Response) => void,
    reject: (error: Error) => void,
  ) {
    this.#line = line;
    this.#signal = signal;
    this.#resolve = resolve;
    this.#reject = reject;
    line.onClientBreak = () => this.#fail(new TypeError('fetch failed: the network of this test is cut'));
    line.onServerBreak = () => {
      if (this.#request !== undefined) this.#gone.abort();
    };
    signal?.addEventListener('abort', this.#hangUp, { once: true });
  }

  make(request: (gone: AbortSignal) => Request, answer: Answering): void {
    this.#line.up.push(() => {
      this.#request = request(this.#gone.signal);
      void this.#carry(this.#request, answer);
    });
  }

  async #carry(request: Request, answer: Answering): Promise<void> {
    const { down } = this.#line;
    try {
      const response = await answer(request);
      const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true;
      if (isStream && response.body !== null) return await this.#carryStream(response, response.body);
      const text = await response.text();
      down.push(() => {
        this.#over();
        this.#resolve(new Response(text || null, { status: response.status, headers: response.headers }));
      });
    } catch {
      // It was cut while it was read: who hung up does not ask.
      this.#line.break();
    }
  }

  async #carryStream({ status, headers }: Response, stream: ReadableStream<Uint8Array>): Promise<void> {
    const { down } = this.#line;
    down.push(() => {
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => void (this.#stream = controller),
        cancel: () => this.#hangUp(),
      });
      this.#resolve(new Response(body, { status, headers }));
    });
    const reader = stream.getReader();
    this.#gone.signal.addEventListener('abort', () => void reader.cancel().catch(() => {}));
    for (let next; !(next = await reader.read()).done;) {
      const { value } = next;
      down.push(() => this.#stream?.enqueue(value));
    }
    down.push(() => {
      this.#over();
      this.#stream?.close();
    });
  }

  /** The client asks no more; the server hears of it when the network lets it. */
  readonly #hangUp = (): void => {
    if (this.#isOver) return;
    const line = this.#line;
    this.#fail(new DOMException('This operation was aborted', 'AbortError'));
    if (this.#request === undefined) line.end();
    else line.up.push(() => line.break());
  };

  #fail(error: Error): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#signal?.removeEventListener('abort', this.#hangUp);
    this.#reject(error);
    this.#stream?.error(error);
    // What is still on its way is for nobody.
    this.#stream = undefined;
  }

  #over(): void {
    this.#isOver = true;
    this.#signal?.removeEventListener('abort', this.#hangUp);
    this.#line.end();
  }
}

/** By what a request does, which its address says, and for polls what they ask for. */
function carriedBy(url: string, body: RequestInit['body']): Carried {
  const name = url.slice(url.lastIndexOf('/') + 1);
  if (name === 'poll') return typeof body === 'string' && /"wait":[1-9]/.test(body) ? 'long-poll' : 'polling';
  return name === 'sse' ? name : 'send';
}
