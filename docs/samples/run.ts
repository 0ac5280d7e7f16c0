/** Runs the tests of a page: its samples lie beside each other as the files that their first lines name. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe } from 'vitest';
import { blocksOf } from './blocks.js';

// Not by `import.meta.url`: where a page is played, URL is the page's.
const root = path.join(import.meta.dirname, '../..');

/**
 * Declares the tests of a page's samples whose names end so.
 *
 * @returns the names of those samples.
 */
export function runSamples(page: string, ending: string): string[] {
  // Inside this package, so that names are found as the packages of its users find them.
  const folder = path.join(root, 'docs/.testing', path.basename(page, '.md') + ending);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const names = blocksOf(page, readFileSync(path.join(root, page), 'utf8')).flatMap(({ text }) => {
    const [, name] = /^\/\/ ([\w.-]+\.tsx?)\b/.exec(text) ?? [];
    if (name === undefined) return [];
    writeFileSync(path.join(folder, name), text);
    return [name];
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const tests = names.filter((name) => name.endsWith(ending));
  for (const name of tests) describe(name, () => import(/* @vite-ignore */ path.join(folder, name)));
  return tests;
}
