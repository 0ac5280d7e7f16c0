/** Clients over all four transports, who talk in rooms, and write down what becomes of it. */
import { connect } from '@iskra/client';
import type { Client, Position, Send, TransportName } from '@iskra/client';
import { pause, until } from '../matrix/speak.js';

export const TRANSPORTS: readonly TransportName[] = ['websocket', 'sse', 'long-poll', 'polling'];

/** Somebody in the lists who is not of the crowd, and leaves. */
export const GHOST = 'ghost';

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
  /** Of those who had to come again since the mark: until they were given what was said after it, ms, the shortest first. */
  readonly live: readonly number[];
  /** Times that somebody who is there was told to have left, and members in lists at last who are not there, or the other way round. */
  readonly left: number;
  readonly ghosts: number;
}

export interface Crowd {
  /** One message each `every` ms, by turns, until `hush`. */
  talk(every: number): void;
  hush(): void;
  /** From now on it counts when each of them lives again. */
  mark(): void;
  /** Resolves when every member list has those who are in the room and nobody else, or the time is over. */
  settle(atMost: number): Promise<void>;
  /** Resolves when everybody has everything that was acknowledged, or the time is over. */
  rest(atMost: number): Promise<void>;
  /** When clients came to another node, ms by `performance.now`. */
  readonly arrivals: readonly number[];
  /** What became of what was said. */
  readonly sends: { acknowledged: number; rejected: number; unknown: number; open: number };
  tallies(): Tally[];
  close(): Promise<void>;
}

/** @param listed whether they are in the member lists of their rooms. */
export async function gather(url: string, each: number, rooms: number, listed = false): Promise<Crowd> {
  const members = TRANSPORTS.flatMap((transport) =>
    Array.from({ length: each }, (_, index) => new Member(url, transport, index, index % rooms)),
  );
  // So many at a time: a crowd that comes all at once is another test.
  for (let first = 0; first < members.length; first += AT_ONCE)
    await Promise.all(members.slice(first, first + AT_ONCE).map((member) => member.enter(listed)));
  const sends: { id: string; room: number; send: Send }[] = [];
  let talking: NodeJS.Timeout | undefined;
  const acknowledgedIn = (room: number): string[] =>
    sends.flatMap((one) => (one.room === room && one.send.state === 'acknowledged' ? [one.id] : []));
  const lacking = (): Map<Member, number> => {
    const all = Array.from({ length: rooms }, (_, room) => acknowledgedIn(room));
    return new Map(members.map((member) => [member, member.lacks(all[member.roomNumber]!)]));
  };
  const namesIn = (room: number): string[] =>
    members.flatMap(({ name, roomNumber }) => (listed && roomNumber === room ? [name] : []));
  let markedAt = Infinity;
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
    mark() {
      markedAt = performance.now();
      for (const member of members) member.markedAt = markedAt;
    },
    async settle(atMost) {
      await until(
        () => members.every((member) => member.ghosts(namesIn(member.roomNumber)) === 0),
        atMost,
        100,
      );
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
          live: ours
            .filter((member) => member.isPolling || member.cameAgain)
            .map((member) => member.liveAt - markedAt)
            .sort((one, other) => one - other),
          left: sum((member) => member.left),
          ghosts: sum((member) => member.ghosts(namesIn(member.roomNumber))),
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
  left = 0;
  markedAt = Infinity;
  /** When it was first given something that was said after the mark. */
  liveAt = Infinity;
  readonly #read = new Set<string>();
  #position: Position | undefined;
  #heardAt: number | undefined;

  constructor(url: string, transport: TransportName, index: number, roomNumber: number) {
    this.name = `${transport}-${index + 1}`;
    this.transport = transport;
    this.roomNumber = roomNumber;
    this.client = connect(url, { transports: [transport], poll: { min: 500, max: 1_000 } });
  }

  get room() {
    return this.client.channel(`room:${this.roomNumber}`);
  }

  /** Its connections to nodes, without the first. */
  get arrivals(): number[] {
    const { attempts } = this.client.explain();
    return attempts.flatMap(({ welcomeAt }) => welcomeAt ?? []).slice(1);
  }

  /** Any node answers the next poll, so it does not come to another one. */
  get isPolling(): boolean {
    return this.transport.endsWith('polling') || this.transport.endsWith('poll');
  }

  /** Whether it had to come to another node before it lived again. */
  get cameAgain(): boolean {
    return this.arrivals.some((at) => at > this.markedAt && at <= this.liveAt);
  }

  /** How far the member list that it knows is from the names of those who are there. */
  ghosts(names: readonly string[]): number {
    const listed = this.#listed;
    return (
      listed.filter((name) => !names.includes(name)).length +
      names.filter((name) => !listed.includes(name)).length
    );
  }

  get #listed(): string[] {
    return this.room.members.map(({ data }) => String(data));
  }

  async enter(listed: boolean): Promise<void> {
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
    let before: readonly string[] = [];
    this.room.onMembers(() => {
      const now = this.#listed;
      this.left += before.filter((name) => name !== GHOST && !now.includes(name)).length;
      before = now;
    });
    await this.room.subscribe(listed ? { presence: this.name } : {});
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
    // Comings and goings stand between them.
    const isLater =
      this.#position === undefined || (this.#position[0] === epoch && offset > this.#position[1]);
    if (this.#read.has(id) || !isLater) this.doubled++;
    this.#read.add(id);
    this.slowest = Math.max(this.slowest, performance.now() - at);
    this.#position = position;
    if (at > this.markedAt) this.liveAt = Math.min(this.liveAt, performance.now());
    this.#pauseUntilNow();
  }

  #pauseUntilNow(): void {
    if (this.#heardAt === undefined) return;
    const now = performance.now();
    this.longestPause = Math.max(this.longestPause, now - this.#heardAt);
    this.#heardAt = now;
  }
}
