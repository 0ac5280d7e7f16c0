/** docs/guide/bad-outcomes.md as its tests read it: samples to compile, and examples of what an application is told. */
import { readFileSync } from 'node:fs';

const page = readFileSync(new URL('../../docs/guide/bad-outcomes.md', import.meta.url), 'utf8');

/** The code blocks of a language. */
const blocks = (language: string): string[] =>
  [...page.matchAll(/^```(\w+)\n(.*?)^```$/gms)].flatMap(([, found, text = '']) =>
    found === language ? text : [],
  );

export const samples = blocks('ts');

/** What is told, without what is new each time: epochs and session ids. */
export function plain(value: unknown): unknown {
  if (value instanceof Error) return plain(Object.assign({ message: value.message }, value));
  return JSON.parse(JSON.stringify(value), (key, part: unknown) => {
    if (Array.isArray(part) && part.length === 2 && typeof part[0] === 'string') return ['epoch', part[1]];
    return key === 'session' ? 'id' : part;
  });
}

/** Every line of the examples, so. */
export const examples = blocks('json')
  .flatMap((block) => block.trim().split('\n'))
  .map((line) => plain(JSON.parse(line)));
