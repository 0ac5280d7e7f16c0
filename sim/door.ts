/** One address that a page knows: the nodes behind it, and whether it can be reached. */
import type { SimNode } from './node.js';

/** The addresses of servers, the primary first. */
export const ADDRESSES = ['http://sim.example/realtime', 'http://backup.example/realtime'] as const;

export class Door {
  readonly address: string;
  /** What becomes of who comes: nobody listens, or nothing ever comes back. */
  shut: 'refused' | 'hangs' | undefined;
  readonly #balance: () => SimNode | undefined;

  /** @param balance the node that a new connection or request reaches; undefined when none listens */
  constructor(address: string, balance: () => SimNode | undefined) {
    this.address = address;
    this.#balance = balance;
  }

  /** The node that is reached now, if any. */
  node(to: SimNode | undefined): SimNode | undefined {
    if (this.shut !== undefined) return undefined;
    return to?.listens ? to : this.#balance();
  }
}
