// What is in deploy/monitoring, as the programs see it that read it, beside what a running server says.

import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { THRESHOLDS } from '@iskra/protocol/wire';
import { createRealtime } from '@iskra/server';
import { serve } from '@iskra/server/node';
import type { Serving } from '@iskra/server/node';
import { root } from '../programs.js';

const folder = mkdtempSync(path.join(tmpdir(), 'iskra-monitoring-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const fileOf = (name: string): string => `${root}deploy/monitoring/${name}`;
const read = (name: string): string => readFileSync(fileOf(name), 'utf8');
const guide = (name: string): string => readFileSync(`${root}docs/guide/${name}`, 'utf8');

const run = (command: string, ...args: string[]): Promise<{ code: number; said: string }> =>
  new Promise((resolve) => {
    execFile(command, args, { timeout: 50_000 }, (error, out, complaints) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? 1 : 0, said: out + complaints }),
    );
  });
const isThere = async (command: string): Promise<boolean> => (await run(command, '--version')).code === 0;
const [promtool, amtool] = await Promise.all([isThere('promtool'), isThere('amtool')]);
const NO_PROMTOOL = 'needs promtool, of the Debian package prometheus';
const NO_AMTOOL = 'needs amtool, of the Debian package prometheus-alertmanager';

/** Names of metrics of ours in a query; those with a colon are made by rules. */
const namesIn = (query: string): string[] =>
  (query.replace(/"[^"]*"/g, '""').match(/[a-zA-Z_:][\w:]*/g) ?? []).filter((word) =>
    /^(iskra|websocket|process|nodejs)_|:/.test(word),
  );

interface Family {
  type: string;
  labels: string[];
}

let server: Serving;
/** What the server says that it has. */
const families = new Map<string, Family>();
beforeAll(async () => {
  server = await serve(createRealtime({ logger: false }), { port: 0, hostname: '127.0.0.1' });
  const text = await (await fetch(`${server.url.replace('localhost', '127.0.0.1')}/metrics`)).text();
  for (const [, name, type] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
    const series = new RegExp(`^${name}(?:_bucket)?\\{(.*)\\} `, 'm').exec(text)?.[1] ?? '';
    const labels = [...series.matchAll(/(\w+)="/g)]
      .map(([, label]) => label!)
      .filter((label) => label !== 'le');
    families.set(name!, { type: type!, labels });
  }
});
afterAll(() => server.close());

const VOICES_RAISED: Record<string, (typeof THRESHOLDS)['Alarm']> = {
  IskraAlarm: THRESHOLDS.Alarm,
  IskraConcern: THRESHOLDS.Concern,
};

const recorded = new Set([...read('rules.yml').matchAll(/- record: (\S+)/g)].map(([, name]) => name!));

/** Names that neither the server nor a rule has. */
const strangersIn = (...queries: string[]): string[] =>
  queries
    .flatMap(namesIn)
    .filter(
      (name) =>
        !recorded.has(name) && !families.has(name) && !families.has(name.replace(/_(bucket|sum|count)$/, '')),
    );

const alerts = read('alerts.yml')
  .split(/^ +- alert: /m)
  .slice(1)
  .map((text) => ({
    name: /^\w+/.exec(text)![0],
    query: /expr: (\|\n[\s\S]*?|.*)\n +(for|labels):/.exec(text)![1]!,
    severity: /severity: (\w+)/.exec(text)?.[1],
    page: /runbook: docs\/guide\/(\S+)/.exec(text)?.[1] ?? '',
  }));

describe('rules.yml and alerts.yml', () => {
  it('are understood, with what they are asked from', async ({ skip }) => {
    skip(!promtool, NO_PROMTOOL);
    for (const [what, file] of [
      ['config', 'prometheus.yml'],
      ['rules', 'rules.yml'],
      ['rules', 'alerts.yml'],
    ] as const) {
      const { code, said } = await run('promtool', 'check', what, fileOf(file));
      expect(code, said).toBe(0);
    }
  });

  it('come when they have to, and not when they must not', async ({ skip }) => {
    skip(!promtool, NO_PROMTOOL);
    const { code, said } = await run('promtool', 'test', 'rules', fileOf('alerts.test.yml'));
    expect(code, said).toBe(0);
  });

  it('ask only for what a server says, or what a rule makes of it', () => {
    const rules = [...read('rules.yml').matchAll(/expr: (\|\n(?: {10}.*\n)+|.*)/g)].map(
      ([, query]) => query!,
    );
    expect(rules).toHaveLength(recorded.size);
    expect(strangersIn(...rules, ...alerts.map(({ query }) => query))).toEqual([]);
    expect(strangersIn('sum(iskra_made_up_total) + job:made_up:sum')).toHaveLength(2);
  });

  it('raise the voices where everybody else does', () => {
    for (const { name, query } of alerts.filter((alert) => alert.name in VOICES_RAISED)) {
      const { voice, above, below } = VOICES_RAISED[name]!;
      expect(query).toContain(`voice="${voice}"} ${above === undefined ? `< ${below}` : `> ${above}`}`);
    }
  });

  it('have no alert without a test in which it comes', () => {
    const tests = read('alerts.test.yml');
    const untested = alerts.filter(
      ({ name }) => !new RegExp(`alertname: ${name}\\n +exp_alerts:\\n`).test(tests),
    );
    expect(untested.map(({ name }) => name)).toEqual([]);
  });
});

describe('the runbook', () => {
  it('has a page for each alert, with its name, what it means, how to see it and what to do', () => {
    expect(alerts.length).toBeGreaterThan(15);
    for (const { name, page } of alerts) {
      const text = guide(page);
      expect(text.split('\n')[0], page).toBe(`# ${name}`);
      for (const part of ['What it means.', 'How to see it.', 'What to do.'])
        expect(text, page).toContain(part);
    }
  });

  it('has no page without an alert, and lists all with their severity', () => {
    const pages = readdirSync(`${root}docs/guide/runbook`).filter((name) => name !== 'README.md');
    expect(pages.sort()).toEqual(alerts.map(({ page }) => page.replace('runbook/', '')).sort());
    const list = guide('runbook/README.md');
    for (const { name, page, severity } of alerts)
      expect(list).toContain(`[${name}](${page.replace('runbook/', '')}) | ${severity} |`);
  });

  it('names only numbers that there are', () => {
    const pages = alerts.map(({ page }) => guide(page));
    const quoted = pages.flatMap((text) => [...text.matchAll(/`([^`]+)`/g)].map(([, code]) => code!));
    const named = quoted.filter((code) => /^(iskra|process|nodejs)_|^\w+:iskra/.test(code));
    expect(named.length).toBeGreaterThan(20);
    expect(strangersIn(...named)).toEqual([]);
  });
});

describe('the catalogue in docs/guide/metrics.md', () => {
  it('has every number that a server says, with its type, and no other', () => {
    const rows = [
      ...guide('metrics.md').matchAll(/^\| `(\w+)` \| (gauge|counter|histogram) \| (.*?) ?\| /gm),
    ];
    const listed = Object.fromEntries(rows.map(([, name, type]) => [name, type]));
    expect(listed).toEqual(Object.fromEntries([...families].map(([name, { type }]) => [name, type])));
    for (const [, name, , labels] of rows) {
      const said = families.get(name!)!.labels;
      // Of those that have no series in a server alone, the labels are not seen.
      if (said.length > 0) expect(labels!.replaceAll('`', '').split(', '), name).toEqual(said);
    }
  });
});

describe('the dashboard', () => {
  interface Panel {
    type: string;
    title: string;
    targets?: { expr: string }[];
  }
  const text = read('grafana/dashboards/iskra.json');
  const { panels } = JSON.parse(text) as { panels: Panel[] };

  it('is what dashboard.mjs makes', async () => {
    const { dashboard } = (await import(fileOf('dashboard.mjs'))) as { dashboard: unknown };
    expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(dashboard)));
  });

  it('draws only what a server says, or what a rule makes of it', () => {
    const queries = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
    expect(panels.filter(({ type }) => type !== 'row').length).toBeGreaterThanOrEqual(20);
    expect(queries.length).toBeGreaterThan(20);
    expect(strangersIn(...queries)).toEqual([]);
  });

  it('asks in a way that Prometheus understands', async ({ skip }) => {
    skip(!promtool, NO_PROMTOOL);
    const queries = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
    // As Grafana fills them in; a rule file is what promtool reads.
    const filled = queries.map((expr) => expr.replaceAll('$__rate_interval', '1m').replaceAll('$node', '.*'));
    const file = path.join(folder, 'panels.json');
    writeFileSync(
      file,
      JSON.stringify({
        groups: [{ name: 'panels', rules: filled.map((expr, at) => ({ record: `panel:${at}`, expr })) }],
      }),
    );
    const { code, said } = await run('promtool', 'check', 'rules', file);
    expect(code, said).toBe(0);
  });
});

describe('alertmanager.yml', () => {
  /** Who is told of an alert with these labels, in their order. */
  async function told(...labels: string[]): Promise<string | undefined> {
    const config = `--config.file=${fileOf('alertmanager.yml')}`;
    // It also warns that it asks no Alertmanager.
    return (await run('amtool', 'config', 'routes', 'test', config, ...labels)).said.split('\n')[0];
  }

  it('is understood, and has its secrets in files', async ({ skip }) => {
    skip(!amtool, NO_AMTOOL);
    const { code, said } = await run('amtool', 'check-config', fileOf('alertmanager.yml'));
    expect(code, said).toBe(0);
    expect(said).toContain('3 receivers');
    expect(read('alertmanager.yml')).not.toMatch(/https?:|_key:|_url:/);
  });

  it('tells Slack of everything, and PagerDuty of what cannot wait', async ({ skip }) => {
    skip(!amtool, NO_AMTOOL);
    expect(await told('alertname=IskraStoreSlow', 'severity=ticket')).toBe('slack');
    expect(await told('alertname=IskraDown', 'severity=page')).toBe('pagerduty,slack');
    expect(await told('alertname=IskraConcern', 'severity=ticket', 'voice=concern')).toBe('slack-voices');
    expect(await told('alertname=IskraAlarm', 'severity=page', 'voice=alarm')).toBe('pagerduty,slack-voices');
    expect(await told('alertname=OfSomebodyElse')).toBe('slack');
  });

  it('knows each alert that it keeps silent about', () => {
    const named = [...read('alertmanager.yml').matchAll(/Iskra[A-Z]\w+/g)].map(([name]) => name);
    expect(named.filter((name) => !alerts.some((alert) => alert.name === name))).toEqual([]);
  });
});

it('each node of compose.yaml is asked', () => {
  const compose = readFileSync(`${root}deploy/compose.yaml`, 'utf8');
  const nodes = [...compose.matchAll(/^ {2}(iskra-\d+): \*node$/gm)].map(([, name]) => `${name}:8000`);
  expect(read('prometheus.yml')).toContain(`targets: [${nodes.join(', ')}]`);
  expect([...compose.matchAll(/ISKRA_\d: (\S+)/g)].map(([, node]) => node)).toEqual(nodes);
  for (const service of ['prometheus', 'alertmanager', 'grafana', 'haproxy'])
    expect(compose).toContain(`\n  ${service}:\n`);
});

it('each file of rules is loaded', () => {
  const there = readdirSync(fileOf('.')).filter((name) =>
    /^\s+(- record|- alert):/m.test(name.endsWith('.yml') ? read(name) : ''),
  );
  expect(there.sort()).toEqual(['alerts.yml', 'rules.yml']);
  for (const name of there) expect(read('prometheus.yml')).toContain(`- ${name}`);
});
