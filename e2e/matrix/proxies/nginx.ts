/** nginx before one server, by the lines of its location. */
import type { Recipe } from './run.js';

const nginx = (...lines: string[]): Recipe => ({
  command: 'nginx',
  arguments: ({ folder }) => ['-p', folder, '-c', `${folder}/nginx.conf`],
  files: ({ folder, port, targets }) => ({
    'nginx.conf': `
daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log stderr crit;
events { worker_connections 512; }
http {
  access_log off;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`).join(' ')}
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://127.0.0.1:${targets[0]};
${lines.map((line) => `      ${line}`).join('\n')}
    }
  }
}
`,
  }),
});

/** As the guide has it. */
const WEBSOCKET = [
  'proxy_http_version 1.1;',
  'proxy_set_header Upgrade $http_upgrade;',
  'proxy_set_header Connection "upgrade";',
];

export const NGINX = {
  /** Nobody told it anything. */
  'nginx-plain': nginx(),
  'nginx-websocket': nginx(...WEBSOCKET),
  /** Buffering that is not to be talked out of it by an answer's header. */
  'nginx-buffering-gzip': nginx(
    'proxy_buffering on;',
    'proxy_ignore_headers X-Accel-Buffering;',
    'gzip on;',
    'gzip_types *;',
    'gzip_proxied any;',
    'gzip_min_length 1;',
  ),
  'nginx-read-timeout-5s': nginx('proxy_read_timeout 5s;'),
  'nginx-websocket-read-timeout-5s': nginx(...WEBSOCKET, 'proxy_read_timeout 5s;', 'proxy_send_timeout 5s;'),
  'nginx-body-1kB': nginx('client_max_body_size 1k;'),
  'nginx-websocket-body-1kB': nginx(...WEBSOCKET, 'client_max_body_size 1k;'),
};
