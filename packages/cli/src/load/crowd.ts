/** The clients of a load: they come, hear each other, speak as often as the plan says, and count what they see. */
import { randomBytes } from 'node:crypto';
import { createHistogram } from 'node:perf_hooks';
import type { Histogram } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { connect } from '@iskra/client';
import type { Client, ConnectOptions } from '@iskra/client';
import { seat } from './plan.js';
import type { Plan } from './plan.js';
import { createTally } from './tally.js';
import type { Missed } from './tally.js';

/** What was seen so far. Histograms are of microseconds. */
export interface Seen extends Missed {
  /** Of the clients that are there: by the transport that carries them. */
  connected: Record<string, number>;
  /** Clients that are not there, or were refused. */
  away: number;
  /** From the call to the session. */
  connecting: Histogram;
  /** From a publish to each of its deliveries. */
  delivery: Histogram;
  /** From a publish to its acknowledgement. */
  acknowledged: Histogram;
  /** How late this program itself was when something was due: what it measures of others has that in it. */
  late: Histogram;
  sent: number;
  delivered: number;
  /** How sends ended that were not acknowledged, by code. */
  failed: Record<string, number>;
  /** Times that an application would have shown a disconnect. */
  disconnects: number;
}

/** Milliseconds between looks at how many messages are due. */
const TICK = 20;
/** Milliseconds that what is under way has at the end. */
const REST = 15_000;

export interface Crowd {
  readonly seen: Seen;
  /** Resolves when all are there. Rejects with what the first was refused for, or when they are late. */
  gather(timeout: number): Promise<void>;
  /** Speaks for the plan's time, and waits until all of it has come. */
  speak(): Promise<void>;
  close(): Promise<void>;
}

export function createCrowd(url: string, plan: Plan, options: ConnectOptions, signal: AbortSignal): Crowd {
  const { roomOf, listeners, speaking } = seat(plan, randomBytes(4).toString('hex'));
  const tally = createTally();
  const clients: Client[] = [];
  const histogram = (): ReturnType<typeof createHistogram> => createHistogram({ figures: 3 });
  const [connecting, delivery, acknowledged, late] = [histogram(), histogram(), histogram(), histogram()];
  const fill = 'x'.repeat(plan.size);
  const failed: Record<string, number> = {};
  let sent = 0;
  let unsettled = 0;
  let disconnects = 0;
  let outstanding = 0;

  const since = (began: number): number => Math.max(1, Math.round((performance.now() - began) * 1_000));

  const come = async (index: number): Promise<void> => {
    const transport = plan.transports[index % plan.transports.length];
    const began = performance.now();
    const client = connect(url, { ...options, ...(transport !== undefined && { transports: [transport] }) });
    clients.push(client);
    let isThere = false;
    client.on('error', () => {});
    client.on('status', ({ state }) => {
      if (isThere && state === 'reconnecting') disconnects++;
    });
    const room = client.channel(roomOf(index));
    room.on('spoken', (payload) => {
      const { by, n, at } = payload as { by: number; n: number; at: number };
      delivery.record(since(at));
      tally.heard(index, by, n);
    });
    // The subscription goes with the first message: when it is taken, so is the client.
    await room.subscribe();
    connecting.record(since(began));
    isThere = true;
  };

  const say = (index: number): void => {
    const room = roomOf(index);
    const at = performance.now();
    const send = clients[index]!.channel(room).publish('spoken', {
      by: index,
      n: tally.next(room, index),
      at,
      fill,
    });
    sent++;
    unsettled++;
    send.settled
      .then(
        () => acknowledged.record(since(at)),
        (error: { code?: string }) => {
          const code = error.code ?? 'failed';
          failed[code] = (failed[code] ?? 0) + 1;
        },
      )
      .finally(() => unsettled--);
  };

  const until = async (isSo: () => boolean, timeout: number): Promise<void> => {
    const end = performance.now() + timeout;
    while (!isSo() && performance.now() < end && !signal.aborted) await pause(TICK);
  };

  return {
    get seen() {
      const connected: Record<string, number> = {};
      let away = plan.clients - clients.length;
      for (const { status } of clients) {
        if (status.state !== 'connected' || status.transport === undefined) away++;
        else connected[status.transport] = (connected[status.transport] ?? 0) + 1;
      }
      return {
        ...{ connected, away, connecting, delivery, acknowledged, late, sent, failed, disconnects },
        ...{ delivered: tally.deliveries, ...tally.missed(outstanding) },
      };
    },
    async gather(timeout) {
      const began = performance.now();
      const coming: Promise<void>[] = [];
      let refused: unknown;
      let there = 0;
      while (coming.length < plan.clients && refused === undefined && !signal.aborted) {
        const due = Math.min(plan.clients, 1 + Math.floor(((performance.now() - began) * plan.ramp) / 1_000));
        while (coming.length < due) {
          coming.push(
            come(coming.length)
              .then(
                () => void there++,
                (error: unknown) => (refused ??= error),
              )
              .then(() => {}),
          );
        }
        await pause(TICK);
      }
      await until(() => there === plan.clients || refused !== undefined, timeout);
      if (refused !== undefined) throw refused;
      if (there < plan.clients && !signal.aborted)
        throw new Error(
          `${there} of ${plan.clients} came within ${timeout / 1_000} s of the last one's beginning`,
        );
    },
    async speak() {
      const began = performance.now();
      for (let now = began; now - began < plan.duration && !signal.aborted; now = performance.now()) {
        const due = Math.floor(((now - began) * plan.rate) / 1_000);
        while (sent < due) say(speaking[sent % speaking.length]!);
        const waking = performance.now() + TICK;
        await pause(TICK);
        late.record(since(waking));
      }
      // Also when it was stopped: what is on its way is not lost.
      const end = performance.now() + REST;
      while ((unsettled > 0 || tally.outstanding(listeners) > 0) && performance.now() < end)
        await pause(TICK);
      outstanding = tally.outstanding(listeners);
    },
    close: async () => void (await Promise.all(clients.map((client) => client.close()))),
  };
}
