/** tinyproxy, as a proxy that the user has set, and in the place of a server. */
import type { Place, Recipe } from './run.js';

const tinyproxy = (lines: (place: Place) => readonly string[], forward = false): Recipe => ({
  command: 'tinyproxy',
  arguments: ({ folder }) => ['-d', '-c', `${folder}/tinyproxy.conf`],
  forward,
  files: (place) => ({
    'tinyproxy.conf': `
Port ${place.port}
Listen 127.0.0.1
Timeout 600
MaxClients 100
LogLevel Critical
PidFile "${place.folder}/tinyproxy.pid"
${lines(place).join('\n')}
`,
  }),
});

export const TINYPROXY = {
  'tinyproxy-forward': tinyproxy(() => [], true),
  /** As it comes: tunnels to ports of TLS only. */
  'tinyproxy-forward-as-it-comes': tinyproxy(() => ['ConnectPort 443', 'ConnectPort 563'], true),
  'tinyproxy-reverse': tinyproxy(({ targets }) => [
    'ReverseOnly Yes',
    `ReversePath "/" "http://127.0.0.1:${targets[0]}/"`,
  ]),
};
