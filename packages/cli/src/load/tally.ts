/** PURE. What was said and heard: each listener has to hear each speaker's 1, 2, 3 … once and in order. */

export interface Missed {
  /** Numbers that were jumped over, or had not come at the end. */
  lost: number;
  /** Numbers that came again. */
  doubled: number;
}

export type Tally = ReturnType<typeof createTally>;

export function createTally() {
  /** By room: what each speaker said last. */
  const said = new Map<string, Map<number, number>>();
  /** By listener and speaker: what was heard last. */
  const heard = new Map<string, number>();
  let deliveries = 0;
  let lost = 0;
  let doubled = 0;

  return {
    /** The next number of this speaker. */
    next(room: string, speaker: number): number {
      const speakers = said.get(room) ?? new Map<number, number>();
      said.set(room, speakers);
      const number = (speakers.get(speaker) ?? 0) + 1;
      speakers.set(speaker, number);
      return number;
    },
    heard(listener: number, speaker: number, number: number): void {
      deliveries++;
      const key = `${listener} ${speaker}`;
      const last = heard.get(key) ?? 0;
      if (number <= last) return void doubled++;
      lost += number - last - 1;
      heard.set(key, number);
    },
    get deliveries(): number {
      return deliveries;
    },
    /** How many deliveries are still to come to those who listen in each room. */
    outstanding(listeners: ReadonlyMap<string, readonly number[]>): number {
      let count = 0;
      for (const [room, speakers] of said)
        for (const listener of listeners.get(room) ?? [])
          for (const [speaker, number] of speakers)
            count += number - (heard.get(`${listener} ${speaker}`) ?? 0);
      return count;
    },
    missed: (outstanding: number): Missed => ({ lost: lost + outstanding, doubled }),
  };
}
