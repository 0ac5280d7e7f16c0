// The few things that the end-to-end tests need from the operating system: two real browsers, a foreign
// WebSocket client and curl. On Debian, as root, they are installed; elsewhere we say what to run.

import { existsSync } from 'node:fs';
import { Explained, run, step } from './terminal.mjs';

const succeeds = (command, args) =>
  run(command, args).then(
    () => true,
    () => false,
  );

/** Debian package → whether it is there. Debian's own python3, since another one may come first on PATH. */
const needs = {
  chromium: () => existsSync('/usr/bin/chromium'),
  'firefox-esr': () => existsSync('/usr/bin/firefox-esr'),
  'python3-websockets': () => succeeds('/usr/bin/python3', ['-c', 'import websockets']),
  curl: () => succeeds('curl', ['--version']),
};

async function missing() {
  const names = Object.keys(needs);
  const there = await Promise.all(names.map((name) => needs[name]()));
  return names.filter((_, index) => !there[index]);
}

export async function installSystemPackages() {
  const packages = await missing();
  if (packages.length === 0) return;

  const command = ['install', '--yes', '--no-install-recommends', ...packages];
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    throw new Explained(
      `The end-to-end tests need ${packages.join(', ')}; run \`apt-get ${command.join(' ')}\` as root (on a system without apt: install the equivalents), then run this again.`,
    );
  }
  const apt = (args) => run('apt-get', ['-q', ...args], { env: { DEBIAN_FRONTEND: 'noninteractive' } });
  await step(`install ${packages.join(', ')}`, async () => {
    // The lists may be absent, as in a fresh container, or too old to be true: refresh them only then.
    if (await succeeds('apt-get', ['-q', '--simulate', ...command])) {
      if (
        await apt(command).then(
          () => true,
          () => false,
        )
      )
        return;
    }
    await apt(['update']);
    await apt(command);
  });
  const still = await missing();
  if (still.length > 0) {
    throw new Explained(
      `apt-get succeeded, yet these cannot be used: ${still.join(', ')}. Look at them by hand.`,
    );
  }
}
