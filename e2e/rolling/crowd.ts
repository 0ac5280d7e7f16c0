/** Clients over all four transports, who talk in rooms, and write down what becomes of it. */
import { connect } from '@iskra/client';
import type { Client, Position, Send, TransportName } from '@iskra/client';
import { pause, until } from '../matrix/speak.js';

export const TRANSPORTS: readonly TransportName[] = ['websocket', 'sse', 'long-poll', 'polling'];

/** Clients that come at a time. */
const AT_ONCE = 40;

export interface Tally {
  readonly transport: TransportName;
  readonly clients: number;
  /** Acknowledged messages that a client was not given, all clients together. */
  lost: number;
  /** That it was given twice, or out of order. */
  doubled: number;
  /** Gaps that it was told. */
  gaps: number;
  /** Times that an application saw that there is no connection, or another session. */
  disconnects: number;
  /** Between two messages that an application was given, ms. */
  longestPause: number;
  /** From the call that said a message until another application had it, ms. */
  slowest: number;
}

export interface Crowd {
  /** One message each `every` ms, by turns, until `hush`. */
  talk(every: number): void;
  hush(): void;
  /** Resolves when everybody has everything that was acknowledged, or the time is over. */
  rest(atMost: number): Promise<void>;
  /** When clients came to another node, ms by `performance.now`. */
  readonly arrivals: readonly number[];
  /** What became of what was said. */
  readonly sends: { acknowledged: number; rejected: number; unknown: number; open: number };
  tallies(): Tally[];
  close(): Promise<void>;
}

export async function gather(url: string, each: number, rooms: number): Promise<Crowd> {
  const members = TRANSPORTS.flatMap((transport) =>
    Array.from({ length: each }, (_, index) => new Member(url, transport, index, index % rooms)),
  );
  // So many at a time: a crowd that comes all at once is another test.
  for (let first = 0; first < members.length; first += AT_ONCE)
    await Promise.all(members.slice(first, first + AT_ONCE).map((member) => member.enter()));
  const sends: { id: string; room: number; send: Send }[] = [];
  let talking: NodeJS.Timeout | undefined;
  const acknowledgedIn = (room: number): string[] =>
    sends.flatMap((one) => (one.room === room && one.send.state === 'acknowledged' ? [one.id] : []));
  const lacking = (): Map<Member, number> => {
    const all = Array.from({ length: rooms }, (_, room) => acknowledgedIn(room));
    return new Map(members.map((member) => [member, member.lacks(all[member.roomNumber]!)]));
  };
  const count = (state: Send['state']): number => sends.filter(({ send }) => send.state === state).length;

  return {
    talk(every) {
      for (const member of members) member.listens(true);
      const from = performance.now() - sends.length * every;
      const sayNext = (): void => {
        const member = members[sends.length % members.length]!;
        const id = `${member.name} ${sends.length}`;
        const { room, roomNumber } = member;
        const send = room.publish('said', { id, at: performance.now() });
        send.settled.catch(() => {});
        sends.push({ id, room: roomNumber, send });
      };
      // Late when this process is, and as many in the end.
      talking = setInterval(() => {
        while (performance.now() - from >= sends.length * every) sayNext();
      }, every);
    },
    hush() {
      clearInterval(talking);
      for (const member of members) member.listens(false);
    },
    async rest(atMost) {
      const isDone = (): boolean =>
        sends.every(({ send }) => !['queued', 'sent'].includes(send.state)) &&
        [...lacking().values()].every((count) => count === 0);
      await until(isDone, atMost, 100);
      // What comes twice comes late.
      await pause(500);
    },
    get arrivals() {
      return members.flatMap((member) => member.arrivals);
    },
    get sends() {
      const [done, rejected, unknown] = [count('acknowledged'), count('rejected'), count('unknown')];
      return { acknowledged: done, rejected, unknown, open: sends.length - done - rejected - unknown };
    },
    tallies() {
      const lacks = lacking();
      return TRANSPORTS.map((transport) => {
        const ours = members.filter((member) => member.transport === transport);
        const sum = (of: (member: Member) => number): number =>
          ours.reduce((total, member) => total + of(member), 0);
        return {
          ...{ transport, clients: ours.length, lost: sum((member) => lacks.get(member)!) },
          ...{ doubled: sum((member) => member.doubled), gaps: sum((member) => member.gaps) },
          disconnects: sum((member) => member.disconnects),
          longestPause: Math.max(...ours.map((member) => member.longestPause)),
          slowest: Math.max(...ours.map((member) => member.slowest)),
        };
      });
    },
    async close() {
      await Promise.all(members.map((member) => member.client.close()));
    },
  };
}

class Member {
  readonly name: string;
  readonly transport: TransportName;
  readonly roomNumber: number;
  readonly client: Client;
  doubled = 0;
  gaps = 0;
  disconnects = 0;
  longestPause = 0;
  slowest = 0;
  readonly #read = new Set<string>();
  #position: Position | undefined;
  #heardAt: number | undefined;

  constructor(url: string, transport: TransportName, index: number, roomNumber: number) {
    this.name = `${transport}-${index + 1}`;
    this.transport = transport;
    this.roomNumber = roomNumber;
    this.client = connect(url, { transports: [transport], poll: { min: 250, max: 500 } });
  }

  get room() {
    return this.client.channel(`room:${this.roomNumber}`);
  }

  /** Its connections to nodes, without the first. */
  get arrivals(): number[] {
    const { attempts } = this.client.explain();
    return attempts.flatMap(({ welcomeAt }) => welcomeAt ?? []).slice(1);
  }

  async enter(): Promise<void> {
    let state = 'connecting';
    this.client.on('status', (status) => {
      if (status.state === state) return;
      state = status.state;
      if (state === 'reconnecting') this.disconnects++;
    });
    this.client.on('session', ({ lost }) => void (lost && this.disconnects++));
    this.room.onGap(() => this.gaps++);
    this.room.on('said', (payload, { position }) =>
      this.#hear(payload as { id: string; at: number }, position),
    );
    await this.room.subscribe();
  }

  /** From now on, or no longer, silence counts. */
  listens(does: boolean): void {
    if (!does) this.#pauseUntilNow();
    this.#heardAt = does ? performance.now() : undefined;
  }

  lacks(ids: readonly string[]): number {
    return ids.filter((id) => !this.#read.has(id)).length;
  }

  #hear({ id, at }: { id: string; at: number }, position: Position): void {
    const [epoch, offset] = position;
    const isNext =
      this.#position === undefined || (this.#position[0] === epoch && offset === this.#position[1] + 1);
    if (this.#read.has(id) || !isNext) this.doubled++;
    this.#read.add(id);
    this.slowest = Math.max(this.slowest, performance.now() - at);
    this.#position = position;
    this.#pauseUntilNow();
  }

  #pauseUntilNow(): void {
    if (this.#heardAt === undefined) return;
    const now = performance.now();
    this.longestPause = Math.max(this.longestPause, now - this.#heardAt);
    this.#heardAt = now;
  }
}
