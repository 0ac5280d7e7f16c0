/** HAProxy before one server, or before its two ports. */
import type { Recipe } from './run.js';

const haproxy = (timeouts: readonly string[], ...backend: string[]): Recipe => ({
  command: 'haproxy',
  arguments: ({ folder }) => ['-db', '-q', '-f', `${folder}/haproxy.cfg`],
  files: ({ port, targets }) => ({
    'haproxy.cfg': `
global
    maxconn 256
defaults
    mode http
    timeout connect 2s
${timeouts.map((line) => `    timeout ${line}`).join('\n')}
frontend web
    bind 127.0.0.1:${port}
    default_backend app
backend app
    balance roundrobin
${backend.map((line) => `    ${line}`).join('\n')}
    server one 127.0.0.1:${targets[0]}
    server two 127.0.0.1:${targets[1]}
`,
  }),
});

const LONG = ['client 75s', 'server 75s', 'tunnel 75s'];

export const HAPROXY = {
  'haproxy-short-tunnel': haproxy(['client 5s', 'server 5s', 'tunnel 3s']),
  'haproxy-no-upgrade-short': haproxy(['client 5s', 'server 5s'], 'http-request del-header Upgrade'),
  /** Two servers, and nothing that is sticky. */
  'haproxy-round-robin': haproxy(LONG, 'http-request del-header Upgrade'),
};

/** The same with WebSockets, for nodes that share a Redis: each request goes to the next one, past one that is gone. */
export const ANY_NODE = haproxy(LONG, 'option redispatch 1', 'retries 2');
