/**
 * PURE. What is written of a flood: of each kind of event the first ones of a window, and then how many were left out.
 * They are counted by sender, so that one who floods hides nobody else; and each has a bound, so that many of them do not
 * fill a disk together.
 */
export interface Sampling {
  /** Milliseconds of a window; it begins with the first event of a kind. */
  readonly window: number;
  /** Events of a kind from one sender. */
  readonly each: number;
  /** Events of a kind from all senders; beyond it whoever comes anew still has one. */
  readonly all: number;
  /** Senders of a kind that are told apart; beyond it newcomers are counted only. */
  readonly senders: number;
}

/** What was left out of a window that is over. */
export interface LeftOut<Kind extends string = string> {
  readonly kind: Kind;
  readonly count: number;
  /** Senders of whom something was left out, as far as they are told apart. */
  readonly senders: number;
  /** Of whom most was left out. */
  readonly worst: string;
  /** Milliseconds. */
  readonly window: number;
}

interface Sender {
  taken: number;
  out: number;
}

interface Window {
  readonly since: number;
  taken: number;
  out: number;
  readonly senders: Map<string, Sender>;
}

export class Sampler<Kind extends string = string> {
  readonly #limits: Sampling;
  readonly #windows = new Map<Kind, Window>();

  constructor(limits: Sampling) {
    this.#limits = limits;
  }

  /** Whether this one is written; otherwise it is counted. To be asked behind {@link over}. */
  takes(kind: Kind, sender: string, now: number): boolean {
    const { each, all, senders } = this.#limits;
    let window = this.#windows.get(kind);
    if (window === undefined) {
      this.#windows.set(kind, (window = { since: now, taken: 0, out: 0, senders: new Map() }));
    }
    let known = window.senders.get(sender);
    if (known === undefined && window.senders.size < senders) {
      window.senders.set(sender, (known = { taken: 0, out: 0 }));
    }
    const taken = known?.taken ?? each;
    if (taken < each && (window.taken < all || taken === 0)) {
      window.taken++;
      if (known !== undefined) known.taken++;
      return true;
    }
    window.out++;
    if (known !== undefined) known.out++;
    return false;
  }

  /** What was left out of the windows that are over by now. Each is told once, and forgotten. */
  over(now: number): LeftOut<Kind>[] {
    const told: LeftOut<Kind>[] = [];
    for (const [kind, { since, out, senders }] of this.#windows) {
      if (now < since + this.#limits.window) continue;
      this.#windows.delete(kind);
      if (out > 0) told.push({ kind, count: out, window: this.#limits.window, ...judge(senders) });
    }
    return told;
  }
}

function judge(senders: ReadonlyMap<string, Sender>): Pick<LeftOut, 'senders' | 'worst'> {
  let worst = '';
  let most = 0;
  let count = 0;
  for (const [name, { out }] of senders) {
    if (out > 0) count++;
    if (out > most) [worst, most] = [name, out];
  }
  return { senders: count, worst };
}

/** Whom an address belongs to: whoever has one of IPv6 has 2^64 of them. */
export function networkOf(address: string): string {
  if (!address.includes(':') || address.includes('.')) return address;
  const [head = '', tail] = address.split('::');
  const groups = head === '' ? [] : head.split(':');
  if (tail !== undefined) while (groups.length < 4) groups.push('0');
  return `${groups.slice(0, 4).join(':')}::/64`;
}
