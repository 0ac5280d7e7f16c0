/** HAProxy before the nodes, without any affinity: each request and each connection goes to the next one that is ready. */
import { runProxy } from '../matrix/proxies/run.js';
import type { Recipe, Running } from '../matrix/proxies/run.js';
import { CHECK } from './times.js';

const balancer = (ports: readonly number[]): Recipe => ({
  command: 'haproxy',
  arguments: ({ folder }) => ['-db', '-q', '-f', `${folder}/haproxy.cfg`],
  files: ({ port }) => ({
    'haproxy.cfg': `
global
    maxconn 4096
defaults
    mode http
    timeout connect 2s
    timeout client 75s
    timeout server 75s
    timeout tunnel 1h
    option redispatch 1
    retries 3
frontend web
    bind 127.0.0.1:${port}
    default_backend nodes
backend nodes
    balance roundrobin
    option httpchk GET /ready
    http-check expect status 200
    default-server check inter ${CHECK}ms fall 2 rise 1
${ports.map((node, index) => `    server node${index + 1} 127.0.0.1:${node}`).join('\n')}
`,
  }),
});

export const runBalancer = (ports: readonly number[]): Promise<Running> => runProxy(balancer(ports), [0, 0]);
