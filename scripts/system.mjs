// The few things that the end-to-end tests need from the operating system: two real browsers, a foreign
// WebSocket client, curl, and the proxies that stand before servers. On Debian, as root, they are installed;
// elsewhere we say what to run.

import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { Explained, run, step } from './terminal.mjs';

const succeeds = (command, args) =>
  run(command, args).then(
    () => true,
    () => false,
  );

/** Major version of the Firefox that is there; NaN when there is none. */
const firefoxVersion = () =>
  run('/usr/bin/firefox-esr', ['--version']).then(
    (output) => Number(/Firefox (\d+)/.exec(output)?.[1]),
    () => NaN,
  );

/** Debian package → whether it is there. Debian's own python3, since another one may come first on PATH. */
const tools = {
  chromium: () => existsSync('/usr/bin/chromium'),
  // Older ones lack what Playwright asks of them over WebDriver BiDi (network.addDataCollector).
  'firefox-esr': async () => (await firefoxVersion()) >= 143,
  'python3-websockets': () => succeeds('/usr/bin/python3', ['-c', 'import websockets']),
  curl: () => succeeds('curl', ['--version']),
  openssl: () => succeeds('openssl', ['version']),
};

/** Those of them that have their program apart come without a service. */
const proxies = {
  nginx: () => existsSync('/usr/sbin/nginx'),
  haproxy: () => existsSync('/usr/sbin/haproxy'),
  'apache2-bin': () => existsSync('/usr/sbin/apache2'),
  squid: () => existsSync('/usr/sbin/squid'),
  varnish: () => existsSync('/usr/sbin/varnishd'),
  'tinyproxy-bin': () => existsSync('/usr/bin/tinyproxy'),
};

/** Several nodes share it. */
const stores = { 'redis-server': () => existsSync('/usr/bin/redis-server') };

/** What looks at the files of deploy/, and at the script of completion. */
const readers = {
  zsh: () => existsSync('/usr/bin/zsh'),
  'docker-compose': async () =>
    existsSync('/usr/bin/docker-compose') || (await succeeds('docker', ['compose', 'version'])),
  // For its promtool, and one that asks a server of the tests.
  prometheus: () => existsSync('/usr/bin/promtool') && existsSync('/usr/bin/prometheus'),
  // For its amtool, and one that tells of alerts.
  'prometheus-alertmanager': () => existsSync('/usr/bin/amtool'),
};

async function missing(needs) {
  const names = Object.keys(needs);
  const there = await Promise.all(names.map((name) => needs[name]()));
  return names.filter((_, index) => !there[index]);
}

/** What the end-to-end tests need. */
export const installSystemPackages = () => install({ ...tools, ...proxies, ...stores, ...readers });

/** The proxies alone, as the matrix needs them. */
export const installProxies = () => install(proxies);

/** What a bench of several nodes needs. */
export const installRedis = () => install(stores);

/** What a rolling deploy needs: something to stand before the nodes, and something behind them. */
export const installRolling = () => install({ haproxy: proxies.haproxy, ...stores });

async function install(needs) {
  const packages = await missing(needs);
  if (packages.length === 0) return;

  const command = ['install', '--yes', '--no-install-recommends', ...packages];
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    throw new Explained(
      `What you asked for needs ${packages.join(', ')}; run \`apt-get ${command.join(' ')}\` as root (on a system without apt: install the equivalents), then run this again.`,
    );
  }
  const apt = (args) => run('apt-get', ['-q', ...args], { env: { DEBIAN_FRONTEND: 'noninteractive' } });
  await step(
    `install ${packages.join(', ')}`,
    withoutServices(packages, async () => {
      // Lists that are absent or old name old packages, or none; where they cannot be had, those that are there may do.
      await succeeds('apt-get', ['-q', 'update']);
      await apt(command);
    }),
  );
  const still = await missing(needs);
  if (still.length > 0) {
    throw new Explained(
      `apt-get succeeded, yet these cannot be used: ${still.join(', ')}. Look at them by hand.`,
    );
  }
}

/** Debian asks this program whether a package may start its service. */
const POLICY = '/usr/sbin/policy-rc.d';

/** The work of apt, while no package may start a service: a proxy is run by whoever tests with it, and by nobody else. */
const withoutServices = (packages, work) => async () => {
  const ours = !existsSync(POLICY);
  if (ours) writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    await work();
  } finally {
    if (ours) rmSync(POLICY, { force: true });
  }
  // Nor at the next start of the machine.
  const services = packages.filter(
    (name) => (name in proxies && !name.endsWith('-bin')) || name in stores || name.startsWith('prometheus'),
  );
  if (existsSync('/run/systemd/system') && services.length > 0) {
    await run('systemctl', ['disable', '--quiet', ...services]);
  }
};
