/** Varnish, with the rules that it comes with, and with those that its manual gives for WebSockets. */
import type { Recipe } from './run.js';

const varnish = (rules = ''): Recipe => ({
  command: 'varnishd',
  arguments: ({ folder, port }) => [
    ...['-F', '-j', 'none', '-n', `${folder}/work`, '-T', 'none', '-a', `127.0.0.1:${port}`],
    ...['-f', `${folder}/rules.vcl`, '-s', 'malloc,8m', '-p', 'thread_pools=1', '-p', 'thread_pool_min=32'],
  ],
  files: ({ targets }) => ({
    'rules.vcl': `vcl 4.1;
backend app { .host = "127.0.0.1"; .port = "${targets[0]}"; }
${rules}
`,
  }),
});

export const VARNISH = {
  varnish: varnish(),
  'varnish-pipe': varnish(`
sub vcl_recv { if (req.http.Upgrade ~ "(?i)websocket") { return (pipe); } }
sub vcl_pipe {
  if (req.http.Upgrade) { set bereq.http.Upgrade = req.http.Upgrade; set bereq.http.Connection = req.http.Connection; }
}`),
};
