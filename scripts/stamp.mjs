// Remembers what was last installed and built, by content and not by date, so that a fresh clone, another branch
// and a merely touched file all get the right answer. The stamps live in node_modules: to start over, delete it.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { at } from './files.mjs';

const stampOf = (name) => at('node_modules/.cache/iskra', name);

/** One hash over the names and the bytes of files, given as paths from the root. */
export function contentHash(files) {
  const hash = createHash('sha256');
  for (const file of files) {
    // The length keeps the end of one file and the name of the next apart.
    const bytes = existsSync(at(file)) ? readFileSync(at(file)) : Buffer.from('absent');
    hash.update(`${file}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest('hex');
}

/** Whether `name` was last done for exactly this hash. */
export function isFresh(name, hash) {
  return existsSync(stampOf(name)) && readFileSync(stampOf(name), 'utf8') === hash;
}

export function setStamp(name, hash) {
  mkdirSync(path.dirname(stampOf(name)), { recursive: true });
  writeFileSync(stampOf(name), hash);
}
