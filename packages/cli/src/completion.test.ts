import { execFileSync } from 'node:child_process';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { treeOf } from './completion/tree.js';
import { run } from './command.js';
import { MANUAL } from './manual.js';
import { defineCommand } from 'citty';
import { bashScript } from './completion/bash.js';
import { zshScript } from './completion/zsh.js';

afterEach(() => vi.restoreAllMocks());

/** A command of every kind of option, and one with commands below it. */
const definitions = {
  play: defineCommand({
    meta: { name: 'play', description: "play it: the host's [own] file" },
    args: {
      url: { type: 'positional', description: 'where; repeatable' },
      mode: { type: 'string', valueHint: 'fast|slow', description: 'how; repeatable' },
      config: { type: 'string', valueHint: 'file', description: 'from there' },
      port: { type: 'string', valueHint: 'number', description: 'where [8000]' },
      loud: { type: 'boolean', description: 'say so' },
    },
  }),
  store: defineCommand({
    meta: { name: 'store' },
    subCommands: { check: defineCommand({ meta: { name: 'check' }, args: { deep: { type: 'boolean' } } }) },
  }),
};

/** What bash would offer for this line, whose last word is being typed. */
async function offered(script: string, ...words: string[]): Promise<string[]> {
  const line = ['iskra', ...words].map((word) => `'${word}'`).join(' ');
  const ask = `COMP_WORDS=(${line}); COMP_CWORD=${words.length}; _iskra; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const said = execFileSync('bash', ['--norc', '-c', `${script}\n${ask}`], { encoding: 'utf8' });
  return Promise.resolve(said.split('\n').filter((word) => word !== ''));
}

it('knows what a definition says: values, repetition, commands below', async () => {
  const [play, store] = await treeOf(definitions);
  expect(play?.options.map(({ name, value, isRepeatable }) => [name, value, isRepeatable])).toEqual([
    ['mode', { words: ['fast', 'slow'] }, true],
    ['config', 'file', false],
    ['port', 'anything', false],
    ['loud', undefined, false],
  ]);
  expect(play?.place).toEqual({ hint: 'url', value: 'anything', isRepeatable: true });
  expect(store?.commands.map(({ name }) => name)).toEqual(['check']);
});

describe('in a real bash', () => {
  it.each<[string[], string[]]>([
    [[''], ['play', 'store', 'help', '--help', '--version']],
    [['pl'], ['play']],
    [
      ['play', '--'],
      ['--mode', '--config', '--port', '--loud', '--help'],
    ],
    [
      ['play', '--mode', ''],
      ['fast', 'slow'],
    ],
    [['play', '--mode', '=', 's'], ['slow']],
    [
      ['play', '--mode', '='],
      ['fast', 'slow'],
    ],
    [['play', '--port', ''], []],
    [
      ['store', ''],
      ['check', '--help'],
    ],
    [['store', 'check', '--d'], ['--deep']],
    [['help', 's'], ['store']],
    [['nothing', ''], []],
  ])('%j offers %j', async (words, expected) =>
    expect(await offered(bashScript(await treeOf(definitions)), ...words)).toEqual(expected),
  );

  it('offers files where an option takes one', async () =>
    expect(
      await offered(
        bashScript(await treeOf(definitions)),
        'play',
        '--config',
        `${import.meta.dirname}/compl`,
      ),
    ).toEqual(expect.arrayContaining([`${import.meta.dirname}/completion`])));
});

it('is one script of all commands for each shell', async () => {
  const said = vi.spyOn(console, 'log').mockImplementation(() => {});
  for (const shell of ['bash', 'zsh']) expect(await run(['completion', shell])).toBeUndefined();
  const [bash, zsh] = said.mock.calls.map(([script]) => script as string);
  for (const name of Object.keys(MANUAL)) {
    expect(await offered(bash!, name, '--he')).toEqual(['--help']);
    expect(zsh).toContain(`\n    ${name})\n`);
  }
  expect(await offered(bash!, 'load', '--profile', 'f')).toEqual(['fanout']);
});

it('quotes for zsh what would end a description', async () =>
  expect(zshScript(await treeOf(definitions))).toContain("'play:play it: the host'\\''s [own] file'"));
