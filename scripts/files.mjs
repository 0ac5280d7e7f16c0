// Where things are, and how to walk over them.

import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));
export const at = (...parts) => path.join(root, ...parts);

/** The packages that are published, in the order in which they depend on each other. */
export const packages = [
  'packages/protocol',
  'packages/client',
  'packages/server',
  'packages/chaos',
  'packages/cli',
];
/** Every member of the workspace that is compiled. */
export const members = [...packages, 'e2e', 'bench', 'examples', 'sim'];
/** Every member of the workspace. */
export const workspace = [...members, 'e2e/oldest', 'docs'];

/** A program that a development dependency installed. */
export const bin = (name) => at('node_modules/.bin', name);

const generated = new Set(['node_modules', 'dist']);

/** All files below a folder, as paths from the root, in a stable order; none if there is no such folder. */
export function filesBelow(folder) {
  if (!existsSync(at(folder))) return [];
  const found = [];
  for (const entry of readdirSync(at(folder), { withFileTypes: true })) {
    const file = `${folder}/${entry.name}`;
    if (entry.isDirectory()) {
      if (!generated.has(entry.name)) found.push(...filesBelow(file));
    } else found.push(file);
  }
  return found.sort();
}
