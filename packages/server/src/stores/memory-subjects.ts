/** Which sessions a subject has, and until when it may open none. It knows no session and no clock; the store asks. */

/** Sessions of a subject that are gone through to find one. */
const FEW = 8;

export class MemorySubjects {
  /** An array each, as most subjects have one session or two; a set where everybody is the same guest. */
  readonly #lists = new Map<string, readonly string[] | Set<string>>();
  /** Until when a subject opens no session. */
  readonly #refused = new Map<string, number>();

  of(subject: string): string[] {
    return [...(this.#lists.get(subject) ?? [])];
  }

  list(session: string, subject: string): void {
    const listed = this.#lists.get(subject) ?? [];
    if (listed instanceof Set) listed.add(session);
    else if (listed.length < FEW) this.#lists.set(subject, listed.concat(session));
    else this.#lists.set(subject, new Set(listed).add(session));
  }

  unlist(session: string, subject: string): void {
    const listed = this.#lists.get(subject) ?? [];
    if (listed instanceof Set) {
      listed.delete(session);
      if (listed.size === 0) this.#lists.delete(subject);
      return;
    }
    const others = listed.filter((other) => other !== session);
    if (others.length > 0) this.#lists.set(subject, others);
    else this.#lists.delete(subject);
  }

  /** Until then it opens none; a time that has passed takes that back. */
  refuse(subject: string, until: number): void {
    this.#refused.set(subject, until);
  }

  isRefused(subject: string, now: number): boolean {
    return (this.#refused.get(subject) ?? 0) > now;
  }

  forget(now: number): void {
    for (const [subject, until] of this.#refused) if (until <= now) this.#refused.delete(subject);
  }
}
