import { expect, it } from 'vitest';
import { holdBy } from './held.js';
import { parseProfile } from './profile.js';

/** What comes out for each piece that goes in, and at the end. */
function played(profile: string, pieces: readonly string[]): string[] {
  const held = holdBy(parseProfile(profile));
  const shown = (out: Buffer[]) => out.map(String).join('+');
  return [...pieces.map((piece) => shown(held.take(Buffer.from(piece)))), shown(held.rest())];
}

it.each([
  ['', ['a', 'b', 'c'], ['a', 'b', 'c', '']],
  ['buffer', ['a', 'b', 'c'], ['', '', '', 'a+b+c']],
  ['buffer=3', ['ab', 'cd', 'e', 'f'], ['', 'ab+cd', '', '', 'e+f']],
  ['hold-first', ['a', 'b', 'c'], ['', 'a+b', 'c', '']],
  ['hold-first', ['a'], ['', 'a']],
  ['one-behind', ['a', 'b', 'c'], ['', 'a', 'b', 'c']],
  ['buffer=3,one-behind', ['ab', 'cd', 'ef'], ['', 'ab', 'cd', 'ef']],
  ['buffer', [], ['']],
])('with "%s", %j comes out as %j', (profile, pieces, out) => expect(played(profile, pieces)).toEqual(out));
