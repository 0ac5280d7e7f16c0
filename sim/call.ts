/** One HTTP request from a page's `fetch` to a node and back, with what the way does to it. */
import type { Answer, BlockSink, Exchange } from '@iskra/server/parts';
import type { Door } from './door.js';
import type { SimNode } from './node.js';
import type { Random } from './random.js';
import { BACKLOG } from './wire.js';
import type { Wire } from './wire.js';
import type { RequestFaults, StreamBlock, Way } from './way.js';

type FetchFate = keyof RequestFaults | 'fine';

/** Milliseconds that a request is late by, at least and at most. */
const LATE = [1_000, 15_000] as const;

/** One request and its answer. */
export class Call {
  readonly #way: Way;
  readonly #door: Door;
  readonly #path: 'sse' | 'poll' | 'send';
  readonly #wire: Wire;
  readonly #resolve: (response: Response) => void;
  readonly #reject: (error: Error) => void;
  #fate: FetchFate = 'fine';
  #stream: ReplyStream | undefined;
  #isOver = false;
  readonly #forget: () => void;

  constructor(
    way: Way,
    door: Door,
    path: 'sse' | 'poll' | 'send',
    resolve: (response: Response) => void,
    reject: (error: Error) => void,
    signal: AbortSignal | undefined,
  ) {
    this.#way = way;
    this.#door = door;
    this.#path = path;
    this.#resolve = resolve;
    this.#reject = reject;
    const wire = (this.#wire = way.wire(path, door));
    wire.onClientCut = () => this.#fail('the connection was cut');
    const abort = (): void => {
      this.#fail('aborted');
      // The server hears of it, if the way lets it.
      wire.up.push(
        0,
        () => wire.server,
        () => wire.onServerCut(),
      );
    };
    signal?.addEventListener('abort', abort);
    this.#forget = () => signal?.removeEventListener('abort', abort);
  }

  send(body: string): void {
    const way = this.#way;
    const path = this.#path;
    const wire = this.#wire;
    const door = this.#door;
    way.hear(wire, 'page', body);
    if (door.shut === 'hangs') return;
    const decision = way.decide?.(path, body);
    this.#fate = typeof decision === 'string' ? decision : decision ? 'fine' : drawFate(way);
    const soon = (): number => 2 * way.latency + way.random.between(0, 1_000);
    if (body.length > way.cap) return this.#answerAfter(2 * way.latency, 413);
    if (path === 'sse' && way.streams?.how === 'refused') return this.#answerAfter(2 * way.latency, 502);
    if (typeof decision === 'object') {
      if ('copyTo' in decision)
        way.world.after(way.latency, () => serveAside(way, path, body, decision.copyTo));
      else {
        way.world.after(soon(), () => way.client.run(() => this.#fail('no answer')));
        way.world.after(decision.late, () => serveAside(way, path, body, decision.at));
        return;
      }
    }
    switch (this.#fate) {
      case 'lost':
        wire.cut(soon(), 0);
        return;
      case 'gateway':
        return this.#answerAfter(2 * way.latency, 502);
      case 'late': {
        // Its sender hears nothing of it, and it arrives all the same.
        way.world.after(soon(), () => way.client.run(() => this.#fail('no answer')));
        const late = way.random.between(...LATE);
        way.world.after(late, () => serveAside(way, path, body, way.node(door)));
        return;
      }
      case 'twice':
        way.world.after(way.latency + way.random.between(0, 20), () =>
          serveAside(way, path, body, way.node(door)),
        );
        break;
      default:
      // It arrives; what happens to its answer is seen then.
    }
    let node: SimNode | undefined;
    wire.up.push(
      body.length,
      () => (node ??= way.node(door))?.actor,
      () => this.#arrive(node!, body),
    );
    // Nobody listens: the refusal takes as long as the way.
    way.world.after(2 * way.latency + 1, () => {
      if (!way.stalled && !wire.server && way.node(door) === undefined) wire.cut(0, 0);
    });
    if (path === 'sse' && way.streams?.how === 'cut') {
      way.world.after(way.streams.after, () => wire.cut(way.latency, way.latency));
    }
    if (path === 'poll' && way.heldPolls && /"wait":[1-9]/.test(body)) {
      way.world.after(way.heldPolls.after, () => wire.cut(way.latency, way.latency));
    }
  }

  #arrive(node: SimNode, body: string): void {
    const wire = this.#wire;
    wire.arrived(node.actor);
    const way = this.#way;
    if (this.#fate === 'unanswered') {
      way.world.after(way.random.between(5, 2_000), () => wire.cut(way.latency, way.latency));
    }
    const down = (size: number, deliver: () => void): void => wire.down.push(size, () => way.client, deliver);
    const exchange: Exchange = {
      response: NO_RESPONSE,
      answer: ({ status, body: bytes }: Answer) => {
        way.tap.of(wire).written(bytes.toString());
        down(bytes.length, () => this.#arrives(status, bytes));
      },
      stream: () => this.#openStream(way.streams, down),
      whenGone: (callback) => {
        wire.onServerCut = callback;
      },
    };
    node.serve(this.#path, body, exchange);
  }

  #openStream(box: StreamBlock | undefined, down: (size: number, deliver: () => void) => void): BlockSink {
    const wire = this.#wire;
    const line = this.#way.tap.of(wire);
    const held: Buffer[] = [];
    let room = this.#way.answers?.bytes ?? Infinity;
    const pass = (block: Buffer): void => {
      room -= block.length;
      if (room < 0) return wire.cut(this.#way.latency, this.#way.latency);
      down(block.length, () => {
        this.#stream ??= this.#begin();
        const arriving = this.#way.arriving(block.toString());
        this.#way.hear(wire, 'node', arriving);
        this.#stream.push(Buffer.from(arriving), this.#way.random);
      });
    };
    return {
      get queued() {
        return wire.down.bytes;
      },
      write: (block) => {
        line.written(block.toString());
        // A proxy holds back what it got, and passes on only what has one more behind it.
        held.push(block);
        const most = this.#way.streams === box ? keptBy(box) : 0;
        while (held.length > most) pass(held.shift()!);
        return wire.down.bytes <= BACKLOG;
      },
      whenWritable: (callback) => wire.down.whenEmpty(callback),
      end: () => {
        line.closes();
        for (const block of held.splice(0)) pass(block);
        down(0, () => {
          this.#stream ??= this.#begin();
          this.#stream.end();
          this.#over();
        });
      },
    };
  }

  #begin(): ReplyStream {
    const stream = new ReplyStream();
    this.#resolve(response(200, { body: stream }));
    return stream;
  }

  /** The whole answer is here, unless it is too large for the way. */
  #arrives(status: number, bytes: Buffer): void {
    const cap = this.#way.answers;
    if (cap === undefined || bytes.length <= cap.bytes) return this.#answer(status, bytes.toString());
    if (cap.how === 'gateway') return this.#answer(502, '<html>an error page</html>');
    if (cap.how === 'lost') return this.#fail('cut');
    this.#fate = 'truncated';
    this.#answer(status, '');
  }

  #answer(status: number, text: string): void {
    const isCut = this.#fate === 'truncated';
    const arriving = this.#way.arriving(text);
    if (!isCut) this.#way.hear(this.#wire, 'node', arriving);
    this.#resolve(
      response(status, {
        text: () => (isCut ? Promise.reject(networkError('cut')) : Promise.resolve(arriving)),
      }),
    );
    this.#over();
  }

  #answerAfter(ms: number, status: number): void {
    this.#way.world.after(ms, () =>
      this.#way.client.run(() => this.#answer(status, '<html>an error page</html>')),
    );
  }

  #fail(why: string): void {
    if (this.#isOver) return;
    this.#over();
    this.#stream?.fail(networkError(why));
    this.#reject(networkError(why));
  }

  #over(): void {
    this.#isOver = true;
    this.#forget();
    this.#way.done(this.#wire);
  }
}

function drawFate({ requests, random }: Way): FetchFate {
  if (!requests) return 'fine';
  let rest = random.next();
  for (const fate of Object.keys(requests) as (keyof RequestFaults)[]) {
    rest -= requests[fate];
    if (rest < 0) return fate;
  }
  return 'fine';
}

/** A copy of a request that its sender knows nothing of: nobody hears the answer. */
function serveAside(way: Way, path: 'sse' | 'poll' | 'send', body: string, node: SimNode | undefined): void {
  let gone: (() => void) | undefined;
  // The proxy gives up on the answer after a while.
  way.world.after(30_000, () => node?.actor.run(() => gone?.()));
  node?.actor.run(() =>
    node.serve(path, body, {
      response: NO_RESPONSE,
      answer: () => {},
      stream: () => ({ queued: 0, write: () => true, whenWritable: () => {}, end: () => {} }),
      whenGone: (callback) => {
        gone = callback;
      },
    }),
  );
}

/** The route's own answer, which nobody asks for here. */
const NO_RESPONSE = undefined as unknown as Response;
const networkError = (why: string): TypeError => new TypeError(`fetch failed: ${why}`);

/** The part of a web Response that the client uses. */
function response(status: number, rest: { text?: () => Promise<string>; body?: ReplyStream }): Response {
  return { status, ok: status >= 200 && status < 300, ...rest } as unknown as Response;
}

/** The body of an event stream, as the client reads it. */
class ReplyStream {
  #chunks: Uint8Array[] = [];
  #isDone = false;
  #error: Error | undefined;
  #wake: (() => void) | undefined;

  push(block: Buffer, random: Random): void {
    // A network cuts where it likes, also within a character.
    const at = random.chance(0.2) ? random.whole(1, block.length - 1) : block.length;
    this.#chunks.push(block.subarray(0, at));
    if (at < block.length) this.#chunks.push(block.subarray(at));
    this.#wake?.();
  }

  end(): void {
    this.#isDone = true;
    this.#wake?.();
  }

  fail(error: Error): void {
    this.#error = error;
    this.#wake?.();
  }

  getReader(): { read(): Promise<{ done: boolean; value?: Uint8Array }> } {
    return {
      read: async () => {
        while (this.#chunks.length === 0 && !this.#isDone && !this.#error) {
          await new Promise<void>((resolve) => (this.#wake = resolve));
        }
        const value = this.#chunks.shift();
        if (value) return { done: false, value };
        if (this.#error) throw this.#error;
        return { done: true };
      },
    };
  }
}

/** How many blocks of a stream a box keeps back. */
function keptBy(box: StreamBlock | undefined): number {
  if (box?.how === 'buffered') return Infinity;
  return box?.how === 'one-behind' ? 1 : 0;
}
