/**
 * What would mend each verdict, for people who look after networks. An entry of
 * its own (`@iskra/client/cures`): the client itself only names the cure.
 */
import type { Curable } from '@iskra/protocol/wire';

export type { Curable };

/** For each verdict that has one: what would mend it. */
export const CURES: Readonly<Record<Curable, string>> = {
  'ws-refused': 'let the proxy pass Upgrade',
  'ws-timeout': 'something holds the handshake: use TLS',
  'ws-silent': 'switch off WebSocket inspection',
  'ws-killed-early': 'allow long-lived WebSockets',
  'sse-refused': 'let POST …/sse pass',
  'sse-buffered': 'switch off buffering: proxy_buffering off',
  'sse-one-behind': 'switch off web inspection',
  'sse-killed-early': 'allow streams over 10 s',
  'poll-refused': 'let POST …/poll pass',
  'poll-oversize': 'allow larger answers',
  'poll-cut': 'allow answers to take 30 s',
  'half-open': 'keep connections in NAT and firewall for longer than a heartbeat',
  'idle-cut': 'raise the idle timeout over the heartbeat',
  auth: 'check what `auth` gives',
  forbidden: 'list this origin',
  version: 'reload',
  overload: 'add nodes',
  'server-down': 'check url and server',
  'not-available': 'leave it out of `transports`',
};

/** The sentence for a verdict, or for a `cure` of `explain()`. */
export const cureOf = (verdict: string | undefined): string | undefined =>
  (CURES as Partial<Record<string, string>>)[verdict?.replace(/^.*#/, '') ?? ''];
