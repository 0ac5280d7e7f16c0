// Which properties of the client keep their names when its bundle is minified: all that an application, the wire or
// a string in the code itself could mean. The minifier knows those of the platform.

import { readFileSync } from 'node:fs';
import { at } from './files.mjs';

/** Where an application learns names, whatever it loads, and the other end. */
const always = [
  ...['channel', 'environment', 'errors', 'send', 'session-events', 'transports/transport'].map(declarations),
  ...['envelope', 'frame', 'codes', 'cursor'].map((name) => `packages/protocol/src/${name}.ts`),
];

function declarations(name) {
  return `packages/client/dist/${name}.d.ts`;
}

const withoutComments = (text) => text.replace(/\/\*[^]*?\*\/|\/\/.*/g, '');
const words = (text) => text.match(/[A-Za-z_$][\w$]*/g) ?? [];
/** A string that is one word may be used to reach a property by its name. */
const strings = (code) => code.match(/(["'])[\w$]+\1/g) ?? [];

/** @param told the declarations of what `connect` gives, by name */
export function publicNames(code, told) {
  const files = [...told.map(declarations), ...always];
  const texts = [...files.map((file) => withoutComments(readFileSync(at(file), 'utf8'))), ...strings(code)];
  return [...new Set(texts.flatMap(words))];
}
