/**
 * A client that does what applications do, at times of its own chance, and
 * writes down all that it asked and was told. The same in Node and in a page.
 */
import { ClosedError, connect, OutcomeUnknown, QueueFull, RequestTimeout, SendError } from '@iskra/client';
import type { Channel, Client, Environment, Position } from '@iskra/client';
import type { ClientEvent, ClientLine, ClientRest, How, Numbered } from './history.js';
import { DOOR, HALL, ROOMS, YARD } from './places.js';
import type { Room } from './places.js';
import { chanceOf, seedFor } from './random.js';

export interface ActorOptions {
  name: string;
  url: string;
  seed: number;
}

/** Between two things that it does, ms. */
const PACE = [20, 220] as const;
/** Before a subscription that came to nothing is tried again, ms. */
const AGAIN = 250;

export type Write = (line: ClientLine) => void;

export function createActor(
  { name, url, seed }: ActorOptions,
  write: Write,
  WebSocket: Environment['WebSocket'],
) {
  const chance = chanceOf(seedFor(seed, name));
  let instances = 0;
  let instance = open();
  let timer: ReturnType<typeof setTimeout> | undefined;

  function open() {
    return createInstance(`${name}#${++instances}`, url, write, WebSocket);
  }

  const acts: [weight: number, act: () => void][] = [
    [60, () => instance.publish(chance.pick(ROOMS), chance.between(0, 200))],
    [4, () => Array.from({ length: 20 }, () => instance.publish(chance.pick(ROOMS), 0))],
    [3, () => instance.publish(chance.pick(ROOMS), chance.between(5_000, 40_000))],
    [3, () => instance.publishWrongly(chance.pick(ROOMS))],
    [12, () => instance.request('echo')],
    [3, () => instance.request('refuse')],
    [
      9,
      () =>
        instance.isIn(DOOR)
          ? instance.unsubscribe(DOOR)
          : instance.comeBack(chance.pick(['since', 'last', 'now'])),
    ],
    [1, () => leave()],
  ];
  const all = acts.reduce((sum, [weight]) => sum + weight, 0);

  const leave = (): void => {
    instance.close();
    instance = open();
  };

  const go = (): void => {
    let drawn = chance.between(1, all);
    acts.find(([weight]) => (drawn -= weight) <= 0)![1]();
    timer = setTimeout(go, chance.between(...PACE));
  };
  go();

  return {
    /** No more of its own accord; but it wants to be in every room. */
    hush(): void {
      clearTimeout(timer);
      if (!instance.isIn(DOOR)) instance.comeBack('now');
    },
    /** Writes down where it stands. */
    rest: (): void => instance.rest(),
  };
}

function createInstance(by: string, url: string, write: Write, WebSocket: Environment['WebSocket']) {
  const tell = (event: ClientEvent): void => write({ by, at: Date.now(), ...event });
  tell({ what: 'opened' });
  const client: Client = connect(url, {
    ...{ probe: [400], stagger: 100, patience: 2_000 },
    reconnect: { min: 30, max: 600 },
    poll: { min: 50, max: 200 },
    ...(WebSocket && { environment: { WebSocket } }),
  });
  const wanted = new Set<Room>();
  const left = new Map<Room, Position>();
  let node = '';
  let over = '';
  let n = 0;
  let calls = 0;
  let closed = false;

  const tellStatus = (): void => {
    const { state, transport = '' } = client.status;
    if (over === (over = `${state} ${transport}`)) return;
    tell({ what: 'status', state, transport });
  };
  tellStatus();
  client.on('status', tellStatus);
  client.on('system', ({ delta, payload }) => {
    if (delta === 'connection_established') node = (payload as { node: string }).node;
  });
  client.on('session', ({ session, lost }) => tell({ what: 'session', session, lost, node }));
  client.on('error', (error) => tell({ what: 'error', text: String(error) }));

  const channelOf = (room: Room): Channel => client.channel(room);
  for (const room of ROOMS) {
    const channel = channelOf(room);
    channel.on('*', (payload, { position, envelope: { delta } }) =>
      tell({ what: 'entry', channel: room, position, delta, payload }),
    );
    channel.onGap((gap) => tell({ what: 'gap', ...gap }));
  }

  const subscribe = (room: Room, from: { since?: Position; last?: number } = {}): void => {
    const presence = room === HALL;
    const id = ++calls;
    wanted.add(room);
    tell({ what: 'subscribe', id, channel: room, ...from, presence });
    void endOf(channelOf(room).subscribe({ ...from, ...(presence && { presence: by }) })).then((end) => {
      tell({ what: 'subscribed', id, channel: room, ...end, position: channelOf(room).position });
      if (end.how === 'acknowledged') return;
      setTimeout(() => !closed && wanted.has(room) && subscribe(room), AGAIN);
    });
  };
  subscribe(HALL);
  subscribe(YARD, { last: 5 });

  const next = (pad: number): Numbered => ({ by, n: ++n, ...(pad > 0 && { pad: 'x'.repeat(pad) }) });
  const publish = (room: Room, payload: Numbered, sent: unknown = payload): void => {
    tell({ what: 'publish', n: payload.n, channel: room, payload: sent });
    void endOf(channelOf(room).publish('numbered', sent).settled).then((end) =>
      tell({ what: 'published', n: payload.n, ...end }),
    );
  };

  return {
    isIn: (room: Room): boolean => wanted.has(room),
    publish: (room: Room, pad: number): void => publish(room, next(pad)),
    /** What the contract refuses. */
    publishWrongly(room: Room): void {
      const payload = next(0);
      publish(room, payload, { ...payload, n: `${payload.n}` });
    },
    request(name: 'echo' | 'refuse'): void {
      const payload = next(0);
      tell({ what: 'request', n: payload.n, payload });
      void endOf(client.request(name, payload)).then((end) =>
        tell({ what: 'answered', n: payload.n, ...end }),
      );
    },
    unsubscribe(room: Room): void {
      const id = ++calls;
      const { position } = channelOf(room);
      if (position) left.set(room, position);
      wanted.delete(room);
      tell({ what: 'unsubscribe', id, channel: room });
      void endOf(channelOf(room).unsubscribe()).then(({ how, code }) =>
        tell({ what: 'unsubscribed', id, channel: room, how, ...(code && { code }) }),
      );
    },
    /** To the door: where it left, a few entries back, or now. */
    comeBack(from: 'since' | 'last' | 'now'): void {
      const since = left.get(DOOR);
      subscribe(DOOR, from === 'now' ? {} : from === 'since' && since ? { since } : { last: 10 });
    },
    rest(): void {
      const { state, transport = '', session = '', unsettled } = client.status;
      const channels = ROOMS.map((room): ClientRest['channels'][number] => {
        const { position, members } = channelOf(room);
        return { channel: room, position, members: room === HALL ? members.map(({ id }) => id) : undefined };
      });
      tell({ what: 'rest', state, transport, session, unsettled, channels });
    },
    close(): void {
      closed = true;
      void client.close().then(() => tell({ what: 'gone', how: 'closed' }));
    },
  };
}

interface End {
  how: How;
  code?: string;
  value?: unknown;
}

async function endOf(ending: Promise<unknown>): Promise<End> {
  try {
    const value = await ending;
    return { how: 'acknowledged', ...(value !== undefined && { value }) };
  } catch (error) {
    const { code = String(error) } = error as { code?: string };
    const unknown = error instanceof OutcomeUnknown || error instanceof RequestTimeout;
    const refused = [SendError, QueueFull, ClosedError].some((one) => error instanceof one);
    // What nobody promised ends as something that the oracle does not know.
    return { how: unknown ? 'unknown' : refused ? 'rejected' : (`thrown: ${code}` as How), code };
  }
}
