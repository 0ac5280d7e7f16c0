/** HAProxy and nginx, run with the very files of `deploy/`: only addresses are the test's. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { listening } from '../doctor/proxies.js';
import { freePort } from '../ports.js';
import { root, start } from '../programs.js';
import type { Program } from '../programs.js';

export const FRONTS = ['haproxy', 'nginx'] as const;
export type FrontName = (typeof FRONTS)[number];

export interface Front {
  readonly url: string;
  readonly port: number;
  /** Reads its file again, once; old workers go on with what is open. Nodes that nginx is to leave out get nothing new. */
  reload(without?: readonly number[]): Promise<void>;
  /** What HAProxy thinks of its nodes, by name; nginx does not tell. */
  states(): Promise<Record<string, string>>;
  stop(): Promise<void>;
}

export const fileOf = (name: string): string => path.join(root, 'deploy', name);

/** @param nodes their ports */
export function startFront(name: FrontName, nodes: readonly number[]): Promise<Front> {
  return name === 'haproxy' ? startHaproxy(nodes) : startNginx(nodes);
}

async function startHaproxy(nodes: readonly number[]): Promise<Front> {
  const [port, observe] = [await freePort(), await freePort()];
  const env = {
    BIND: `127.0.0.1:${port}`,
    OBSERVE: `127.0.0.1:${observe}`,
    ...Object.fromEntries(nodes.map((node, index) => [`ISKRA_${index + 1}`, `127.0.0.1:${node}`])),
  };
  // With a master, as its images and packages run it.
  const program = start('haproxy', ['-W', '-db', '-f', fileOf('haproxy.cfg')], env);
  await Promise.all([listening(port, program), listening(observe, program)]);
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    async reload() {
      program.process.kill('SIGUSR2');
      await program.said(/Reloading HAProxy[^]*New worker[^]*Loading success/);
    },
    async states() {
      const answer = await fetch(`http://127.0.0.1:${observe}/;csv`, { headers: { connection: 'close' } });
      const [head = '', ...rows] = (await answer.text()).trim().split('\n');
      const names = head.replace('# ', '').split(',');
      const cells = rows.map((row) => row.split(','));
      const [proxy, server, status] = ['pxname', 'svname', 'status'].map((column) => names.indexOf(column));
      return Object.fromEntries(
        cells.flatMap((row) =>
          row[proxy!] === 'iskra' && row[server!] !== 'BACKEND' ? [[row[server!], row[status!]]] : [],
        ),
      );
    },
    stop: () => end(program),
  };
}

const RECONFIGURED = 'start worker processes';

async function startNginx(nodes: readonly number[]): Promise<Front> {
  const [port, folder] = [await freePort(), mkdtempSync(path.join(tmpdir(), 'iskra-nginx-'))];
  const file = path.join(folder, 'nginx.conf');
  const write = (without: readonly number[] = []): void =>
    writeFileSync(file, nginxFile({ port, nodes, folder, without }));
  write();
  const program = start('nginx', [
    ...['-e', 'stderr', '-p', folder, '-c', file],
    ...['-g', `daemon off; pid ${folder}/pid; error_log stderr notice;`],
  ]);
  await listening(port, program);
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    async reload(without) {
      write(without);
      const before = program.stderr.split(RECONFIGURED).length;
      program.process.kill('SIGHUP');
      await program.said(new RegExp(`(?:${RECONFIGURED}[^]*?){${before}}gracefully shutting down`));
    },
    states: async () => ({}),
    async stop() {
      await end(program);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The file, with what is the test's own in the place of what is a machine's. */
export function nginxFile(here: {
  port: number;
  nodes: readonly number[];
  folder: string;
  without?: readonly number[];
}): string {
  const { port, nodes, folder, without = [] } = here;
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${folder}/${name};`)
    .join(' ');
  const replacements: [string | RegExp, string][] = [
    ['error_log stderr warn;', ''],
    ['http {', `http { ${temporary}`],
    ['listen 8080;', `listen 127.0.0.1:${port};`],
    ...nodes.map((node, index): [RegExp, string] => [
      new RegExp(`server 127\\.0\\.0\\.1:${8001 + index} ([^;]*);`),
      `server 127.0.0.1:${node} $1${without.includes(index) ? ' down' : ''};`,
    ]),
  ];
  let text = readFileSync(fileOf('nginx.conf'), 'utf8');
  for (const [what, by] of replacements) {
    if (!(typeof what === 'string' ? text.includes(what) : what.test(text)))
      throw new Error(`deploy/nginx.conf has no ${what}, which this test replaces.`);
    text = text.replace(what, by);
  }
  return text;
}

/** By SIGTERM, on which both take their workers with them. */
async function end(program: Program): Promise<void> {
  program.process.kill('SIGTERM');
  await program.ended;
}
