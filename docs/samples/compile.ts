/** Type-checks samples, as strictly as the packages themselves, against the built packages and by their public names. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Block } from './blocks.js';

/** Inside this package, so that names are found as the packages of its users find them. */
const FOLDER = fileURLToPath(new URL('../.samples', import.meta.url));
const TSC = fileURLToPath(new URL('../../node_modules/.bin/tsc', import.meta.url));

/** What each of these languages is written to. Of a page, its script is taken. */
const ENDINGS: Readonly<Record<string, string>> = {
  ts: '.ts',
  tsx: '.tsx',
  js: '.js',
  mjs: '.mjs',
  jsx: '.jsx',
};
const HAS_SCRIPT = ['html'];

export const isCode = ({ language }: Block): boolean => language in ENDINGS || HAS_SCRIPT.includes(language);

/** What the compiler says, each line with the place in the document: `docs/guide/pages.md:57: …`. */
export function compile(blocks: readonly Block[]): string[] {
  rmSync(FOLDER, { recursive: true, force: true });
  const written = new Map<string, { block: Block; shift: number }>();
  const taken = new Map<string, number>();
  for (const block of blocks) {
    const { name, text, shift } = prepare(block, taken);
    mkdirSync(path.dirname(path.join(FOLDER, name)), { recursive: true });
    writeFileSync(path.join(FOLDER, name), text);
    written.set(name, { block, shift });
  }
  writeFileSync(path.join(FOLDER, 'tsconfig.json'), JSON.stringify(settings([...written.keys()])));
  const { stdout, stderr, error } = spawnSync(TSC, ['-p', FOLDER, '--pretty', 'false'], { encoding: 'utf8' });
  if (error !== undefined) throw error;
  rmSync(FOLDER, { recursive: true, force: true });
  return (
    (stdout + stderr)
      .split('\n')
      // The first line of each error has the place.
      .filter((line) => /^\S/.test(line))
      .map((line) => inDocument(line, written))
  );
}

/** A sample as a file: one whose first line is a comment with a name has that name, so that others of its page can import it. */
function prepare(block: Block, taken: Map<string, number>): { name: string; text: string; shift: number } {
  const page = block.file.replace(/\.md$/, '').replaceAll(/[^\w-]+/g, '-');
  const named = /^\/\/ ([\w.-]+\.[cm]?[jt]sx?)\b/.exec(block.text)?.[1];
  const count = (taken.get(page) ?? 0) + 1;
  taken.set(page, count);
  const { code, above } = scriptOf(block);
  const ending = ENDINGS[block.language] ?? '.ts';
  // A module of its own, so that names of two samples are apart and they may wait at the top.
  const given = block.given === '' ? '' : `${block.given}\n`;
  return {
    name: path.join(page, named ?? `sample-${count}${ending}`),
    text: `${given}${code}\nexport {};\n`,
    shift: given.split('\n').length - 1 - above,
  };
}

/** The code, and how many lines of the block are above it. */
function scriptOf({ language, text }: Block): { code: string; above: number } {
  if (!HAS_SCRIPT.includes(language)) return { code: text, above: 0 };
  const found = /<script(?![^>]* src=)[^>]*>(.*?)<\/script>/s.exec(text);
  if (found === null) return { code: '', above: 0 };
  const [whole, code = ''] = found;
  return { code, above: text.slice(0, found.index + whole.indexOf('>') + 1).split('\n').length - 1 };
}

function inDocument(line: string, written: Map<string, { block: Block; shift: number }>): string {
  const found = /^(.+?)\((\d+),\d+\): (.*)$/.exec(line);
  const name = found?.[1]?.split('.samples/').at(-1) ?? '';
  const sample = written.get(name);
  if (found === null || sample === undefined) return line;
  return `${sample.block.file}:${sample.block.line + Number(found[2]) - 1 - sample.shift}: ${found[3]}`;
}

const settings = (files: readonly string[]): object => ({
  extends: '../../tsconfig.base.json',
  compilerOptions: {
    composite: false,
    declaration: false,
    declarationMap: false,
    sourceMap: false,
    noEmit: true,
    allowJs: true,
    checkJs: true,
    // A sample of plain JavaScript has no types to say.
    noImplicitAny: true,
    jsx: 'react-jsx',
    lib: ['ES2022', 'DOM', 'DOM.Iterable'],
    types: ['node'],
  },
  files,
});
