/** PURE. The completion of bash. It needs nothing but bash itself, 3.2 or newer. */
import { HELP } from './tree.js';
import type { Command, Value } from './tree.js';

export function bashScript(commands: readonly Command[]): string {
  const all = commands.flatMap((command) => pathsOf(command));
  const names = commands.map(({ name }) => name);
  const parents = commands.filter(({ commands: below }) => below.length > 0);
  return `# Completion of iskra for bash. In ~/.bashrc:  source <(iskra completion bash)

_iskra() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD - 1]} command=\${COMP_WORDS[1]} words=''
  # --option=value is three words here.
  if [[ $word == = ]]; then
    word=''
  elif [[ $before == = ]]; then
    before=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W '${[...names, HELP.name, '--help', '--version'].join(' ')}' -- "$word"))
    return
  fi${parents
    .map(
      ({ name }) => `
  if [[ $command == ${name} ]] && ((COMP_CWORD > 2)); then command="${name} \${COMP_WORDS[2]}"; fi`,
    )
    .join('')}
  case "$command $before" in
${all.flatMap(valueCases).join('\n')}
  esac
  case $command in
${all.map(([path, command]) => `    '${path}') words='${wordsOf(command).join(' ')}' ;;`).join('\n')}
    ${HELP.name}) words='${names.join(' ')}' ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}

complete -F _iskra iskra`;
}

/** A command and those below it, each with the words that lead to it. */
const pathsOf = (command: Command, above = ''): (readonly [path: string, command: Command])[] => {
  const path = `${above}${command.name}`;
  return [[path, command], ...command.commands.flatMap((below) => pathsOf(below, `${path} `))];
};

/** What may follow a command: options, and what stands there without one. */
const wordsOf = ({ options, place, commands }: Command): string[] => [
  ...commands.map(({ name }) => name),
  ...(place === undefined ? [] : listOf(place.value)),
  ...options.map(({ name }) => `--${name}`),
  '--help',
];

const listOf = (value: Value): readonly string[] => (typeof value === 'object' ? value.words : []);

function valueCases([path, { options }]: readonly [string, Command]): string[] {
  const open = options.filter(({ value }) => value === 'anything');
  const known = options.flatMap(({ name, value }) =>
    value === undefined || value === 'anything'
      ? []
      : [`    '${path} --${name}') ${replyOf(value)}; return ;;`],
  );
  const pattern = open.map(({ name }) => `'${path} --${name}'`).join(' | ');
  return [...known, ...(open.length === 0 ? [] : [`    ${pattern}) return ;;`])];
}

const replyOf = (value: Exclude<Value, 'anything'>): string =>
  typeof value === 'object'
    ? `COMPREPLY=($(compgen -W '${value.words.join(' ')}' -- "$word"))`
    : `local IFS=$'\\n'; compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -${value === 'file' ? 'f' : 'd'} -- "$word"))`;
