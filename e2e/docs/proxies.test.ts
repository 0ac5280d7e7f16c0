/** The files of docs/proxies, run: behind each of them a client gets through over every transport. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { connect } from '@iskra/client';
import type { TransportName } from '@iskra/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blocksOf } from '../../docs/samples/blocks.js';
import { apacheFile } from '../matrix/proxies/apache.js';
import { runProxy } from '../matrix/proxies/run.js';
import type { Place, Recipe, Running } from '../matrix/proxies/run.js';
import { endAll, root, serveBare } from '../programs.js';
import type { Serving } from '../programs.js';

const TRANSPORTS: readonly TransportName[] = ['websocket', 'sse', 'long-poll', 'polling'];

/** How the file of a page is run: what stands around it is about where it runs, and nothing of the page's subject. */
const PAGES: Readonly<Record<string, { language: string; run(text: string): Recipe }>> = {
  nginx: {
    language: 'nginx',
    run: (text) => ({
      command: 'nginx',
      arguments: ({ folder }) => ['-p', folder, '-c', `${folder}/nginx.conf`],
      files: (place) => ({
        'nginx.conf': `
daemon off;
master_process off;
pid ${place.folder}/nginx.pid;
error_log stderr crit;
events { worker_connections 512; }
http {
  access_log off;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${place.folder}/${name};`).join(' ')}
  ${at(place, text)}
}
`,
      }),
    }),
  },
  haproxy: {
    language: 'haproxy',
    run: (text) => ({
      command: 'haproxy',
      arguments: ({ folder }) => ['-db', '-q', '-f', `${folder}/haproxy.cfg`],
      files: (place) => ({ 'haproxy.cfg': `global\n    maxconn 256\n${at(place, text)}` }),
    }),
  },
  apache: {
    language: 'apache',
    run: (text) => ({
      command: 'apache2',
      arguments: ({ folder }) => ['-X', '-d', folder, '-f', `${folder}/apache.conf`],
      files: (place) => ({
        'apache.conf': apacheFile(
          place,
          ['env', 'filter', 'deflate'],
          `SetOutputFilter DEFLATE\n${at(place, text)}`,
        ),
      }),
    }),
  },
  varnish: {
    language: 'vcl',
    run: (text) => ({
      command: 'varnishd',
      arguments: ({ folder, port }) => [
        ...['-F', '-j', 'none', '-n', `${folder}/work`, '-T', 'none', '-a', `127.0.0.1:${port}`],
        ...[
          '-f',
          `${folder}/rules.vcl`,
          '-s',
          'malloc,8m',
          '-p',
          'thread_pools=1',
          '-p',
          'thread_pool_min=32',
        ],
      ],
      files: (place) => ({ 'rules.vcl': at(place, text) }),
    }),
  },
};

/** The file, with the ports of this test in the place of its own. */
const at = ({ port, targets: [target] }: Place, text: string): string =>
  text
    .replaceAll('127.0.0.1:8000', `127.0.0.1:${target}`)
    .replace('.port = "8000"', `.port = "${target}"`)
    .replace('listen 8080;', `listen 127.0.0.1:${port};`)
    .replace('bind :8080', `bind 127.0.0.1:${port}`);

let server: Serving;
beforeAll(async () => {
  server = await serveBare('--trusted-proxies', '1');
});
afterAll(endAll);

describe.each(Object.entries(PAGES))('docs/proxies/%s.md', (name, { language, run }) => {
  let proxy: Running;
  beforeAll(async () => {
    const page = `docs/proxies/${name}.md`;
    const file = blocksOf(page, readFileSync(path.join(root, page), 'utf8')).find(
      (block) => block.language === language,
    );
    proxy = await runProxy(run(file?.text ?? ''), [server.port, server.port]);
  });
  afterAll(() => proxy?.close());

  it.each(TRANSPORTS)('lets a client through over %s', async (transport) => {
    const client = connect(`http://127.0.0.1:${proxy.port}/realtime`, { transports: [transport] });
    const room = client.channel(`room:${name}-${transport}`);
    const heard: unknown[] = [];
    room.on('said', (payload) => heard.push(payload));
    await room.subscribe();
    for (const text of ['one', 'two', 'three']) await room.publish('said', text).settled;
    await expect.poll(() => heard, { timeout: 10_000 }).toEqual(['one', 'two', 'three']);
    const { current, attempts } = client.explain();
    expect(current).toBe(transport);
    expect(attempts.map(({ verdict }) => verdict).filter((verdict) => verdict !== undefined)).toEqual([]);
    await client.close();
  });
});
