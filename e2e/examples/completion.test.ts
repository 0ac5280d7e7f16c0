// What `iskra completion` prints, in the shells that it is for, as somebody at the keyboard has it.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endAll, iskra, start } from '../programs.js';

const ZSH = '/usr/bin/zsh';
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'iskra-completion-'));
  for (const shell of ['bash', 'zsh']) {
    const program = iskra(['completion', shell]);
    expect(await program.ended).toMatchObject({ code: 0 });
    writeFileSync(path.join(folder, shell), program.stdout);
  }
  writeFileSync(path.join(folder, 'zsh-keys'), KEYS);
});
afterAll(async () => {
  await endAll();
  rmSync(folder, { recursive: true });
});

/** A zsh in a terminal of zsh's own: types, presses Tab, and prints the line that is there then. */
const KEYS = `zmodload zsh/zpty
zpty typist zsh -f -i
say() { zpty -w typist "$1"; }
until_has() { local all='' part; while [[ $all != *$1* ]]; do zpty -r -t typist part && all+=$part || sleep 0.05; done; REPLY=$all; }
say "PS1='' PS2='' RPS1=''; unset zle_bracketed_paste; autoload -U compinit; compinit -u -D; source $1; bindkey '^I' complete-word"
say 'shown() { print -r -- "<<$BUFFER>>"; }; zle -N shown; bindkey "^X" shown; echo RE''ADY'
until_has READY
for line in "\${@:2}"; do
  zpty -w -n typist "$line"$'\\t'$'\\x18'
  until_has '>>'
  print -r -- "\${\${REPLY##*<<}%%>>*}"
  zpty -w -n typist $'\\x15'
done
zpty -d typist
`;

describe('in a real zsh', () => {
  it('finishes commands, options, and the words that options take', async () => {
    const lines = [
      'iskra moni',
      'iskra load --prof',
      'iskra load --profile ech',
      'iskra load --transport=long',
      'iskra completion ba',
    ];
    const program = start(ZSH, ['-f', path.join(folder, 'zsh-keys'), path.join(folder, 'zsh'), ...lines]);
    expect(await program.ended).toMatchObject({ code: 0 });
    expect(
      program.stdout
        .trim()
        .split('\n')
        .map((line) => line.trim()),
    ).toEqual([
      'iskra monitor',
      'iskra load --profile=',
      'iskra load --profile echo',
      'iskra load --transport=long-poll',
      'iskra completion bash',
    ]);
    expect(program.stderr).toBe('');
  });

  it('is good syntax, also as a file of a folder for completions', async () =>
    expect(await start(ZSH, ['-n', path.join(folder, 'zsh')]).ended).toMatchObject({ code: 0 }));
});

describe('in a real bash', () => {
  it('is bound to the command, and finishes its words', async () => {
    const ask = `source ${folder}/bash; complete -p iskra; COMP_WORDS=(iskra load --profile mi); COMP_CWORD=3; _iskra; echo "$COMPREPLY"`;
    const program = start('bash', ['--norc', '-euc', ask]);
    expect(await program.ended).toMatchObject({ code: 0 });
    expect(program.stdout).toBe('complete -F _iskra iskra\nmixed\n');
  });
});
