/** Measures the service levels of a server: from here, and with a box of our own on the way that cuts and blocks. */
import { setTimeout as pause } from 'node:timers/promises';
import { openBox } from '@iskra/chaos';
import type { Box } from '@iskra/chaos';
import { connect } from '@iskra/client';
import type { Client, ConnectOptions } from '@iskra/client';
import type { Measured } from './levels.js';

export interface Place {
  /** The base path of the transports. */
  url: string;
  options: ConnectOptions;
  /** How long clients are looked at while connections are cut, ms. */
  duration: number;
}

/** Clients that memory and CPU are measured with. */
const MANY = 100;
/** Connections one after another, each way. */
const TIMES = 20;
/** Clients that are looked at. */
const WATCHED = 10;
/** What a ping, a connection or a return may take, ms. */
const IN_TIME = 5_000;

export async function measure(place: Place, say: (text: string) => void): Promise<Measured> {
  const { url } = place;
  const isPlain = url.startsWith('http:');
  // Before anybody is there: what the first clients cost counts.
  const before = await metricsOf(url);
  say('connections');
  const connecting = await timesOf(url, place.options);
  say('connections where WebSocket is blocked');
  const blocked = isPlain ? await throughBoxes(place) : undefined;
  say('errors');
  const errors = await wrongs(place);
  say('heartbeats');
  const heartbeats = await pings(place);
  say('reconnections');
  const cuts = isPlain ? await cut(place) : undefined;
  say('memory and CPU');
  const cost = await costOf(place, before);
  return {
    connecting,
    blocked,
    errors,
    heartbeats,
    looks: cuts?.looks,
    reconnections: cuts?.reconnections,
    ...cost,
    start: undefined,
  };
}

/** Resolves when it is connected; rejects when that takes too long. */
function there(client: Client): Promise<void> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`no connection within ${IN_TIME / 1_000} s`)), IN_TIME);
    const off = client.on('status', look);
    function look(): void {
      if (client.status.state !== 'connected') return;
      clearTimeout(late);
      off();
      resolve();
    }
    look();
  });
}

async function using<Result>(
  url: string,
  options: ConnectOptions,
  work: (client: Client) => Promise<Result>,
): Promise<Result> {
  const client = connect(url, options);
  client.on('error', () => {});
  try {
    await there(client);
    return await work(client);
  } finally {
    await client.close();
  }
}

async function timesOf(url: string, options: ConnectOptions, times = TIMES): Promise<number[]> {
  const samples: number[] = [];
  for (let time = 0; time < times; time++) {
    const began = performance.now();
    samples.push(await using(url, options, () => Promise.resolve(performance.now() - began)));
  }
  return samples;
}

const boxBefore = async (url: string, profile: string): Promise<{ box: Box; url: string }> => {
  const { origin, pathname } = new URL(url);
  const box = await openBox({ to: origin, profile });
  return { box, url: `${box.url}${pathname}` };
};

async function throughBoxes({ url, options }: Place): Promise<number[]> {
  const samples: number[] = [];
  for (const profile of ['strip-upgrade', 'swallow-upgrade']) {
    const blocked = await boxBefore(url, profile);
    try {
      samples.push(...(await timesOf(blocked.url, options, TIMES / 2)));
    } finally {
      await blocked.box.close();
    }
  }
  return samples;
}

/** Wrong things, each of which has to be answered with a code; a session beside them must notice nothing. */
async function wrongs({ url, options }: Place): Promise<Measured['errors']> {
  return using(url, options, async (witness) => {
    const post = async (body: string): Promise<boolean> => {
      const response = await fetch(`${url}/poll`, {
        method: 'POST',
        body,
        signal: AbortSignal.timeout(IN_TIME),
      });
      return response.status >= 400 && response.status < 500 && /"code":\d+/.test(await response.text());
    };
    const refused = (work: Promise<unknown>): Promise<boolean> =>
      work.then(
        () => false,
        (error: { code?: string }) => error.code !== undefined && error.code !== 'request_timeout',
      );
    const channel = witness.channel('slo');
    const tries: (() => Promise<boolean>)[] = [
      () => post('{'),
      () => post('[]'),
      () => post('[["hello"]]'),
      () => post('[["hello",{"version":99,"nonce":"x"}]]'),
      () => post('[["continue",{"nonce":"x","key":"y","generation":1}]]'),
      () => refused(witness.request('slo:nobody-handles-this')),
      () => refused(channel.publish('slo', 'x'.repeat(70_000)).settled),
      () => refused(channel.publish('slo', null, { omega: 2 }).settled),
    ];
    let handled = 0;
    for (const attempt of tries)
      if ((await attempt().catch(() => false)) && (await isWell(witness))) handled++;
    return { all: tries.length, handled };
  });
}

const isWell = async (client: Client): Promise<boolean> =>
  client.status.state === 'connected' && (await isAnswered(client));

const isAnswered = (client: Client): Promise<boolean> =>
  Promise.race([
    client.ping().then(
      () => true,
      () => false,
    ),
    pause(IN_TIME, false, { ref: false }),
  ]);

async function pings({ url, options }: Place): Promise<Measured['heartbeats']> {
  return using(url, options, async (client) => {
    let answered = 0;
    const all = 200;
    for (let ping = 0; ping < all; ping++) {
      if (await isAnswered(client)) answered++;
      await pause(5);
    }
    return { all, answered };
  });
}

/** Cuts all connections again and again, and looks at what the applications see meanwhile. */
async function cut({ url, options, duration }: Place): Promise<Pick<Measured, 'looks' | 'reconnections'>> {
  const way = await boxBefore(url, '');
  const clients = Array.from({ length: WATCHED }, () =>
    connect(way.url, { ...options, reconnect: { min: 50, max: 500 } }),
  );
  const looks = { all: 0, connected: 0 };
  const reconnections = { all: 0, succeeded: 0 };
  try {
    for (const client of clients) client.on('error', () => {});
    await Promise.all(clients.map(there));
    const sessions = clients.map(({ status }) => status.session);
    const look = setInterval(() => {
      for (const { status } of clients) {
        looks.all++;
        if (status.state === 'connected') looks.connected++;
      }
    }, 20);
    const end = performance.now() + duration;
    while (performance.now() < end) {
      await way.box.set('down');
      await way.box.set('');
      const back = await Promise.all(clients.map(isAnswered));
      reconnections.all += clients.length;
      reconnections.succeeded += back.filter(
        (is, at) => is && clients[at]!.status.session === sessions[at],
      ).length;
      await pause(500);
    }
    clearInterval(look);
    return { looks, reconnections };
  } finally {
    await Promise.all(clients.map((client) => client.close()));
    await way.box.close();
  }
}

interface Metrics {
  /** Bytes. */
  memory: number;
  /** Seconds. */
  cpu: number;
}

async function costOf(
  { url, options }: Place,
  before: Metrics | undefined,
): Promise<Pick<Measured, 'memory' | 'cpu'>> {
  if (before === undefined) return { memory: undefined, cpu: undefined };
  const clients = Array.from({ length: MANY }, () => connect(url, options));
  try {
    for (const client of clients) client.on('error', () => {});
    await Promise.all(clients.map(there));
    // Behind what their arrival cost.
    await pause(2_000);
    const [idle, from] = [await metricsOf(url), performance.now()];
    await pause(5_000);
    const [after, to] = [await metricsOf(url), performance.now()];
    if (idle === undefined || after === undefined) return { memory: undefined, cpu: undefined };
    return {
      memory: Math.max(0, after.memory - before.memory),
      cpu: ((after.cpu - idle.cpu) * 1_000) / (to - from),
    };
  } finally {
    await Promise.all(clients.map((client) => client.close()));
  }
}

/** Undefined where they cannot be read from here. */
async function metricsOf(url: string): Promise<Metrics | undefined> {
  try {
    const text = await (
      await fetch(new URL('/metrics', url), { signal: AbortSignal.timeout(IN_TIME) })
    ).text();
    const read = (name: string): number => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
    const [memory, cpu] = [read('process_resident_memory_bytes'), read('process_cpu_seconds_total')];
    return memory > 0 && cpu >= 0 ? { memory, cpu } : undefined;
  } catch {
    return undefined;
  }
}
