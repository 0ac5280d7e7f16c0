/** What the demo says in the terminal: a greeting, and a line for each thing worth one. */
import { styleText } from 'node:util';
import type { RealtimeOptions, SystemEvent } from '@iskra/server';

type Style = Parameters<typeof styleText>[0];

const plain = !process.stdout.isTTY || process.env['NO_COLOR'] !== undefined;
const paint = (style: Style, text: string): string => (plain ? text : styleText(style, text));
const dim = (text: string): string => paint('dim', text);

/** The other examples, which talk to this very server. */
const EXAMPLES = [
  ['Node', 'node examples/node/client.mjs'],
  ['Python', 'python3 examples/python/session.py'],
  ['curl', 'bash examples/curl/sse.sh'],
  ['Any library', 'node examples/node/plain.mjs'],
] as const;

export function greet(url: string): void {
  const row = (what: string, text: string): string => `    ${dim(what.padEnd(14))}${text}`;
  console.log(
    [
      '',
      `    ${paint('yellow', '✦')}  ${paint('bold', 'Iskra')}  ${dim('a room that keeps what it was told')}`,
      `  ${paint('yellow', '·')}    ${paint('cyan', paint('underline', `${url}/#lobby`))}`,
      '',
      row('Try', 'open it twice, side by side, and say something'),
      row('', 'send 200 numbers, and block WebSocket while they are on their way'),
      row('', 'block SSE and long-poll as well; then open the way again'),
      '',
      ...EXAMPLES.map(([what, command]) => row(what, `${command} ${url}`)),
      row('More', 'examples/README.md'),
      '',
      row('Is it well?', `curl ${url}/health`),
      row('Counted', `curl ${url}/metrics`),
      row('Stop', 'Ctrl-C'),
      '',
    ].join('\n'),
  );
}

export function say(text: string, style: Style = 'reset'): void {
  const time = new Date().toTimeString().slice(0, 8);
  console.log(`  ${dim(time)}  ${paint(style, text)}`);
}

/** The framework's own lines, short: the whole envelope is for machines, and this is for someone who watches. */
export const logger = {
  isLevelEnabled: (level: string) => level !== 'debug',
  info: (line: SystemEvent) => say(describe(line), 'dim'),
  warn: (line: SystemEvent) => say(describe(line), 'yellow'),
  error: (line: SystemEvent) => say(describe(line), 'red'),
} as unknown as Exclude<RealtimeOptions['logger'], false | undefined>;

function describe({ delta, lambda, payload: { field, transport } }: SystemEvent): string {
  const rest = [field, transport].filter(Boolean).join(' ');
  return `${delta}${rest && ` (${rest})`} → ${lambda}`;
}
