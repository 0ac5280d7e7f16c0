/** docs/guide/write-a-client.md, gone through: its commands in one shell, what the server answers against what stands there. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { blocksOf } from '../../docs/samples/blocks.js';
import type { Block } from '../../docs/samples/blocks.js';
import { endAll, root, serveBare, start } from '../programs.js';

const PAGE = 'docs/guide/write-a-client.md';
const blocks = blocksOf(PAGE, readFileSync(path.join(root, PAGE), 'utf8'));

/** Each command of the page, and what it is said to answer; a command that says nothing has none. */
const steps = blocks.flatMap((block, index) => {
  if (!block.run) return [];
  const next: Block | undefined = blocks[index + 1];
  return [{ line: block.line, command: block.text, answer: next?.language === 'json' ? next.text : '' }];
});

let folder: string;
let said: string[];

beforeAll(async () => {
  const { url } = await serveBare();
  folder = mkdtempSync(path.join(tmpdir(), 'iskra-walk-'));
  // All in one shell, as its reader has it.
  const script = steps.map(({ command }, index) => `${command}\necho "=== ${index}"`).join('\n');
  const file = path.join(folder, 'walk.sh');
  writeFileSync(file, `set -eu\ncd '${folder}'\n${script.replaceAll('http://localhost:8000', url)}\n`);
  const program = start('bash', [file]);
  await program.ended;
  said = program.stdout.split(/=== \d+\n/).slice(0, -1);
  expect({ stderr: program.stderr, steps: said.length }).toEqual({ stderr: '', steps: steps.length });
});

afterAll(async () => {
  await endAll();
  rmSync(folder, { recursive: true, force: true });
});

it('has steps, and answers to them', () => {
  expect(steps.length).toBeGreaterThan(6);
  expect(steps.filter(({ answer }) => answer !== '').length).toBeGreaterThan(6);
});

it.each(steps.map(({ line, answer }, index) => ({ line, answer, index })))(
  'is answered on line $line as the page says',
  ({ answer, index }) => {
    expect(plain(said[index] ?? '')).toEqual(plain(answer));
  },
);

/** Frames whose name is followed by a number. */
const FRAMES = ['acked', 'expect'];

/** What is said, line by line, without what is new each time: keys, ids, epochs, node, moments. */
function plain(text: string): unknown[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) =>
      JSON.parse(line, (name, value: unknown) => {
        if (['key', 'session', 'node'].includes(name)) return name;
        if (!Array.isArray(value)) return value;
        if (value[0] === 'ping' || value[0] === 'pong') return [value[0], 0];
        // What stands before an offset, unless it is the name of a frame.
        return value.map((item: unknown, index) =>
          typeof item === 'string' && typeof value[index + 1] === 'number' && !FRAMES.includes(item)
            ? 'epoch'
            : item,
        );
      }),
    );
}
