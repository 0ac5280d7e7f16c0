/** What a page downloads: the bundle that each client ships for a <script> tag, minified, through gzip -9. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Case, Sample, Work } from '../harness/work.js';

const require = createRequire(import.meta.url);

const bundles: Partial<Record<string, readonly [name: string, file: string]>> = {
  iskra: ['@iskra/client', 'iskra.min.js'],
  socketio: ['socket.io-client', 'socket.io.min.js'],
};

export const size: Work = {
  name: 'size',
  title: 'browser client, minified and gzipped',
  unit: 'bytes',
  digits: 0,
  rows: [
    { key: 'iskra', peer: 'iskra', transport: 'default', label: 'Iskra', goals: [{ atMost: 9_216 }] },
    { key: 'socketio', peer: 'socketio', transport: 'default', label: 'Socket.IO' },
  ],
  maxRounds: 1,
  measure: async ({ row }: Case): Promise<Sample> => {
    const [name, file] = bundles[row]!;
    const bundle = join(dirname(require.resolve(`${name}/package.json`)), 'dist', file);
    return { value: gzipSync(await readFile(bundle), { level: 9 }).length };
  },
};
