/** What shell samples name that this repository has: its npm scripts, its files, commands of `iskra` and their options. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Block } from './blocks.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { scripts } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
};

/** What a block names that is not there. */
export function absent(block: Block): string[] {
  return block.text
    .replaceAll('\\\n', ' ')
    .split('\n')
    .flatMap((line, index) =>
      wrongIn(line.replace(/\s#.*$/, '')).map((wrong) => `${block.file}:${block.line + index}: ${wrong}`),
    );
}

function wrongIn(line: string): string[] {
  const wrong: string[] = [];
  for (const [, script = ''] of line.matchAll(/\bnpm (?:run (?:-s )?(?=\w)|(?=start\b|test\b))([\w:-]+)/g))
    if (!(script in scripts)) wrong.push(`there is no npm script ${script}`);
  for (const [, file = ''] of line.matchAll(
    /\b(?:node|bash|python3) ((?:examples|bench|scripts|packages|deploy)\/[\w./@-]+)/g,
  ))
    if (!existsSync(path.join(root, file))) wrong.push(`there is no file ${file}`);
  for (const [, command = '', rest = ''] of line.matchAll(/(?:^|[\s&|;(])iskra (\w[\w-]*)([^|&;]*)/g)) {
    const help = helpOf(command);
    if (help === undefined) wrong.push(`there is no command iskra ${command}`);
    else
      for (const [option] of rest.matchAll(/--[a-z][\w-]*/g))
        if (!new RegExp(`${option}(?![\\w-])`).test(help)) wrong.push(`iskra ${command} has no ${option}`);
  }
  return wrong;
}

const helps = new Map<string, string | undefined>();

/** What it says of itself; undefined when there is no such command. */
function helpOf(command: string): string | undefined {
  if (!helps.has(command)) {
    const program = path.join(root, 'packages/cli/bin/iskra.js');
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, command, '--help'], {
      encoding: 'utf8',
      env: { ...process.env, NO_COLOR: '1' },
    });
    helps.set(command, status === 0 ? `${stdout}${stderr} --help --version` : undefined);
  }
  return helps.get(command);
}
