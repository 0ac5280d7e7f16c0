// The whole way of an alert: a server goes, a real Prometheus sees it, a real Alertmanager tells Slack and PagerDuty,
// both of which are a listener of the test.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePort, listens } from '../ports.js';
import { endAll, iskra, root, serving, start } from '../programs.js';

const PROMETHEUS = '/usr/bin/prometheus';
const ALERTMANAGER = '/usr/bin/prometheus-alertmanager';
const isHere = existsSync(PROMETHEUS) && existsSync(ALERTMANAGER);

const folder = mkdtempSync(path.join(tmpdir(), 'iskra-told-'));
const kit = (name: string): string => readFileSync(`${root}deploy/monitoring/${name}`, 'utf8');
const write = (name: string, text: string): string => {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  return file;
};

/** Messages that came to Slack and to PagerDuty. */
const told: { path: string; body: string }[] = [];
let listener: Server;
let address: string;

beforeAll(async () => {
  listener = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      told.push({ path: request.url ?? '', body });
      response
        .writeHead(request.url === '/pagerduty' ? 202 : 200, { 'content-type': 'application/json' })
        .end('{}');
    });
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`;
});
afterAll(async () => {
  await endAll();
  listener.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The kit as it is, but in a hurry, with addresses of this machine and files of this test. */
async function startKit(node: number): Promise<{ prometheus: string }> {
  const [prometheus, alertmanager] = [await freePort(), await freePort()];
  const hurried = (text: string): string => text.replace(/\b(for|group_wait|group_interval): \w+/g, '$1: 2s');
  write('rules.yml', kit('rules.yml'));
  write('alerts.yml', hurried(kit('alerts.yml')));
  const config = kit('prometheus.yml')
    .replaceAll(/_interval: \w+/g, '_interval: 500ms')
    .replace(/iskra-1:8000, iskra-2:8000, iskra-3:8000/, `127.0.0.1:${node}`)
    .replaceAll('alertmanager:9093', `127.0.0.1:${alertmanager}`)
    .replace('haproxy:8404', `127.0.0.1:${alertmanager}`);
  const routes = hurried(kit('alertmanager.yml'))
    .replace('/run/secrets/slack-url', write('slack-url', `${address}/slack`))
    .replace('/run/secrets/pagerduty-key', write('pagerduty-key', 'a key of the test'))
    .replace('      - routing_key_file', `      - url: ${address}/pagerduty\n        routing_key_file`)
    .replace('/etc/alertmanager/*.tmpl', `${root}deploy/monitoring/iskra.tmpl`);
  start(ALERTMANAGER, [
    `--config.file=${write('alertmanager.yml', routes)}`,
    `--storage.path=${folder}/alertmanager`,
    `--web.listen-address=127.0.0.1:${alertmanager}`,
    '--cluster.listen-address=',
  ]);
  start(PROMETHEUS, [
    `--config.file=${write('prometheus.yml', config)}`,
    `--storage.tsdb.path=${folder}/prometheus`,
    `--web.listen-address=127.0.0.1:${prometheus}`,
    // It may know of the alert before it knows of the Alertmanager.
    '--rules.alert.resend-delay=1s',
  ]);
  await expect
    .poll(async () => (await listens(prometheus)) && (await listens(alertmanager)), { timeout: 20_000 })
    .toBe(true);
  return { prometheus: `http://127.0.0.1:${prometheus}` };
}

it('a node that is killed is told to Slack and PagerDuty, with what to do', async ({ skip }) => {
  skip(!isHere, 'needs prometheus and prometheus-alertmanager of Debian');
  const node = await serving(iskra(['serve', '--host', '127.0.0.1', '--port', '0']));
  const { prometheus } = await startKit(node.port);

  // The rules work on what a real server says.
  const ask = async (query: string): Promise<unknown> => {
    const response = await fetch(`${prometheus}/api/v1/query?query=${encodeURIComponent(query)}`);
    const { data } = (await response.json()) as { data: { result: { value: [number, string] }[] } };
    return data.result[0]?.value[1];
  };
  await expect.poll(() => ask('sum(iskra_ready)'), { timeout: 20_000 }).toBe('1');
  await expect.poll(() => ask('job:iskra_sessions:sum'), { timeout: 20_000 }).toBe('0');
  // What was told before the first look at it was of another matter.
  told.length = 0;
  node.process.kill('SIGKILL');
  /** What was told there of it: its title is another one when it is over. */
  const to = (where: string): string | undefined =>
    told.find(({ path: asked, body }) => asked === where && body.includes('"IskraDown"'))?.body;
  await expect.poll(() => to('/slack') ?? '', { timeout: 30_000 }).toContain('docs/guide/runbook/down.md');
  await expect.poll(() => to('/pagerduty') ?? '', { timeout: 30_000 }).toContain('No node of Iskra answers.');
  expect(to('/pagerduty')).toContain('a key of the test');
});
