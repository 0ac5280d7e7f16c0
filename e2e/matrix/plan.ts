/** PURE. What is said in one direction: which numbers, how long each of them is, and when. The same for us and for the peer. */

/** A message of the exchange: its number, and what makes it long. */
export interface Numbered {
  readonly n: number;
  readonly pad: string;
  /** When a server said it, by the clock of this machine, ms. */
  readonly at?: number;
}

export interface Turn {
  /** After the beginning of the exchange, ms. */
  readonly at: number;
  readonly messages: readonly Numbered[];
}

/** Messages a second: most of them one by one, the others at once, so that there is something to gather in one body. */
export const PER_SECOND = 20;
const AT_ONCE = 8;
const ONE_BY_ONE = PER_SECOND - AT_ONCE;
/** Between those that come one by one, ms. */
const PACE = 60;

/** Bytes of a message: one of ten is of several kB. */
const sizeOf = (n: number): number => (n % 10 === 5 ? 3_000 + (n % 4) * 1_000 : 40 + ((n * 67) % 400));

export interface Shape {
  readonly seconds: number;
  /** What one message may have on this way, bytes, where there is a limit that no batching gets around. */
  readonly longest?: number | undefined;
  /** So long nobody says anything in the middle of it, ms. */
  readonly silence?: number | undefined;
}

export function planOf({ seconds, longest = Infinity, silence = 0 }: Shape): Turn[] {
  const turns: Turn[] = [];
  const half = Math.ceil(seconds / 2) * 1_000;
  let n = 0;
  const next = (): Numbered => {
    const bytes = sizeOf(++n);
    return { n, pad: 'x'.repeat(Math.min(bytes, longest)) };
  };
  const total = Math.round(seconds * PER_SECOND);
  for (let second = 0; n < total; second += 1_000) {
    const at = second < half ? second : second + silence;
    for (let one = 0; one < ONE_BY_ONE && n < total; one++) {
      turns.push({ at: at + one * PACE, messages: [next()] });
    }
    const together = Array.from({ length: Math.min(AT_ONCE, total - n) }, next);
    if (together.length > 0) turns.push({ at: at + ONE_BY_ONE * PACE, messages: together });
  }
  return turns;
}

export const countOf = (plan: readonly Turn[]): number =>
  plan.reduce((count, { messages }) => count + messages.length, 0);
