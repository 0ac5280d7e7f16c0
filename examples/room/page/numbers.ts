/** The promise, to be seen: numbers are sent while the way breaks, and each arrives once and in its place. */
import type { Channel, Client, TransportName } from '@iskra/client';
import type { contract } from '../contract.js';
import { NUMBERS } from '../run.js';
import { byId, make, mark, randomId, write } from './dom.js';
import { NAMES, ORDER } from './transports.js';

/** A few at a time, so that there is time to break something meanwhile. */
const AT_ONCE = 2;
const PAUSE = 70;

type Numbers = Channel<typeof contract, `room:${string}`>;

/** What has arrived of one run. */
interface Run {
  readonly id: string;
  readonly seen: Set<number>;
  readonly by: Map<TransportName, number>;
  highest: number;
  doubled: number;
  swapped: number;
}

export interface NumbersView {
  /** Follows the numbers of another room. */
  enter(channel: Numbers): void;
}

export function showNumbers(client: Client<typeof contract>): NumbersView {
  const button = byId<HTMLButtonElement>('numbers-send');
  const check = byId('numbers-check');
  const by = byId('numbers-by');
  const grid = byId('cells');
  const cells = Array.from({ length: NUMBERS }, (_, index) =>
    make('span', { 'data-n': index + 1, 'data-state': 'none' }),
  );
  grid.append(...cells);

  let channel: Numbers | undefined;
  let leave = (): void => {};
  let run: Run | undefined;
  let own: string | undefined;
  let timer: number | undefined;

  const begin = (id: string): Run => {
    for (const cell of cells) {
      mark(cell, 'data-state', 'none');
      mark(cell, 'data-transport', undefined);
    }
    return (run = { id, seen: new Set(), by: new Map(), highest: 0, doubled: 0, swapped: 0 });
  };

  const receive = (id: string, n: number): void => {
    // A visitor's own run is not interrupted by another's.
    if (id !== run?.id && own !== undefined && own === run?.id && run.seen.size < NUMBERS) return;
    const at = run?.id === id ? run : begin(id);
    if (at.seen.has(n)) at.doubled++;
    else if (n < at.highest) at.swapped++;
    at.seen.add(n);
    at.highest = Math.max(at.highest, n);
    const { transport } = client.status;
    if (transport !== undefined) {
      at.by.set(transport, (at.by.get(transport) ?? 0) + 1);
      mark(cells[n - 1]!, 'data-transport', transport);
    }
    mark(cells[n - 1]!, 'data-state', 'received');
    show(at);
  };

  const show = (at: Run): void => {
    const lost = at.highest - at.seen.size;
    const good = lost === 0 && at.doubled === 0 && at.swapped === 0;
    const done = at.seen.size === NUMBERS;
    const sentence = [
      `received ${at.seen.size} of ${NUMBERS}`,
      lost === 0 ? 'none lost' : `${lost} lost`,
      at.doubled === 0 ? 'none doubled' : `${at.doubled} doubled`,
      at.swapped === 0 ? 'in order' : `${at.swapped} out of order`,
    ].join(', ');
    mark(check, 'data-state', good ? (done ? 'kept' : 'running') : 'broken');
    // Read aloud once, at its end, and not two hundred times.
    mark(check, 'aria-live', done ? 'polite' : 'off');
    write(check, sentence);
    grid.setAttribute('aria-label', sentence);
    const parts = ORDER.filter((one) => at.by.has(one)).map((one) => `${NAMES[one].short} ${at.by.get(one)}`);
    write(by, `${at.id === own ? 'By' : 'Sent by somebody here; by'} ${parts.join(', ')}`);
  };

  const send = (): void => {
    const to = channel;
    if (to === undefined) return;
    clearInterval(timer);
    own = randomId(8);
    begin(own);
    mark(check, 'data-state', 'running');
    write(check, `received 0 of ${NUMBERS}`);
    write(by, 'Now block a transport, or two.');
    let n = 0;
    const id = own;
    timer = setInterval(() => {
      for (let i = 0; i < AT_ONCE && n < NUMBERS; i++) {
        n++;
        mark(cells[n - 1]!, 'data-state', 'sent');
        to.publish('numbered', { run: id, n });
      }
      if (n >= NUMBERS) clearInterval(timer);
    }, PAUSE);
  };
  button.addEventListener('click', send);

  return {
    enter(next) {
      leave();
      clearInterval(timer);
      channel = next;
      leave = next.on('numbered', ({ run: id, n }) => receive(id, n));
    },
  };
}
