/** Says a plan on its own clock: late when this process is, and never in another order. */
import type { Numbered, Turn } from './plan.js';

export async function speak(plan: readonly Turn[], say: (message: Numbered) => void): Promise<void> {
  const began = performance.now();
  for (const { at, messages } of plan) {
    const wait = began + at - performance.now();
    if (wait > 0) await pause(wait);
    for (const message of messages) say(message);
  }
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Looks until it is so, or the time is over. The answer: whether it is. */
export async function until(look: () => unknown, timeout: number, every = 20): Promise<boolean> {
  const end = performance.now() + timeout;
  for (;;) {
    if (await look()) return true;
    if (performance.now() >= end) return false;
    await pause(every);
  }
}
