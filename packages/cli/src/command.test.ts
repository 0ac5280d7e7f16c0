import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import manifest from '../package.json' with { type: 'json' };
import { run } from './command.js';
import { MANUAL } from './manual.js';

const NAMES = Object.keys(MANUAL);

let said = '';
let complained = '';

beforeEach(() => {
  said = '';
  complained = '';
  vi.spyOn(console, 'log').mockImplementation((text: string) => void (said += `${text}\n`));
  vi.spyOn(console, 'error').mockImplementation((text: string) => void (complained += `${text}\n`));
});
afterEach(() => vi.restoreAllMocks());

it.each([[[]], [['--help']], [['-h']], [['help']]])('shows what there is for %j', async (argv) => {
  expect(await run(argv)).toBe(0);
  expect(said).toContain(`USAGE iskra ${NAMES.join('|')}\n`);
  expect(said).toContain('iskra monitor localhost:8000 ');
  expect(complained).toBe('');
});

it.each([
  [['serve', '--help'], '--shutdown-timeout=<time>'],
  [['config', '--help'], '--config=<file>'],
  [['help', 'health'], '--timeout=<ms>'],
  [['health', 'http://localhost:1', '-h'], '--timeout=<ms>'],
  [['chaos', '--help'], '--profile=<faults>'],
  [['doctor', '--help'], '--idle=<time>'],
])('shows one command for %j', async (argv, option) => {
  expect(await run(argv)).toBe(0);
  expect(said).toContain(option);
});

it.each(NAMES)(
  'teaches %s by examples, says its exit codes, and explains an option that it does not have',
  async (name) => {
    expect(await run([name, '--help'])).toBe(0);
    expect(said).toMatch(/\nEXAMPLES\n\n {2}.*\biskra .*\n[^]*\nEXIT CODES\n\n {2}0 {2,}\w/);
    expect(said).not.toContain('\u001b');
    expect(await run([name, '--frobnicate'])).toBe(2);
    expect(complained).toMatch(
      new RegExp(`^iskra ${name} has no option --frobnicate\\. It knows --|^iskra ${name}`),
    );
  },
);

it.each(['--version', '-v'])('prints the version for %s', async (flag) => {
  expect(await run([flag])).toBe(0);
  expect(said).toBe(`${manifest.version}\n`);
});

it.each([
  [['srve'], 'iskra has no command "srve". Is it serve?'],
  [['dance'], `iskra has no command "dance". It knows ${NAMES.join(', ')}; see iskra --help.`],
  [['constructor'], 'iskra has no command "constructor".'],
  [['help', 'dance'], 'iskra has no command "dance".'],
  [['serve', '--prot', '1'], 'iskra serve has no option --prot. Is it --port?'],
  [['health'], 'iskra health needs the URL of a server'],
  [['chaos'], 'iskra chaos needs the server behind the box, as in --to http://127.0.0.1:8000.'],
  [
    ['chaos', '--to', 'http://127.0.0.1:1', '--profle', 'x'],
    'iskra chaos has no option --profle. Is it --profile?',
  ],
  [['chaos', '--to', 'a.example'], '"a.example" is not where a box can stand'],
  [
    ['chaos', '--to', 'http://127.0.0.1:1', '--profile', 'strip'],
    'There is no fault "strip". Is it strip-upgrade?',
  ],
  [['chaos', '--to', 'http://127.0.0.1:1', '--profile', 'round-robin'], 'round-robin needs two targets'],
  [['doctor'], 'iskra doctor needs the URL of a server'],
  [['doctor', 'http://x', '--idel', '3s'], 'iskra doctor has no option --idel. Is it --idle?'],
  [['monitor'], 'iskra monitor needs the URL of a server'],
  [['monitor', 'http://x', '--evry', '3s'], 'iskra monitor has no option --evry. Is it --every?'],
  [['monitor', 'http://x', '--count', '0'], '--count is "0"; it must be a number of looks'],
  [['completion'], 'iskra completion needs the name of a shell, as in iskra completion bash.'],
  [['completion', 'fish'], 'There is no completion for "fish"; there is one for bash and zsh.'],
  [['health', 'a', 'b'], 'iskra health does not know what to do with "b".'],
])('answers %j with a sentence and exit code 2', async (argv, sentence) => {
  expect(await run(argv)).toBe(2);
  expect(complained).toContain(sentence);
  expect(complained.trim().split('\n')).toHaveLength(1);
  expect(said).toBe('');
});
