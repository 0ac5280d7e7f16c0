/** PURE. What `iskra load` is to do: a profile, and what the flags change of it. */
import type { ConnectOptions } from '@iskra/client';

type Transport = NonNullable<ConnectOptions['transports']>[number];

export interface Plan {
  clients: number;
  /** New clients a second. */
  ramp: number;
  /** Client after client takes the next one; empty: each takes what it finds best. */
  transports: readonly Transport[];
  /** Clients that hear each other. */
  perRoom: number;
  /** How many of a room speak. */
  speakers: number;
  /** Messages a second, of all together. */
  rate: number;
  /** Bytes of filling in each message. */
  size: number;
  /** Milliseconds, once all are there. */
  duration: number;
}

const ALL: readonly Transport[] = ['websocket', 'sse', 'long-poll', 'polling'];

const PROFILE: Plan = {
  ...{ clients: 100, ramp: 100, transports: [], perRoom: 1, speakers: 1 },
  ...{ rate: 0, size: 32, duration: 30_000 },
};

export const PROFILES = {
  connections: { does: 'clients come and stay; nobody speaks', plan: { ...PROFILE, clients: 1_000 } },
  echo: { does: 'each client hears only itself', plan: { ...PROFILE, rate: 100 } },
  fanout: { does: 'one speaks, and all others listen', plan: { ...PROFILE, perRoom: Infinity, rate: 10 } },
  mixed: {
    does: 'rooms of ten over all four transports, where everybody speaks',
    plan: { ...PROFILE, transports: ALL, perRoom: 10, speakers: Infinity, rate: 1_000 },
  },
} as const satisfies Record<string, { does: string; plan: Plan }>;

export type ProfileName = keyof typeof PROFILES;

/** Who is where: the room of each client, and who speaks, in turns. `run` keeps two runs apart. */
export function seat({ clients, perRoom, speakers }: Plan, run: string) {
  const size = Math.min(perRoom, clients);
  const roomOf = (client: number): string => `load:${run}:${Math.floor(client / size)}`;
  const everybody = Array.from({ length: clients }, (_, client) => client);
  const listeners = new Map<string, number[]>();
  for (const client of everybody) {
    const room = roomOf(client);
    listeners.set(room, [...(listeners.get(room) ?? []), client]);
  }
  return { roomOf, listeners, speaking: everybody.filter((client) => client % size < speakers) };
}
