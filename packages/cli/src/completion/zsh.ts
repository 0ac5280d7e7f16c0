/** PURE. The completion of zsh, by its own `_arguments`: with what each word does beside it. */
import { HELP } from './tree.js';
import type { Command, Option, Value } from './tree.js';

export function zshScript(commands: readonly Command[]): string {
  return `#compdef iskra
# Completion of iskra for zsh. In ~/.zshrc, behind compinit:  source <(iskra completion zsh)

_iskra() {
  local -a commands
${choice(commands, '  ', [HELP])}
}

if [[ $funcstack[1] == _iskra ]]; then
  _iskra "$@"
else
  compdef _iskra iskra
fi`;
}

/** The second word chooses, and what is behind it is another command line. */
function choice(
  commands: readonly Command[],
  indent: string,
  more: readonly { name: string; does: string }[] = [],
): string {
  const described = [...commands, ...more].map(({ name, does }) => quoted(`${name}:${does}`));
  const lines = [
    'if ((CURRENT == 2)); then',
    `  commands=(${described.join(' ')})`,
    "  _describe -t commands 'command' commands",
    '  return',
    'fi',
    'shift words',
    '((CURRENT--))',
    'case $words[1] in',
    ...commands.flatMap((command) => [`  ${command.name})`, ...bodyOf(command), '    ;;']),
    ...more.map(({ name }) => `  ${name}) _values command ${commands.map((one) => one.name).join(' ')} ;;`),
    'esac',
  ];
  return lines.map((line) => `${indent}${line}`).join('\n');
}

function bodyOf(command: Command): string[] {
  if (command.commands.length > 0) return choice(command.commands, '    ').split('\n');
  const { place } = command;
  const specs = [
    ...command.options.map(optionSpec),
    "'(- *)--help[what it does]'",
    // A place of which nothing is known would only keep zsh from finishing an option in it.
    ...(place === undefined || place.value === 'anything'
      ? []
      : [quoted(`${place.isRepeatable ? '*' : ''}:${place.hint}:${actionOf(place.value)}`)]),
  ];
  return [`    _arguments ${specs.join(' ')}`];
}

function optionSpec({ name, does, hint, value, isRepeatable }: Option): string {
  const before = isRepeatable ? '*' : '';
  // Brackets of the explanation would end it.
  const explained = `[${does.replace(/[[\]]/g, '\\$&')}]`;
  if (value === undefined) return quoted(`${before}--${name}${explained}`);
  const label = typeof value === 'object' ? name : hint;
  return quoted(`${before}--${name}=${explained}:${label}:${actionOf(value)}`);
}

/** A single space is "something, of which nothing is known". */
function actionOf(value: Value): string {
  if (typeof value === 'object') return `(${value.words.join(' ')})`;
  if (value === 'anything') return ' ';
  return value === 'file' ? '_files' : '_files -/';
}

const quoted = (text: string): string => `'${text.replace(/'/g, "'\\''")}'`;
