/** nginx, HAProxy and Apache as processes of their own, each with a configuration that lacks nothing until it is spoilt. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort, listens } from '../ports.js';
import { start } from '../programs.js';
import type { Program } from '../programs.js';
import { follow } from './lines.js';
import type { Sections } from './lines.js';

export type ProxyName = 'nginx' | 'haproxy' | 'apache';

export interface Kind {
  /** A good configuration: everything passes. */
  good(target: string): Sections;
  /** Where a statement of the advice belongs. */
  sectionOf(statement: string): string;
  /** What two statements share of which only one can stand. */
  keyOf(statement: string): string;
  /** The whole file. */
  print(sections: Sections, at: { port: number; folder: string }): string;
  command(file: string): [string, ...string[]];
  /** What only looks whether a file can be read. */
  check(file: string): [string, ...string[]];
}

const words = (statement: string, count: number): string => statement.split(/\s+/, count).join(' ');
const block = (lines: readonly string[] = []): string => lines.map((line) => `  ${line}`).join('\n');

const nginx: Kind = {
  good: (target) => ({
    http: [],
    upstream: [`upstream iskra {\n  server ${target};\n}`],
    server: [],
    location: [
      'proxy_pass http://iskra;',
      'proxy_http_version 1.1;',
      'proxy_set_header Upgrade $http_upgrade;',
      'proxy_set_header Connection "upgrade";',
      'proxy_set_header Host $http_host;',
    ],
  }),
  sectionOf(statement) {
    if (statement.startsWith('upstream ')) return 'upstream';
    return /^(location|ssl_certificate)/.test(statement) ? 'server' : 'location';
  },
  keyOf: (statement) => words(statement, statement.startsWith('proxy_set_header') ? 2 : 1),
  print: ({ http, upstream, server, location }, { port, folder }) => `
daemon off;
master_process off;
pid ${folder}/pid;
error_log stderr error;
events {}
http {
  access_log off;
${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `  ${name}_temp_path ${folder}/${name};`).join('\n')}
${block(http)}
${upstream?.join('\n')}
  server {
    listen 127.0.0.1:${port}${server?.some((line) => line.startsWith('ssl_')) ? ' ssl' : ''};
${block(server)}
${location === undefined || server?.some((line) => line.startsWith('location ')) ? '' : `    location /realtime/ {\n${block(location)}\n    }`}
  }
}
`,
  command: (file) => ['nginx', '-e', 'stderr', '-c', file],
  check: (file) => ['nginx', '-t', '-e', 'stderr', '-c', file],
};

const haproxy: Kind = {
  good: (target) => ({
    defaults: [
      'mode http',
      'timeout connect 5s',
      'timeout client 75s',
      'timeout server 75s',
      'timeout tunnel 75s',
    ],
    frontend: ['default_backend iskra'],
    backend: [`server node ${target}`],
  }),
  sectionOf(statement) {
    if (/^(use_backend|default_backend|bind) /.test(statement)) return 'frontend';
    return /^(balance|server|http-request) /.test(statement) ? 'backend' : 'defaults';
  },
  keyOf: (statement) => words(statement, /^(balance|mode) /.test(statement) ? 1 : 2),
  // The advice is for the port of https.
  print: ({ defaults, frontend, backend }, { port }) =>
    `
global
  maxconn 200
defaults
${block(defaults)}
frontend web
${frontend?.some((line) => line.startsWith('bind')) ? '' : `  bind 127.0.0.1:${port}`}
${block(frontend)}
backend iskra
${block(backend)}
backend other
  http-request return status 404
`.replace('bind :443 ', `bind 127.0.0.1:${port} `),
  command: (file) => ['haproxy', '-db', '-f', file],
  check: (file) => ['haproxy', '-c', '-f', file],
};

const MODULES = '/usr/lib/apache2/modules';
const LOADED = [
  ...['mpm_event', 'authz_core', 'env', 'headers', 'filter', 'deflate', 'buffer', 'reqtimeout', 'ssl'],
  ...['socache_shmcb', 'proxy', 'proxy_http', 'proxy_wstunnel', 'proxy_balancer', 'lbmethod_byrequests'],
  ...['slotmem_shm', 'setenvif'],
];

const apache: Kind = {
  good: (target) => ({
    host: [
      'Timeout 75',
      'ProxyPreserveHost On',
      `ProxyPass /realtime/ http://${target}/realtime/ upgrade=websocket flushpackets=on`,
    ],
  }),
  sectionOf: () => 'host',
  keyOf: (statement) => words(statement, /^(ProxyPass|SetEnv|RequestHeader) /.test(statement) ? 2 : 1),
  print: ({ host }, { port, folder }) => `
ServerRoot ${folder}
DefaultRuntimeDir ${folder}
PidFile ${folder}/pid
ErrorLog ${folder}/error.log
ServerName localhost
Listen 127.0.0.1:${port}
${LOADED.map((name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`).join('\n')}
<IfModule unixd_module>
  User www-data
  Group www-data
</IfModule>
ServerLimit 1
ThreadsPerChild 64
MaxRequestWorkers 64
<VirtualHost *:${port}>
${host?.some((line) => line.startsWith('SSL')) ? '  SSLEngine on' : ''}
${block(host)}
</VirtualHost>
`,
  command: (file) => ['apache2', '-X', '-f', file],
  check: (file) => ['apache2', '-t', '-f', file],
};

export const KINDS: Readonly<Record<ProxyName, Kind>> = { nginx, haproxy, apache };

/** One of them, which can be told to change its ways. */
export class Proxy {
  readonly #kind: Kind;
  readonly #folder = mkdtempSync(path.join(tmpdir(), 'iskra-proxy-'));
  #sections: Sections;
  #program: Program | undefined;
  #port = 0;

  constructor(name: ProxyName, sections: Sections) {
    this.#kind = KINDS[name];
    this.#sections = sections;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Takes connections when it resolves. Started again, it reads its file anew. */
  async start(): Promise<void> {
    this.#port ||= await freePort();
    await this.#end();
    const [command, ...args] = this.#kind.command(this.#write());
    this.#program = start(command, args);
    await listening(this.#port, this.#program);
  }

  /** Writes the lines of a finding where they belong. */
  follow(text: string): void {
    this.#sections = follow(this.#sections, text, this.#kind.sectionOf, this.#kind.keyOf);
  }

  /** What the program itself says of its file. */
  async check(): Promise<{ code: number | null; said: string }> {
    this.#port ||= await freePort();
    const [command, ...args] = this.#kind.check(this.#write());
    const program = start(command, args);
    const { code } = await program.ended;
    return { code, said: program.stdout + program.stderr };
  }

  async stop(): Promise<void> {
    await this.#end();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #write(): string {
    const file = path.join(this.#folder, 'proxy.conf');
    writeFileSync(file, this.#kind.print(this.#sections, { port: this.#port, folder: this.#folder }));
    return file;
  }

  async #end(): Promise<void> {
    this.#program?.process.kill('SIGKILL');
    await this.#program?.ended;
  }
}

/** Answers anything, or has ended and said why. */
export async function listening(port: number, program: Program): Promise<void> {
  const ended = program.ended.then(({ code }) => {
    throw new Error(`it ended with ${code}:\n${program.stdout}${program.stderr}`);
  });
  ended.catch(() => {});
  for (let tries = 0; tries < 200; tries++) {
    const isThere = listens(port);
    if (await Promise.race([isThere, ended])) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`nothing listens at ${port}:\n${program.stderr}`);
}
