/** A selection of the matrix: each kind of box once, and each real proxy; everything gets there, by the best that it allows. */
import { afterAll, beforeAll, describe, it } from 'vitest';
import { playRow } from './play-row.js';
import { ROWS } from './rows.js';
import { createSeats } from './seats.js';
import { startServers } from './servers.js';
import type { Servers } from './servers.js';

const PLAYED = [
  'strip-upgrade',
  'swallow-upgrade',
  'mute-websocket',
  'kill-websocket=200ms',
  'strip-upgrade,buffer',
  'strip-upgrade,gzip',
  'strip-upgrade,hold-first',
  'strip-upgrade,refuse-streams',
  'strip-upgrade,limit-bodies=2kB',
  'strip-upgrade,limit-bodies-502=2kB',
  'round-robin,strip-upgrade,buffer,limit-bodies-cut=2kB',
  'strip-upgrade,limit-answers=2kB',
  'strip-upgrade,buffer,limit-answers-502=2kB',
  'http10,buffer=64kB,only-get-post',
  'http10,strip-headers,repeat-posts,latency=50ms',
  'round-robin,refuse-upgrade=502,refuse-streams,repeat-posts',
  'strip-upgrade,buffer,cache-gets,repeat-posts',
  'nginx-plain',
  'nginx-websocket',
  'nginx-buffering-gzip',
  'nginx-body-1kB',
  'haproxy-round-robin',
  'apache-no-wstunnel',
  'squid-forward',
  'squid-forward-as-it-comes',
  'squid-reverse',
  'varnish',
  'tinyproxy-reverse',
];

/** How long both ends speak, s. */
const SECONDS = 3;
/** At a time: they share the machine. */
const TOGETHER = 5;
/** Long enough for a busy machine, and short enough that a test which fails says what was lost. */
const BOUNDS = { first: 15_000, rest: 15_000 };
const SETTLE = 15_000;

describe('20 messages a second each way', { concurrent: true }, () => {
  const seats = createSeats(TOGETHER);
  let servers: Servers;
  beforeAll(async () => {
    servers = await startServers({ peer: false });
  });
  afterAll(() => servers.kill());

  it.for(PLAYED)(
    'get through %s once and in order, by the best transport (T1, T2)',
    async (name, { expect }) => {
      const row = ROWS.find((one) => one.name === name)!;
      const { ours } = await playRow(row, servers, {
        seconds: SECONDS,
        seats,
        peers: [],
        bounds: BOUNDS,
        settle: SETTLE,
      });
      const { exchange, transport, told } = ours;
      expect({ first: exchange.first !== undefined, up: exchange.up, down: exchange.down, told }).toEqual({
        first: true,
        up: { sent: SECONDS * 20, lost: 0, doubled: 0, reordered: 0 },
        down: { sent: SECONDS * 20, lost: 0, doubled: 0, reordered: 0 },
        told: [],
      });
      expect(row.best).toContain(transport);
      expect(exchange.disconnects).toBe(0);
    },
  );
});
