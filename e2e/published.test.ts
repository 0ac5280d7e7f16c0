// Every name that a package.json promises can be imported by someone who only has the built packages.

import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

interface Manifest {
  name: string;
  bin?: Record<string, string>;
  exports: Record<string, string | { types: string; default: string }>;
}

const folderOf = (name: string) => new URL(`../packages/${name}/`, import.meta.url);

describe.each(['protocol', 'client', 'server', 'cli'])('@iskra/%s', (name) => {
  const manifest = JSON.parse(readFileSync(new URL('package.json', folderOf(name)), 'utf8')) as Manifest;

  it('has every file that it promises', () => {
    const promised = Object.values(manifest.exports).flatMap((target) =>
      typeof target === 'string' ? [target] : Object.values(target),
    );
    const absent = [...promised, ...Object.values(manifest.bin ?? {})].filter(
      (file) => !existsSync(new URL(file, folderOf(name))),
    );
    expect(absent).toEqual([]);
  });

  const modules = Object.entries(manifest.exports).filter(([, target]) => typeof target === 'object');
  it.each(modules)('can be imported as %s', async (entry) => {
    await import(/* @vite-ignore */ manifest.name + entry.slice(1));
  });
});
