// Every name that a package.json promises can be imported by someone who only has the built packages.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { describe, expect, it } from 'vitest';

interface Manifest {
  name: string;
  bin?: Record<string, string>;
  dependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
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

  it('speaks in its types of packages only that it brings along, with types of their own', () => {
    const dist = new URL('dist/', folderOf(name));
    const files = readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.d.ts'),
    );
    const namedIn = (file: string): string[] =>
      [
        ...readFileSync(new URL(file, dist), 'utf8').matchAll(
          /(?:from |import\()'((?:@[^/']+\/)?[^./'][^/']*)/g,
        ),
      ].map((found) => found[1]!);
    // Whoever uses the Redis store, OpenTelemetry, React or a test world installs what it takes; nobody else has to.
    const peers = Object.keys(manifest.peerDependencies ?? {});
    const named = files.flatMap((file) =>
      namedIn(file).filter(
        (one) =>
          !(
            /redis|otel|react|vue|svelte|world/.test(file) &&
            peers.some((peer) => `${one}/`.startsWith(`${peer}/`))
          ),
      ),
    );
    const isTyped = (one: string): boolean =>
      /"types"|"typings"|\.d\.m?ts"/.test(
        readFileSync(new URL(`node_modules/${one}/package.json`, folderOf(name)), 'utf8'),
      );
    const brought = Object.keys(manifest.dependencies ?? {});
    const foreign = [...new Set(named)].filter(
      (one) => !isBuiltin(one) && !(brought.includes(one) && isTyped(one)),
    );
    expect(foreign).toEqual([]);
  });
});
