// What the help says of commands is what there is: options in examples, exit codes in the guide.

import { readFileSync } from 'node:fs';
import { expect, it, vi } from 'vitest';
import { run } from './command.js';
import { MANUAL } from './manual.js';

const guide = readFileSync(new URL('../../../docs/guide/command-line.md', import.meta.url), 'utf8');

it('has the exit codes of the guide, all of them and in its order', () => {
  const [, section = ''] = /## Exit codes\n([^]*?)\n## /.exec(guide) ?? [];
  let command = '';
  const told = [...section.matchAll(/^\| (?:`(\S+)` )?\| (\d+) \| (.*) \|$/gm)].map(
    ([, name, code, means]) => [(command = name ?? command), Number(code), means],
  );
  const known = Object.entries(MANUAL).flatMap(([name, { exits }]) =>
    Object.entries(exits).map(([code, means]) => [name, Number(code), means]),
  );
  expect(told).toEqual(known);
});

it('has a row for each command in the list of the guide', () => {
  const listed = [...guide.matchAll(/^\| `iskra (\S+)` \|/gm)].map(([, name]) => name);
  expect(listed).toEqual(Object.keys(MANUAL));
});

it.each(Object.entries(MANUAL).flatMap(([name, { examples }]) => examples.map(([line]) => [line, name])))(
  'shows %s with options that there are',
  async (line, name) => {
    let help = '';
    const said = vi.spyOn(console, 'log').mockImplementation((text: string) => void (help = text));
    await run([name, '--help']);
    said.mockRestore();
    expect(line).toContain(`iskra ${name}`);
    const [options = ''] = help.split('EXAMPLES');
    for (const [option] of line.matchAll(/--[a-z-]+/g)) expect(options).toMatch(new RegExp(`${option}\\b`));
  },
);
