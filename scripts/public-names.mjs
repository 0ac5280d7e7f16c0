// Which names of the client stay when its bundle is minified, and which go. Properties stay that an application, the
// wire or a string in the code itself could mean; the minifier knows those of the platform, and spares them too:
// those of them that are the client's own all the same are listed here, and go too.

import { readFileSync } from 'node:fs';
import { at } from './files.mjs';

/** Where an application learns names, whatever it loads, and the other end. */
const always = [
  ...['channel', 'environment', 'errors', 'send', 'session-events', 'transports/transport'].map(declarations),
  ...['envelope', 'frame', 'codes', 'cursor', 'voices'].map((name) => `packages/protocol/src/${name}.ts`),
];

function declarations(name) {
  return `packages/client/dist/${name}.d.ts`;
}

/**
 * Names of events between the client's own machines, which are strings, and properties that the platform has as well,
 * though not on the objects that have them here. None of them may be a word of a message, nor be on the wire.
 */
const own = [
  ...[
    'askCredentials',
    'credentialsGiven',
    'credentialsFailed',
    'pageChanged',
    'closeAsked',
    'deadlinePassed',
  ],
  ...['sendAdded', 'pinged', 'started', 'stopped', 'welcomed', 'proven', 'ended', 'woke', 'moved', 'renewed'],
  ...[
    'timePassed',
    'measured',
    'held',
    'role',
    'controls',
    'pause',
    'committed',
    'cause',
    'policy',
    'identity',
  ],
  ...['outcome', 'pending', 'submit', 'forget', 'server', 'resync', 'ignore', 'passed', 'settle', 'answered'],
  ...[
    'received',
    'opened',
    'detail',
    'ready',
    'count',
    'failed',
    'idle',
    'tell',
    'hand',
    'attach',
    'race',
    'took',
    'refused',
    'emit',
    'downlink',
  ],
];

/** Where an own name would be somebody else's as well. */
const elsewhere = ['environment', 'errors', 'send'].map(declarations);

const withoutComments = (text) => text.replace(/\/\*[^]*?\*\/|\/\/.*/g, '');
const words = (text) => text.match(/[A-Za-z_$][\w$]*/g) ?? [];
/** A string that is one word may be used to reach a property by its name. */
const strings = (code) => code.match(/(["'])[\w$]+\1/g) ?? [];

const wordsOf = (files) => files.flatMap((file) => words(withoutComments(readFileSync(at(file), 'utf8'))));

/** @param told the declarations of what `connect` gives, by name */
export function publicNames(code, told) {
  return [...new Set([...wordsOf([...told.map(declarations), ...always]), ...strings(code).flatMap(words)])];
}

/** The words of its own that nobody else can mean, as properties or in strings. */
export function ownWords(told) {
  const kept = new Set(wordsOf([...told.map(declarations), ...elsewhere]));
  return new Set(own.filter((word) => !kept.has(word)));
}
