import { readFileSync } from 'node:fs';
import { CURES } from '../cures.js';
import { expect, it } from 'vitest';
import { ADVICE } from './advice.js';

const page = readFileSync(new URL('../../../../docs/guide/doctor.md', import.meta.url), 'utf8');
const sections = new Map(
  page.split(/^### /m).map((section) => [section.slice(0, section.indexOf('\n')), section]),
);

it.each(Object.entries(ADVICE))('the guide has the same for %s', (code, { title, cure, lines }) => {
  const section = sections.get(code);
  expect(section).toContain(`${title}.`);
  expect(section?.replace(/\s+/g, ' ')).toContain(cure);
  for (const [name, text] of Object.entries(lines ?? {})) {
    expect(section).toContain(`\`\`\`${name}\n${text}\n\`\`\``);
  }
});

it('has advice for every verdict of the client', () => {
  expect(Object.keys(ADVICE)).toEqual(expect.arrayContaining(Object.keys(CURES)));
});

it('keeps lines short enough to be read under their name', () => {
  const lines = Object.values(ADVICE).flatMap(({ lines: all }) => Object.values(all ?? {}));
  for (const line of lines.join('\n').split('\n')) expect(line.length).toBeLessThanOrEqual(80);
});
