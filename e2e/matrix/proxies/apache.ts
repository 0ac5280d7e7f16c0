/** Apache with mod_proxy_http, and without what lets a WebSocket pass. */
import type { Recipe } from './run.js';

const MODULES = '/usr/lib/apache2/modules';

/** The whole file of one that runs alone in a folder; `body` is what it does. */
export const apacheFile = (
  { folder, port }: { folder: string; port: number },
  modules: readonly string[],
  body: string,
): string => `
ServerRoot ${folder}
DefaultRuntimeDir ${folder}
PidFile ${folder}/apache.pid
ErrorLog ${folder}/error.log
LogLevel crit
ServerName localhost
Listen 127.0.0.1:${port}
${['mpm_event', 'authz_core', 'proxy', 'proxy_http', ...modules].map((name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`).join('\n')}
<IfModule unixd_module>
  User www-data
  Group www-data
</IfModule>
ThreadsPerChild 64
MaxRequestWorkers 64
ServerLimit 1
${body}
`;

const apache = (modules: readonly string[], ...lines: string[]): Recipe => ({
  command: 'apache2',
  arguments: ({ folder }) => ['-X', '-d', folder, '-f', `${folder}/apache.conf`],
  files: (place) => ({
    'apache.conf': apacheFile(
      place,
      modules,
      [`ProxyPass / http://127.0.0.1:${place.targets[0]}/`, ...lines].join('\n'),
    ),
  }),
});

export const APACHE = {
  'apache-no-wstunnel': apache([]),
  'apache-deflate': apache(['filter', 'deflate'], 'SetOutputFilter DEFLATE'),
};
