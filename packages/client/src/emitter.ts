/** Listeners by name. One that throws, or rejects, stops nobody: it is reported, and counts as having been told. */

/** Takes a listener away. */
export type Off = () => void;

export interface Emitter<Events> {
  on<Name extends keyof Events>(name: Name, listener: (...values: Events[Name] & unknown[]) => void): Off;
  /** Whether there was anybody to tell. */
  emit<Name extends keyof Events>(name: Name, ...values: Events[Name] & unknown[]): boolean;
}

export function createEmitter<Events>(failed: (error: unknown, name: keyof Events) => void): Emitter<Events> {
  const listeners = new Set<{ name: keyof Events; listener: (...values: never[]) => unknown }>();
  return {
    on(name, listener) {
      // An object of its own, so that the same function may listen twice and leave once.
      const one = { name, listener: listener as (...values: never[]) => void };
      listeners.add(one);
      return () => listeners.delete(one);
    },
    emit(name, ...values) {
      const told = [...listeners].filter((one) => one.name === name);
      for (const one of told) {
        try {
          const answer = one.listener(...(values as never[])) as Promise<unknown> | undefined;
          answer?.catch?.((error: unknown) => failed(error, name));
        } catch (error) {
          failed(error, name);
        }
      }
      return told.length > 0;
    },
  };
}
