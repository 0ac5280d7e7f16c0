// The examples that are made to be copied: each is copied out of the repository, finds everything that it needs in the
// project of the tarballs, and is started. Its versions have to be those that were tried here.

import { spawn } from 'node:child_process';
import { cpSync, existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { once } from 'node:events';
import { at } from '../files.mjs';
import { Explained, run } from '../terminal.mjs';

/** Every one of them; those in which a page is made by Vite are started in a minute's time at the most. */
const TEMPLATES = ['node', 'react', 'vue', 'svelte'];
const PATIENCE = 60_000;

const manifestOf = (folder) => JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));

export async function tryTemplates(consumer) {
  for (const name of TEMPLATES) {
    const folder = path.join(consumer.folder, name);
    cpSync(at('examples', name), folder, {
      recursive: true,
      filter: (file) => !/[\\/](node_modules|dist)$/.test(file),
    });
    const wrong = [...strangeVersions(folder), ...withoutCommands(folder)];
    if (wrong.length > 0) throw new Explained(`examples/${name}: ${wrong.join('\n')}`);
    for (const tool of Object.keys(wantedBy(folder))) consumer.link(tool, 'examples');
    await (name === 'node' ? tryProgram(folder) : tryPage(folder));
  }
}

const wantedBy = (folder) => {
  const { dependencies = {}, devDependencies = {} } = manifestOf(folder);
  return { ...dependencies, ...devDependencies };
};

/** Its ranges that have no room for what is installed here. */
function strangeVersions(folder) {
  return Object.entries(wantedBy(folder)).flatMap(([name, range]) => {
    const { version } = manifestOf(at('examples/node_modules', name));
    if (satisfies(version, range)) return [];
    const how = name.startsWith('@iskra/') ? ' `npm run release:version` writes them.' : '';
    return [`It asks for ${name}@${range}, and here it was tried with ${version}.${how}`];
  });
}

/** `^1.2.3` is all that an example needs; of 0.x it holds the minor. */
function satisfies(version, range) {
  const [major, minor, patch] = version.split('.').map(Number);
  const [, wantedMajor, wantedMinor, wantedPatch] = (/^\^(\d+)\.(\d+)\.(\d+)$/.exec(range) ?? []).map(Number);
  if (major !== wantedMajor || (major === 0 && minor !== wantedMinor)) return false;
  return minor > wantedMinor || (minor === wantedMinor && patch >= wantedPatch);
}

function withoutCommands(folder) {
  const text = existsSync(path.join(folder, 'README.md'))
    ? readFileSync(path.join(folder, 'README.md'), 'utf8')
    : '';
  return text.includes('npm install\nnpm start\n')
    ? []
    : ['Its README.md has to say `npm install` and `npm start`.'];
}

/** The server, and what both clients say of it. */
const tryProgram = (folder) =>
  whileServing(folder, {}, async (url) => {
    for (const client of ['client.mjs', 'plain.mjs'])
      await run(process.execPath, [path.join(folder, client), url]);
  });

/** The page, the script that it names, and the way to the server through Vite. */
const tryPage = async (folder) =>
  whileServing(folder, { ISKRA_URL: `http://127.0.0.1:${await freePort()}` }, async (url) => {
    const page = await get(url);
    const [, script] = /src="(?:\.?)(\/src\/main[^"]+)"/.exec(page) ?? [];
    await get(`${url}${script}`);
    const hello = await fetch(`${url}/realtime/poll`, { method: 'POST', body: '[]' });
    // A frame is missing in it, which is for the server to say: a proxy would have answered with 502.
    if (hello.status !== 400)
      throw new Explained(`${url}/realtime/poll answered with ${hello.status}, and not our server.`);
  });

async function get(url) {
  const answer = await fetch(url, { signal: AbortSignal.timeout(PATIENCE) });
  if (!answer.ok) throw new Explained(`${url} answered with ${answer.status}.`);
  return answer.text();
}

/** Starts `npm start` without npm, hands on its address, and ends it. */
async function whileServing(folder, env, look) {
  const [command, file] = manifestOf(folder).scripts.start.split(' ');
  const child = spawn(command === 'node' ? process.execPath : command, [file], {
    cwd: folder,
    env: { ...process.env, ...env, PORT: String(await freePort()), NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'close');
  let output = '';
  try {
    const url = await new Promise((resolve, reject) => {
      const fail = (how) => reject(new Explained(`${path.basename(folder)}/${file} ${how}:\n${output}`));
      const timer = setTimeout(() => fail(`was not ready within ${PATIENCE / 1000} s`), PATIENCE);
      const read = (text) => {
        const [, found] = /ready at (http\S+)/.exec((output += text)) ?? [];
        if (!found) return;
        clearTimeout(timer);
        resolve(found);
      };
      for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', read);
      child.once('exit', (code) => {
        clearTimeout(timer);
        fail(`ended with ${code}`);
      });
    });
    await look(url);
  } finally {
    child.kill('SIGKILL');
    await ended;
  }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
