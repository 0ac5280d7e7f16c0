/** A box between clients and their server that breaks what real boxes break: listens, changes its faults, closes. */
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Faults } from './faults.js';
import { parseProfile } from './profile.js';
import type { Profile } from './profile.js';
import { relay } from './relay.js';
import { MAX_HEAD } from './target.js';
import type { Target } from './target.js';
import { Traffic } from './traffic.js';
import type { BoxEvent, Stats } from './traffic.js';
import { upgrade } from './upgrade.js';

export interface BoxOptions {
  /** The server behind the box, as in `http://127.0.0.1:8000`; several for `round-robin`. */
  to: string | readonly string[];
  /** What is broken; nothing by default. */
  profile?: Profile;
  /** Where it listens; 0, the default, takes a free port. */
  port?: number;
  /** The address it listens on; 127.0.0.1 by default. */
  host?: string;
  /** Between 0 and 1, for `jitter` and `resets`; give a seeded one to have the same run again. */
  random?: () => number;
  /** Told of each request: when it begins, which fault meets it, when it ends. */
  watch?: (event: BoxEvent) => void;
}

export interface Box {
  /** What clients connect to in the place of the server: `http://127.0.0.1:40123`. */
  readonly url: string;
  readonly port: number;
  /** The faults of now, in numbers. */
  readonly faults: Faults;
  readonly stats: Stats;
  /**
   * Changes the faults. Those of time, of speed, `stall` and `down` hold at once for what is open, and their clocks start
   * anew; the others hold for what begins from now on. Resolves when they hold. Rejects with a `ProfileError`, and then nothing changed.
   */
  set(profile: Profile): Promise<void>;
  /** Ends everything that is open, and listens no more. */
  close(): Promise<void>;
}

/** `wrong_target`: not the address of a plain HTTP server. `needs_targets`: `round-robin` with one target. `closed`: the box was. */
export type BoxErrorCode = 'wrong_target' | 'needs_targets' | 'closed';

/** The box cannot do what it was told. */
export class BoxError extends Error {
  override readonly name = 'BoxError';
  constructor(
    readonly code: BoxErrorCode,
    message: string,
  ) {
    super(message);
  }
}

/**
 * Opens a box. Rejects with a `ProfileError`, with a `BoxError`, or with Node's own error when it cannot listen there.
 *
 * @example const box = await openBox({ to: 'http://127.0.0.1:8000', profile: ['strip-upgrade', 'idle=20s'] });
 */
export async function openBox(options: BoxOptions): Promise<Box> {
  const { to, profile = '', port: wanted = 0, host = '127.0.0.1', random = Math.random, watch } = options;
  const traffic = new Traffic(([] as string[]).concat(to).map(targetOf), random, watch);
  let faults = read(profile, traffic);
  let closed = false;

  // No clock of Node's own: what is quiet, slow or long stays as it is, unless a fault says otherwise.
  const settings = { keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0, maxHeaderSize: MAX_HEAD };
  const server = createServer(settings, (incoming, outgoing) => relay(traffic, incoming, outgoing));
  server.on('connection', (socket) => traffic.called(socket));
  server.on('upgrade', (incoming, socket, head) => {
    upgrade(traffic, server, incoming, socket as Socket, head);
  });
  const listen = (port: number): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => {
        server.off('error', reject);
        resolve();
      });
    });
  const leave = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      traffic.cutAll();
    });

  /** One change after the other: a port that is being left cannot be taken again. */
  let last = Promise.resolve();
  const inTurn = (change: () => Promise<void>): Promise<void> => {
    const made = last.then(change);
    last = made.catch(() => {});
    return made;
  };

  await listen(wanted);
  const { port, address, family } = server.address() as AddressInfo;
  traffic.meet(faults);
  if (faults.down) await leave();

  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    port,
    get faults() {
      return faults;
    },
    get stats() {
      return traffic.stats;
    },
    set: (next) =>
      inTurn(async () => {
        if (closed) throw new BoxError('closed', 'The box is closed, and breaks nothing more. Open another.');
        faults = read(next, traffic);
        traffic.meet(faults);
        if (faults.down && server.listening) await leave();
        if (!faults.down && !server.listening) await listen(port);
      }),
    close: () =>
      inTurn(async () => {
        closed = true;
        traffic.close();
        await leave();
      }),
  };
}

function read(profile: Profile, { targets }: Traffic): Faults {
  const faults = parseProfile(profile);
  if (faults['round-robin'] && targets.length < 2) {
    throw new BoxError(
      'needs_targets',
      'round-robin needs two targets or more, and there is one. Give a list: to: [first, second].',
    );
  }
  return faults;
}

function targetOf(to: string): Target {
  const url = URL.canParse(to) ? new URL(to) : undefined;
  if (url?.protocol === 'http:' && url.pathname === '/' && url.search === '') {
    return { hostname: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port || 80) };
  }
  throw new BoxError(
    'wrong_target',
    `"${to}" is not where a box can stand: it needs a plain HTTP server without a path, as in http://127.0.0.1:8000. ` +
      'It cannot read TLS: put it behind what ends that.',
  );
}
