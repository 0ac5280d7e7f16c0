/** What a client may find out about its way to a server, where something can be done about it (P85). */
export const CURABLE = [
  ...(['ws-refused', 'ws-timeout', 'ws-silent', 'ws-killed-early'] as const),
  ...(['sse-refused', 'sse-buffered', 'sse-one-behind', 'sse-killed-early'] as const),
  ...(['poll-refused', 'poll-oversize', 'poll-cut'] as const),
  ...(['half-open', 'idle-cut'] as const),
  ...(['auth', 'forbidden', 'version', 'overload', 'server-down', 'not-available'] as const),
] as const;

export type Curable = (typeof CURABLE)[number];
