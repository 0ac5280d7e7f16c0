/** `iskra completion`: what a shell has to know to finish a word, from the definitions of the commands. */
import { defineCommand } from 'citty';
import type { ArgsDef } from 'citty';
import { bashScript } from './completion/bash.js';
import { treeOf } from './completion/tree.js';
import type { Definitions } from './completion/tree.js';
import { zshScript } from './completion/zsh.js';
import { placesOf, refuseUnknown, UsageError } from './usage.js';

const SCRIPTS = { bash: bashScript, zsh: zshScript };

const args = {
  shell: {
    type: 'positional',
    required: false,
    valueHint: 'bash|zsh',
    description: 'whose script is printed',
  },
} satisfies ArgsDef;

/** `commands`: all there are, asked when it runs, as this one is among them. */
export const completionCommand = (commands: () => Definitions) =>
  defineCommand({
    meta: { name: 'completion', description: 'print the script by which bash or zsh completes this command' },
    args,
    async run({ rawArgs }) {
      refuseUnknown('iskra completion', rawArgs, args);
      const [shell] = placesOf(rawArgs, args);
      const script = Object.entries(SCRIPTS).find(([name]) => name === shell)?.[1];
      if (script === undefined) {
        throw new UsageError(
          shell === undefined
            ? 'iskra completion needs the name of a shell, as in iskra completion bash.'
            : `There is no completion for "${shell}"; there is one for ${Object.keys(SCRIPTS).join(' and ')}.`,
        );
      }
      console.log(script(await treeOf(commands())));
    },
  });
