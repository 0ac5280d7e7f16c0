/** One session at the keyboard, and those that listen with it: does what the words ask for, and says what comes. */
import { setTimeout as pause } from 'node:timers/promises';
import { connect } from '@iskra/client';
import type { Client, ConnectOptions } from '@iskra/client';
import { MEMBERS } from '@iskra/protocol/wire';
import type { Subscribed } from '@iskra/protocol/wire';
import { Failure } from '../usage.js';
import {
  endLine,
  entryLine,
  eventLine,
  explainLine,
  failedLine,
  gapLine,
  helpLine,
  line,
  membersLine,
  messageLine,
  replyLine,
  statusLine,
} from './lines.js';
import type { Line } from './lines.js';
import { createReach } from './reach.js';
import type { Word } from './words.js';

export interface Asked {
  url: string;
  channels: readonly string[];
  last: number;
  clients: number;
  /** Milliseconds. */
  timeout: number;
  /** Milliseconds. */
  stays: number;
  events: boolean;
}

/** What was sent has this long to come to its end when the input is over. */
const LEAVE_WITHIN = 10_000;

export function createTalk(asked: Asked, options: ConnectOptions, say: (line: Line) => void) {
  const client = connect(asked.url, options);
  const others = Array.from({ length: asked.clients - 1 }, () => connect(asked.url, options));
  const reach = createReach(asked.clients);
  /** Where what is typed goes: the last one of them. */
  const channels: string[] = [];
  const underWay = new Set<Promise<unknown>>();
  let allWell = true;

  const hears = (one: Client, name: string): void => {
    one.channel(name).on('*', (_, entry) => {
      if (one === client) say(entryLine(entry));
      if (others.length === 0) return;
      const reached = reach.heard(name, entry.position, performance.now());
      if (reached === undefined) return;
      const text = `· ${name} ${reached.offset} is with all ${reached.clients} clients, ${Math.ceil(reached.within)} ms after the first`;
      say(line('quiet', text, { what: 'reached', ...reached }));
    });
    if (one === client) one.channel(name).onGap((gap) => say(gapLine(gap)));
  };

  const subscribe = async (name: string, last: number): Promise<void> => {
    const options = last > 0 ? { last } : {};
    // Handlers first: what comes with the answer is not to be missed.
    if (!channels.includes(name)) for (const one of [client, ...others]) hears(one, name);
    channels.splice(0, channels.length, ...channels.filter((other) => other !== name), name);
    await Promise.all([client, ...others].map((one) => one.channel(name).subscribe(options)));
    say(line('quiet', `· listening to ${name}`, { what: 'subscribed', channel: name }));
  };

  const unsubscribe = async (name: string): Promise<void> => {
    if (channels.includes(name)) channels.splice(channels.indexOf(name), 1);
    await Promise.all([client, ...others].map((one) => one.channel(name).unsubscribe()));
    say(line('quiet', `· no longer listening to ${name}`, { what: 'unsubscribed', channel: name }));
  };

  const publish = async (channel: string, delta: string, payload: unknown): Promise<void> => {
    const send = client.channel(channel).publish(delta, payload);
    const error = await send.settled.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (error !== undefined) allWell = false;
    say(endLine(channel, send.number, error));
  };

  /** Starts what a word asks for; nothing when it is done already. */
  const start = (word: Word): Promise<void> | undefined => {
    const channel = channels.at(-1);
    switch (word.do) {
      case 'subscribe':
        return subscribe(word.channel, word.last ?? asked.last);
      case 'unsubscribe':
      case 'publish':
      case 'members':
        if (word.do === 'unsubscribe' && word.channel !== undefined) return unsubscribe(word.channel);
        if (channel === undefined)
          throw new Error('there is no channel yet; /subscribe room:lobby makes it yours');
        if (word.do === 'publish') return publish(channel, word.delta, word.payload);
        if (word.do === 'unsubscribe') return unsubscribe(channel);
        return client.request(MEMBERS, { channel }).then((page) => say(membersLine(page as Subscribed)));
      case 'request':
        return client.request(word.name, word.input).then((reply) => say(replyLine(word.name, reply)));
      case 'ping':
        return client
          .ping()
          .then((ms) => say(line('good', `${ms.toFixed(1)} ms`, { what: 'ping', roundTrip: ms })));
      case 'status':
        say(statusLine(client.status));
        if (others.length > 0) say(partyLine([client, ...others]));
        return undefined;
      case 'explain':
        say(explainLine(client.explain()));
        return undefined;
      case 'help':
        say(helpLine());
        return undefined;
      case 'wrong':
        throw new Error(word.message);
      default:
        return undefined;
    }
  };

  return {
    /** Connects and subscribes. Rejects with a {@link Failure} when nobody is reached in time. */
    async begin(): Promise<void> {
      client.on('message', (envelope) => say(messageLine(envelope)));
      if (asked.events) client.on('system', (envelope) => say(eventLine(envelope)));
      // It is told by the word that it answers, or below.
      client.on('error', (error) => say(failedLine('error', error)));
      for (const one of others) one.on('error', () => {});
      await Promise.all([client, ...others].map((one) => connected(one, asked)));
      say(statusLine(client.status));
      if (others.length > 0) say(partyLine([client, ...others]));
      for (const name of asked.channels)
        await this.perform({ do: 'subscribe', channel: name, last: asked.last });
    },
    /** False when nothing is to follow. `isFree`: the next word need not wait for the end of this one. */
    async perform(word: Word, isFree = false): Promise<boolean> {
      if (word.do === 'quit') return false;
      const end = Promise.resolve()
        .then(() => start(word))
        .catch((error: unknown) => {
          allWell = false;
          say(failedLine(word.do === 'wrong' ? 'what?' : word.do, error));
        })
        .finally(() => underWay.delete(end));
      underWay.add(end);
      if (!isFree) await end;
      return true;
    },
    /** Waits for what is under way. Resolves with whether all went well. */
    async end(): Promise<boolean> {
      await pause(asked.stays);
      await Promise.race([Promise.all(underWay), pause(LEAVE_WITHIN, undefined, { ref: false })]);
      return allWell && client.status.unsettled === 0;
    },
    close: () => Promise.all([client, ...others].map((one) => one.close())),
  };
}

function connected(client: Client, { url, timeout }: Asked): Promise<void> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => {
      const tried = client
        .explain()
        .attempts.flatMap(({ transport, verdict }) => (verdict ? [`${transport}: ${verdict}`] : []));
      const why = tried.length > 0 ? ` (${[...new Set(tried)].join(', ')})` : '';
      reject(
        new Failure(
          `${url} gave no connection within ${timeout / 1000} s${why}. See what stands in the way: iskra doctor ${url}`,
        ),
      );
    }, timeout);
    const look = (): void => {
      if (client.status.state === 'closed')
        reject(new Failure(`${url} refused the session; is --auth right?`));
      else if (client.status.state !== 'connected') return;
      else resolve();
      clearTimeout(late);
      off();
    };
    const off = client.on('status', look);
    look();
  });
}

/** How many are there, and over what. */
function partyLine(clients: readonly Client[]): Line {
  const by: Record<string, number> = {};
  for (const { status } of clients) {
    const how = status.state === 'connected' ? (status.transport ?? 'connected') : status.state;
    by[how] = (by[how] ?? 0) + 1;
  }
  const parts = Object.entries(by).map(([how, count]) => `${count} ${how}`);
  return line('quiet', `· ${clients.length} clients: ${parts.join(', ')}`, { what: 'clients', ...by });
}
