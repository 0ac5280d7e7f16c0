import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { schedules } from '../schedules/index.js';
import { elsewhere, mutants } from './index.js';

const read = (file: string): string => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');

/** The rules of PROTOCOL.md, and of them those that ask for something. */
const rules = new Map(
  [...read('PROTOCOL.md').matchAll(/^- \*\*(P\d+)\*\* (.*)$/gm)].map(([, rule, text]) => [rule!, text!]),
);
const asking = [...rules].flatMap(([rule, text]) => (text.includes('MUST') ? [rule] : []));

test('every rule that asks for something is broken by a mutant, or judged elsewhere', () => {
  const watched = new Set([...mutants.map(({ rule }) => rule), ...Object.keys(elsewhere)]);
  expect(asking.filter((rule) => !watched.has(rule))).toEqual([]);
  expect([...watched].filter((rule) => !rules.has(rule))).toEqual([]);
});

test('what is judged elsewhere is cited there', () => {
  const uncited = Object.entries(elsewhere).filter(
    ([rule, file]) => !new RegExp(`\\((P\\d+, )*${rule}(, P\\d+)*\\)`).test(read(file)),
  );
  expect(uncited).toEqual([]);
});

test('every mutant changes one place', () => {
  const lost = mutants.filter(({ file, from }) => read(file).split(from).length !== 2);
  expect(lost.map(({ rule, file, from }) => `${rule} ${file}: ${from}`)).toEqual([]);
  expect(mutants.filter(({ from, to }) => from === to)).toEqual([]);
});

test('every mutant names a schedule that there is', () => {
  const ids = new Set(schedules.map(({ id }) => id));
  const named = mutants.flatMap(({ by }) => (by === undefined || by.startsWith('seed ') ? [] : [by]));
  expect(named.filter((id) => !ids.has(id))).toEqual([]);
});
