// What a package may have in it once it is packed, and what its manifest has to say. Each wrong thing is one sentence.

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { at, root } from '../files.mjs';

const read = (...parts) => JSON.parse(readFileSync(path.join(...parts), 'utf8'));
const { repository, license } = read(at('package.json'));

/** Whatever else a tarball has, somebody put there by mistake. */
const EXPECTED = [
  /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|PROTOCOL\.md|[\w.]+\.schema\.json)$/,
  /^bin\/[\w-]+\.js$/,
  /^dist\/[\w/.-]+\.(js|js\.map|d\.ts|d\.ts\.map)$/,
  /^src\/[\w/-]+\.ts$/,
];
const REQUIRED = ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md'];
/** For our own tests only. `testing.ts` of an entry is for those of others, and says so by being exported. */
const TESTS = /\.test\.|(^|\/)fixtures?(\.|\/)/;
/** Keys, and tokens of the places where code is kept and published. */
const SECRETS =
  /-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[\w+/=]{40}|\bnpm_[A-Za-z0-9]{36}\b|\bgh[pousr]_[A-Za-z0-9]{36}\b/;

/** @param folder an installed package */
export function wrongIn(folder) {
  const manifest = read(folder, 'package.json');
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).replaceAll(path.sep, '/'))
    .filter((file) => !file.startsWith('node_modules/'));
  return [
    ...REQUIRED.filter((file) => !files.includes(file)).map((file) => `it has no ${file}`),
    ...files
      .filter((file) => TESTS.test(file) || !EXPECTED.some((pattern) => pattern.test(file)))
      .map((file) => `${file} is nothing that its users need: see "files" in its package.json`),
    ...files.flatMap((file) => wrongText(file, readFileSync(path.join(folder, file), 'utf8'))),
    ...wrongManifest(manifest),
  ].map((wrong) => `${manifest.name}: ${wrong}`);
}

function wrongText(file, text) {
  return [
    ...(SECRETS.test(text) ? [`${file} has a key or a token in it`] : []),
    ...(text.includes(root) ? [`${file} names a folder of the machine that built it`] : []),
  ];
}

function wrongManifest(manifest) {
  const { dependencies = {}, peerDependencies = {}, publishConfig = {} } = manifest;
  const local = Object.entries({ ...dependencies, ...peerDependencies }).filter(([, range]) =>
    /^(workspace|file|link|catalog):/.test(range),
  );
  const place = manifest.repository ?? {};
  const wanted = [
    ['license', license],
    ['type', 'module'],
    ['homepage'],
    ['bugs'],
    ['engines'],
    ['sideEffects'],
    ['description'],
  ];
  return [
    ...local.map(([name, range]) => `it asks for ${name}@${range}, which only this workspace has`),
    ...wanted
      .filter(([field, value]) =>
        value === undefined ? manifest[field] === undefined : manifest[field] !== value,
      )
      .map(([field, value]) => `its "${field}" should be ${value === undefined ? 'there' : `"${value}"`}`),
    ...(place.url === repository.url ? [] : [`its "repository" is not that of the root, ${repository.url}`]),
    ...(manifest.name.endsWith(`/${path.basename(place.directory ?? '')}`)
      ? []
      : [`its "repository.directory" is ${place.directory}`]),
    ...(publishConfig.access === 'public' && publishConfig.provenance === true
      ? []
      : ['its "publishConfig" should have access "public" and provenance true']),
  ];
}
