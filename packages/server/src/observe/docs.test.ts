import { readFileSync } from 'node:fs';
import { CODES } from '@iskra/protocol/wire';
import { expect, test } from 'vitest';
import { EVENTS } from './catalogue.js';
import type { EventName } from './catalogue.js';

const page = readFileSync(new URL('../../../../docs/guide/events.md', import.meta.url), 'utf8');

/** What the page has between two marks. */
const between = (mark: string): string =>
  new RegExp(`<!-- ${mark}[^>]*-->\n([^]*?)<!-- /${mark} -->`).exec(page)?.[1] ?? '';

const rowOf = (name: EventName): string => {
  const { dimension, category, level, lambda, omega, sentence } = EVENTS[name];
  return `| \`${name}\` | ${dimension} | ${category} | ${level} | ${omega} | \`${lambda}\` | ${sentence.replace(/\{(\w+)( [a-z ]+)?\}/g, (_, field: string, noun = '') => `*${field}*${noun === '' ? '' : ' '}${(noun as string).trim()}`)} |`;
};

const HEAD =
  '| event | dimension | category | level | omega | lambda | sentence |\n|---|---|---|---|---|---|---|\n';

const refused = Object.keys(CODES) as EventName[];
const own = (Object.keys(EVENTS) as EventName[]).filter((name) => !refused.includes(name));

test('the guide has a row for each event, as the catalogue has it', () => {
  expect(between('events')).toBe(HEAD + own.map((name) => `${rowOf(name)}\n`).join(''));
});

test('the guide has a row for each code that is refused with', () => {
  const rows = refused.map((name) => {
    const { dimension, category, level, lambda } = EVENTS[name];
    return `| \`${name}\` | ${dimension} | ${category} | ${level} | \`${lambda}\` |\n`;
  });
  expect(between('refusals')).toBe(
    `| event | dimension | category | level | lambda |\n|---|---|---|---|---|\n${rows.join('')}`,
  );
});
