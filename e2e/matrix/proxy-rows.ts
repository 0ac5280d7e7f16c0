/** Rows behind real proxies, as Debian has them; each is configured in `proxies/`. */
import type { TransportName } from '@iskra/client';
import type { ProxyName } from './proxies/proxies.js';
import type { Reasons, Row } from './rows.js';

const row = (
  proxy: ProxyName,
  best: TransportName,
  because: Reasons = {},
  more: Pick<Row, 'perhaps' | 'longest' | 'silence'> = {},
): Row => ({ name: proxy, box: { proxy }, best: [best], because, ...more });

/** A silence that is longer than the limits of these. Who says something in time is not cut, and needs no reason. */
const QUIET = { silence: 7_000, perhaps: { websocket: ['idle-cut'], sse: ['idle-cut'] } } as const;
const REFUSED = { websocket: ['ws-refused'] } as const;

export const PROXY_ROWS: readonly Row[] = [
  row('nginx-plain', 'sse', REFUSED),
  row('nginx-websocket', 'websocket'),
  row('nginx-buffering-gzip', 'long-poll', { ...REFUSED, sse: ['sse-buffered'] }),
  row('nginx-read-timeout-5s', 'sse', REFUSED, QUIET),
  row('nginx-websocket-read-timeout-5s', 'websocket', {}, QUIET),
  row('nginx-body-1kB', 'sse', REFUSED, { longest: 450 }),
  row('nginx-websocket-body-1kB', 'websocket'),
  row('haproxy-short-tunnel', 'websocket', {}, QUIET),
  row('haproxy-no-upgrade-short', 'sse', REFUSED, QUIET),
  row('haproxy-round-robin', 'sse', REFUSED),
  row('apache-no-wstunnel', 'sse', REFUSED),
  row('apache-deflate', 'sse', REFUSED),
  row('squid-forward', 'websocket'),
  row('squid-forward-as-it-comes', 'sse', REFUSED),
  row('squid-reverse', 'sse', REFUSED),
  row('squid-answers-16kB', 'long-poll', { ...REFUSED, sse: ['sse-killed-early'] }),
  row('varnish', 'sse', REFUSED),
  row('varnish-pipe', 'websocket'),
  row('tinyproxy-forward', 'websocket'),
  row('tinyproxy-forward-as-it-comes', 'sse', REFUSED),
  row('tinyproxy-reverse', 'sse', REFUSED),
];
