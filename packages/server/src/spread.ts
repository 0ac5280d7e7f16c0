/**
 * PURE. When each client of a node on its way out is to be elsewhere: each has a
 * moment of its own, so that the nodes which take them are not stormed.
 */

/** Clients that are sent away in a second, where there is time: coming costs another node about a millisecond of its CPU. */
const RATE = 200;
/** Milliseconds that it takes at least: a handful of clients is no storm, but their application may be. */
const LEAST = 5_000;

/** Over how many ms so many clients are sent away. Half of the time that there is stays for those who find no place at first. */
export function spreadOf(clients: number, timeout: number): number {
  return Math.min(Math.max(LEAST, (clients / RATE) * 1000), timeout / 2);
}

/**
 * In how many ms each of so many clients leaves: one behind the other, at even distances. However a part of the
 * spread is cut out, no more than its even share of them leaves in it, and one.
 */
export function delaysOf(clients: number, spread: number): number[] {
  return Array.from({ length: clients }, (_, place) => Math.round(((place + 0.5) * spread) / clients));
}

/**
 * The same for whoever is met later, one after another, when nobody knows how many there will be: the place of the
 * `count`-th (from 0) on a line of length 1, always in the middle of a gap between those before it.
 */
export function placeOf(count: number): number {
  let place = 0;
  let step = 0.5;
  for (let rest = count + 1; rest > 0; rest = Math.floor(rest / 2), step /= 2) place += (rest % 2) * step;
  return place;
}
