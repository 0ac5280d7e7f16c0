/** A page's WebSocket, and the connection behind it on a node. */
import { CODES, parseMessage } from '@iskra/protocol/wire';
import type { CodeName } from '@iskra/protocol/wire';
import type { Connection, Message, Transport } from '@iskra/server/parts';
import type { Door } from './door.js';
import type { SimNode } from './node.js';
import { BACKLOG } from './wire.js';
import type { Wire } from './wire.js';
import type { Way, WebSocketBlock } from './way.js';

/** A browser's WebSocket, as far as the client uses it. */
export class SimSocket {
  readyState = 0;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  onerror: (() => void) | null = null;
  readonly #way: Way;
  readonly #wire: Wire;
  readonly #block: WebSocketBlock | undefined;
  #connection: Connection | undefined;

  constructor(way: Way, door: Door) {
    this.#way = way;
    const wire = (this.#wire = way.wire('websocket', door));
    const block = (this.#block = way.webSockets);
    wire.onClientCut = () => this.#closed(1006, '');
    if (block?.how === 'hangs' || door.shut === 'hangs') return;
    if (block?.how === 'refused') {
      wire.cut(2 * way.latency, 0);
      return;
    }
    let node: SimNode | undefined;
    wire.up.push(
      0,
      () => (node ??= way.node(door))?.actor,
      () => this.#arrive(node!),
    );
    way.world.after(2 * way.latency + 1, () => {
      if (!way.stalled && !wire.server && way.node(door) === undefined) wire.cut(0, 0);
    });
    if (block?.how === 'cut') way.world.after(block.after, () => wire.cut(way.latency, way.latency));
  }

  send(text: string): void {
    this.#way.hear(this.#wire, 'page', text);
    if (this.#block?.how === 'silent') return;
    if (this.#block?.how === 'first-frame') return this.#wire.cut(this.#way.latency, this.#way.latency);
    this.#wire.up.push(
      text.length,
      () => this.#wire.server,
      () => this.#connection?.receive(parseMessage(text)),
    );
  }

  close(): void {
    if (this.readyState > 1) return;
    this.readyState = 2;
    const wire = this.#wire;
    wire.up.push(
      0,
      () => wire.server,
      () => {
        wire.onServerCut();
        wire.down.push(
          0,
          () => wire.client,
          () => this.#closed(1000, ''),
        );
      },
    );
  }

  #arrive(node: SimNode): void {
    const wire = this.#wire;
    const { client } = wire;
    const line = this.#way.tap.of(wire);
    wire.arrived(node.actor);
    const down = (size: number, deliver: () => void): void => {
      if (this.#block?.how !== 'silent') wire.down.push(size, () => client, deliver);
    };
    const transport: Transport = {
      name: 'websocket',
      get queued() {
        return wire.down.bytes;
      },
      listener: undefined,
      onWelcome() {},
      write({ text }: Message) {
        line.written(text);
        down(text.length, () => deliver(text));
        if (wire.down.bytes <= BACKLOG) return true;
        wire.down.whenEmpty(() => node.actor.run(() => transport.listener?.writable()));
        return false;
      },
      finish() {},
      close: (code: CodeName) => {
        line.closes();
        down(0, () => this.#closed(CODES[code].code, code));
      },
    };
    const deliver = (text: string): void => {
      if (this.readyState !== 1) return;
      const arriving = this.#way.arriving(text);
      this.#way.hear(wire, 'node', arriving);
      this.onmessage?.({ data: arriving });
    };
    const connection = (this.#connection = node.connect(transport));
    wire.onServerCut = () => (wire.isLeft ? connection.wentAway() : connection.dispose());
    // The handshake passes also where nothing else does.
    wire.down.push(
      0,
      () => client,
      () => {
        if (this.readyState !== 0) return;
        this.readyState = 1;
        this.onopen?.();
      },
    );
  }

  #closed(code: number, reason: string): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.#way.done(this.#wire);
    this.onclose?.({ code, reason });
  }
}
