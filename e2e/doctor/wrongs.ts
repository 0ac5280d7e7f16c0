/** What is done wrong with nginx, HAProxy and Apache in the world, and what the doctor finds then. */
import type { Sections } from './lines.js';
import type { ProxyName } from './proxies.js';

/** Where requests may be sent. */
export interface Targets {
  readonly node: string;
  /** A server that knows nothing of the sessions of the first. */
  readonly other: string;
  /** The first, behind something that cuts what it has passed on. */
  readonly flaky: string;
}

export interface Wrong {
  /** As the rest of a sentence that begins with the name of the proxy. */
  readonly what: string;
  spoil(good: Sections, targets: Targets): Sections;
  /** In the order in which they are mended. */
  readonly finds: readonly string[];
}

/** Takes lines out of a section, and puts others into it. */
const change =
  (section: string, out: RegExp | undefined, ...lines: string[]): Wrong['spoil'] =>
  (good) => ({
    ...good,
    [section]: [...(good[section] ?? []).filter((line) => out?.test(line) !== true), ...lines],
  });

const nginx: readonly Wrong[] = [
  {
    what: 'is as it comes',
    spoil: (good, { node }) => ({
      ...good,
      http: ['proxy_ignore_headers X-Accel-Buffering;'],
      location: [`proxy_pass http://${node};`],
    }),
    // Over HTTP/1.1 it passes each piece on, even when it buffers: so that is to be mended first.
    finds: ['sse-buffered', 'ws-refused', 'forbidden'],
  },
  {
    what: 'compresses',
    spoil: change('http', undefined, 'gzip on;', 'gzip_proxied any;', 'gzip_min_length 1;', 'gzip_types *;'),
    finds: ['compressed'],
  },
  {
    what: 'is impatient',
    spoil: change('http', undefined, 'proxy_read_timeout 2s;', 'proxy_send_timeout 2s;'),
    finds: ['idle-cut', 'poll-cut'],
  },
  {
    what: 'is very impatient',
    spoil: change('http', undefined, 'proxy_read_timeout 900ms;'),
    finds: ['ws-killed-early', 'sse-killed-early', 'poll-cut'],
  },
  {
    what: 'takes small bodies only',
    spoil: change('http', undefined, 'client_max_body_size 2k;'),
    finds: ['body-limit'],
  },
  {
    what: 'hides Origin',
    spoil: change('location', undefined, 'proxy_set_header Origin "";'),
    finds: ['origin-stripped'],
  },
  {
    what: 'hides the subprotocol',
    spoil: change('location', undefined, 'proxy_set_header Sec-WebSocket-Protocol "";'),
    finds: ['subprotocol-stripped'],
  },
  {
    what: 'goes from one node to another',
    spoil: (good, { node, other }) => ({
      ...good,
      upstream: [`upstream iskra {\n  server ${node};\n  server ${other};\n}`],
    }),
    finds: ['other-node'],
  },
  {
    what: 'repeats what was cut',
    spoil: (good, { flaky }) => ({
      ...good,
      http: ['proxy_next_upstream error timeout non_idempotent;'],
      // Two names for one, as it asks nobody twice.
      upstream: [`upstream iskra {\n${`  server ${flaky} max_fails=0;\n`.repeat(2)}}`],
    }),
    finds: ['posts-repeated'],
  },
  {
    what: 'does not know the path',
    spoil: ({ location = [], ...good }) => ({
      ...good,
      server: location.filter((line) => !line.startsWith('proxy_pass')),
    }),
    finds: ['wrong-path'],
  },
];

const haproxy: readonly Wrong[] = [
  {
    what: 'takes the upgrade away',
    spoil: change('backend', undefined, 'http-request del-header upgrade'),
    finds: ['ws-refused'],
  },
  {
    what: 'waits for whole answers',
    spoil: change('backend', undefined, 'http-response wait-for-body time 20s'),
    finds: ['sse-buffered'],
  },
  {
    what: 'is impatient',
    spoil: change(
      'defaults',
      /timeout (client|server|tunnel)/,
      ...['client', 'server', 'tunnel'].map((which) => `timeout ${which} 2s`),
    ),
    finds: ['idle-cut', 'poll-cut'],
  },
  {
    what: 'is very impatient with tunnels',
    spoil: change('defaults', /timeout tunnel/, 'timeout tunnel 900ms'),
    finds: ['ws-killed-early'],
  },
  {
    what: 'takes small bodies only',
    spoil: change('backend', undefined, 'http-request deny deny_status 413 if { req.body_size gt 2048 }'),
    finds: ['body-limit'],
  },
  {
    what: 'has a Host of its own',
    spoil: change('backend', undefined, 'http-request set-header host internal'),
    finds: ['forbidden'],
  },
  {
    what: 'hides Origin',
    spoil: change('backend', undefined, 'http-request del-header origin'),
    finds: ['origin-stripped'],
  },
  {
    what: 'hides the subprotocol',
    spoil: change('backend', undefined, 'http-request del-header sec-websocket-protocol'),
    finds: ['subprotocol-stripped'],
  },
  {
    what: 'goes from one node to another',
    spoil: (good, { node, other }) => ({
      ...good,
      backend: ['balance roundrobin', `server one ${node}`, `server two ${other}`],
    }),
    finds: ['other-node'],
  },
  {
    what: 'repeats what was cut',
    spoil: (good, { flaky }) => ({
      ...good,
      backend: [`server one ${flaky}`, 'retries 3', 'retry-on all-retryable-errors'],
    }),
    finds: ['posts-repeated'],
  },
  {
    what: 'does not know the path',
    spoil: change('frontend', /default_backend/, 'default_backend other'),
    finds: ['wrong-path'],
  },
];

const apache: readonly Wrong[] = [
  {
    what: 'is as it comes',
    spoil: (_, { node }) => ({ host: [`ProxyPass / http://${node}/`] }),
    finds: ['ws-refused', 'forbidden'],
  },
  {
    what: 'compresses',
    spoil: change('host', undefined, 'SetOutputFilter DEFLATE'),
    finds: ['compressed'],
  },
  {
    what: 'is impatient',
    spoil: change('host', /^Timeout/, 'Timeout 2'),
    finds: ['idle-cut', 'poll-cut'],
  },
  {
    what: 'hides Origin',
    spoil: change('host', undefined, 'RequestHeader unset Origin'),
    finds: ['origin-stripped'],
  },
  {
    what: 'hides the subprotocol',
    spoil: change('host', undefined, 'RequestHeader unset Sec-WebSocket-Protocol'),
    finds: ['subprotocol-stripped'],
  },
  {
    what: 'does not know the path',
    spoil: change('host', /^ProxyPass /),
    finds: ['wrong-path'],
  },
];

export const WRONGS: Readonly<Record<ProxyName, readonly Wrong[]>> = { nginx, haproxy, apache };
