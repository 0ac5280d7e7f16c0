/** The command and its parts: which there are, help and version, and how an error is told. */
import { readFileSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';
import { defineCommand, renderUsage, runCommand } from 'citty';
import { chaosCommand } from './chaos.js';
import { completionCommand } from './completion.js';
import type { Definition } from './completion/tree.js';
import { configCommand } from './config.js';
import { connectCommand } from './connect.js';
import { contractCommand } from './contract.js';
import { doctorCommand } from './doctor.js';
import { gracefulCommand } from './graceful.js';
import { healthCommand } from './health.js';
import { loadCommand } from './load.js';
import { firstSteps, MANUAL, pageOf } from './manual.js';
import type { CommandName } from './manual.js';
import { monitorCommand } from './monitor.js';
import { hasColor } from './paint.js';
import { serveCommand } from './serve.js';
import { sloCommand } from './slo.js';
import { Failure, nearest, UsageError } from './usage.js';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

const commands: Record<CommandName, Definition> = {
  serve: serveCommand,
  config: configCommand,
  health: healthCommand,
  connect: connectCommand,
  load: loadCommand,
  monitor: monitorCommand,
  slo: sloCommand,
  doctor: doctorCommand,
  'graceful-test': gracefulCommand,
  chaos: chaosCommand,
  contract: contractCommand,
  completion: completionCommand(() => commands),
};

const iskra = defineCommand({
  meta: { name: 'iskra', version, description: 'realtime without a lost, doubled or reordered message' },
  subCommands: commands,
});

/** Runs one command line. Resolves with the exit code, or with nothing while the command goes on. */
export async function run(argv: readonly string[]): Promise<number | undefined> {
  const [name, ...rest] = argv;
  try {
    if (name === undefined || isHelp(name) || name === 'help') return await help(rest[0]);
    if (name === '--version' || name === '-v') return print(version);
    const found = find(name);
    if (rest.some(isHelp)) return await help(name);
    await runCommand(commands[found], { rawArgs: rest });
    return undefined;
  } catch (error) {
    if (error instanceof UsageError) return tell(error.message, 2);
    if (error instanceof Failure) return tell(error.message, 1);
    throw error;
  }
}

const isHelp = (argument: string): boolean => argument === '--help' || argument === '-h';

async function help(name: string | undefined): Promise<number> {
  const found = name === undefined ? undefined : find(name);
  const usage = await (found === undefined ? renderUsage(iskra) : renderUsage(commands[found], iskra));
  const text = `${usage.trimEnd()}\n\n${found === undefined ? firstSteps() : pageOf(found)}`;
  const shown = hasColor(process.stdout) ? text : stripVTControlCharacters(text);
  return print(shown.replace(/ +$/gm, ''));
}

function find(name: string): CommandName {
  const names = Object.keys(MANUAL) as CommandName[];
  const found = names.find((one) => one === name);
  if (found !== undefined) return found;
  const close = nearest(name, names);
  throw new UsageError(
    `iskra has no command "${name}". ` +
      (close === undefined ? `It knows ${names.join(', ')}; see iskra --help.` : `Is it ${close}?`),
  );
}

function print(text: string): number {
  console.log(text);
  return 0;
}

function tell(message: string, code: number): number {
  console.error(message);
  return code;
}
