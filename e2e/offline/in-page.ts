/** What the page of these tests loads: a client with an outbox, and a sum that it keeps in a database of its own. */
import { connect } from '@iskra/client';
import type { Position } from '@iskra/client';
import { openOutbox } from '@iskra/client/offline';
import type { KeptSend } from '@iskra/client/offline';

export interface OfflinePage {
  /** How sends ended: of this page and of those before it. */
  readonly ends: string[];
  /** Why nothing is kept. */
  readonly memory: string[];
  /** What waits. */
  waiting(): string[];
  publish(n: number): void;
  count(n: number): void;
  /** Adds up the channel `numbers`, from where the sum is: number by number, each in one transaction with its position. */
  addUp(): Promise<void>;
  sum(): Promise<number>;
  /** Closes it, opens it again, and says what waits in it. */
  again(): Promise<string[]>;
  /** A transaction on what is kept that does not end, as of a disk that does not answer. */
  hang(): Promise<void>;
}

interface Sum {
  sum: number;
  position: Position;
}

const outbox = await openOutbox('e2e');
const client = connect(new URLSearchParams(location.search).get('url')!, {
  offline: outbox,
  transports: ['websocket'],
  reconnect: { min: 20, max: 200 },
});
const ends: string[] = [];
const memory: string[] = [];
outbox.on('settled', ({ envelope: { payload }, state }, _, reply) =>
  ends.push(
    [payload, state, reply]
      .filter((part) => typeof part !== 'undefined')
      .map(String)
      .join(' '),
  ),
);
outbox.on('memory', ({ message }) => memory.push(message));

const answer = <Value>(request: IDBRequest<Value>): Promise<Value> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error as Error);
  });
const opening = indexedDB.open('application', 1);
opening.onupgradeneeded = () => opening.result.createObjectStore('sums');
const db = await answer(opening);

const waiting = (sends: readonly KeptSend[]): string[] =>
  sends.map(({ envelope: { payload }, state, stored }) =>
    [payload, state, stored ? 'stored' : 'not yet'].join(' '),
  );

const page: OfflinePage = {
  ends,
  memory,
  waiting: () => waiting(outbox.sends),
  publish: (n) => void client.channel('numbers').publish('said', n),
  count: (n) => void client.request('count', n).catch(() => {}),
  async addUp() {
    const numbers = client.channel('numbers');
    const read = async () => (await answer(db.transaction('sums').objectStore('sums').get('numbers'))) as Sum;
    numbers.on('said', (n, { position }) => {
      const sums = db.transaction('sums', 'readwrite').objectStore('sums');
      void answer(sums.get('numbers') as IDBRequest<Sum | undefined>).then((before) => {
        if (before && before.position[0] === position[0] && before.position[1] >= position[1]) return;
        sums.put({ sum: (before?.sum ?? 0) + (n as number), position }, 'numbers');
      });
    });
    const since = (await read())?.position;
    await numbers.subscribe(since ? { since } : { last: 10_000 });
  },
  sum: async () =>
    ((await answer(db.transaction('sums').objectStore('sums').get('numbers'))) as Sum | undefined)?.sum ?? 0,
  async again() {
    await client.close();
    await outbox.close();
    const { sends } = await openOutbox('e2e');
    return waiting(sends);
  },
  async hang() {
    const kept = await answer(indexedDB.open('iskra e2e'));
    const store = kept.transaction('kept', 'readwrite').objectStore('kept');
    const goOn = (): void => void (store.count().onsuccess = goOn);
    goOn();
  },
};
Object.assign(globalThis, { iskraOffline: page });
