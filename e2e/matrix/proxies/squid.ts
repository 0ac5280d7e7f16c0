/** Squid, as a proxy that the user has set, and in the place of a server. */
import type { Place, Recipe } from './run.js';

const squid = (lines: (place: Place) => readonly string[], forward = false): Recipe => ({
  command: 'squid',
  arguments: ({ folder }) => ['-N', '-f', `${folder}/squid.conf`],
  forward,
  files: (place) => ({
    'squid.conf': `
${lines(place).join('\n')}
http_access allow all
cache deny all
cache_mem 8 MB
access_log none
cache_log ${place.folder}/cache.log
pid_filename ${place.folder}/squid.pid
coredump_dir ${place.folder}
netdb_filename none
pinger_enable off
max_filedescriptors 1024
shutdown_lifetime 0 seconds
visible_hostname localhost
`,
  }),
});

const reverse = ({ port, targets }: Place): string[] => [
  `http_port 127.0.0.1:${port} accel defaultsite=localhost no-vhost`,
  `cache_peer 127.0.0.1 parent ${targets[0]} 0 no-query originserver name=app`,
];

export const SQUID = {
  /** Tunnels to every port. */
  'squid-forward': squid(({ port }) => [`http_port 127.0.0.1:${port}`], true),
  /** As it comes: tunnels to port 443 only, which a plain WebSocket is not on. */
  'squid-forward-as-it-comes': squid(
    ({ port }) => [
      `http_port 127.0.0.1:${port}`,
      'acl SSL_ports port 443',
      'acl CONNECT method CONNECT',
      'http_access deny CONNECT !SSL_ports',
    ],
    true,
  ),
  'squid-reverse': squid(reverse),
  'squid-answers-16kB': squid((place) => [...reverse(place), 'reply_body_max_size 16 KB all']),
};
