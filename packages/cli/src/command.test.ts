import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import manifest from '../package.json' with { type: 'json' };
import { run } from './command.js';

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
  expect(said).toContain('USAGE iskra serve|config|health|connect|load|slo|doctor|graceful-test|chaos');
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

it.each(['--version', '-v'])('prints the version for %s', async (flag) => {
  expect(await run([flag])).toBe(0);
  expect(said).toBe(`${manifest.version}\n`);
});

it.each([
  [['srve'], 'iskra has no command "srve". Is it serve?'],
  [
    ['dance'],
    'iskra has no command "dance". It knows serve, config, health, connect, load, slo, doctor, graceful-test, chaos; see iskra --help.',
  ],
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
  [['health', 'a', 'b'], 'iskra health does not know what to do with "b".'],
])('answers %j with a sentence and exit code 2', async (argv, sentence) => {
  expect(await run(argv)).toBe(2);
  expect(complained).toContain(sentence);
  expect(complained.trim().split('\n')).toHaveLength(1);
  expect(said).toBe('');
});
