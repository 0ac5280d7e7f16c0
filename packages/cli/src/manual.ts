/** PURE. What the help of a command says behind its options: how it is used, and what its exit code means. */
import { paint } from './paint.js';

export interface Page {
  /** A line to type, and what it does. */
  examples: readonly (readonly [line: string, does: string])[];
  exits: Readonly<Record<number, string>>;
}

const WRONG_USE = { 2: 'the command line or a variable is wrong' };
const STOPPED = { 130: 'it was stopped before its end (Ctrl-C, SIGTERM)' };

/** By command, in the order in which `iskra --help` has them. docs/guide/command-line.md has the exit codes, too. */
export const MANUAL = {
  serve: {
    examples: [
      ['iskra serve', 'the room for everybody, on port 8000'],
      ['iskra serve --port 0 --host 127.0.0.1', 'for this machine only, on a free port'],
      ['iskra serve --origin https://app.example', 'for the pages of one site'],
      ['SECRET=… iskra serve --redis redis://10.0.0.5', 'as one node of several'],
      ['iskra serve --config /etc/iskra/iskra.yaml', 'as a file says; iskra config check looks at it first'],
      ['iskra serve --port 8443 --tls-cert fullchain.pem --tls-key privkey.pem', 'https and wss'],
      ['iskra serve --watch --log-level debug', 'again whenever the configuration changes'],
    ],
    exits: {
      0: 'it was ended by a signal, in order',
      1: 'it could not start: the port is taken, say',
      2: 'the command line or the configuration is wrong; every mistake is told',
    },
  },
  config: {
    examples: [
      ['iskra config check', 'what iskra serve would be told here, and where each value is from'],
      ['iskra config check --config deploy/iskra.yaml --json', 'of one file, for a program'],
      ['iskra config schema >iskra.schema.json', 'for an editor'],
    ],
    exits: { 0: 'it is good', 1: 'something in it is wrong', ...WRONG_USE },
  },
  health: {
    examples: [
      ['iskra health localhost:8000', 'in a line'],
      ['iskra health https://chat.example --timeout 2000 --json', 'for a program'],
      ['iskra health localhost:8000 || systemctl restart iskra', 'by its exit code'],
    ],
    exits: {
      0: 'the server is healthy',
      1: 'it is not: it drains, gives no answer, or is no Iskra server',
      ...WRONG_USE,
    },
  },
  connect: {
    examples: [
      ['iskra connect localhost:8000 --channel room:lobby', 'listen there, and say what you type'],
      ['echo hello | iskra connect localhost:8000 --channel room:lobby', 'in a script'],
      [
        'iskra connect localhost:8000 --channel news --for 1m --json',
        'a minute of entries, an object a line',
      ],
      ['iskra connect localhost:8000 --channel news --clients 100', 'as a hundred listeners'],
    ],
    exits: {
      0: 'everything that was sent was acknowledged',
      1: 'something was refused, or nobody was reached',
      ...WRONG_USE,
    },
  },
  load: {
    examples: [
      ['iskra load localhost:8000', '100 clients over four transports, 1,000 messages a second, 30 s'],
      ['iskra load localhost:8000 --profile connections --clients 2000', 'who come and stay'],
      ['iskra load localhost:8000 --profile fanout --transport sse', 'one speaks to 99'],
      ['iskra load localhost:8000 --duration 300s --flat', 'is the memory of the server flat?'],
    ],
    exits: {
      0: 'everybody came, and nothing was lost, doubled or refused',
      1: 'something was, or nobody came; with --flat also: memory grows, or nobody can tell',
      ...WRONG_USE,
      ...STOPPED,
    },
  },
  monitor: {
    examples: [
      ['iskra monitor localhost:8000', 'on a screen; q ends'],
      ['iskra monitor node-1:8000 node-2:8000', 'several nodes, and all of them together'],
      ['iskra monitor localhost:8000 --every 10s >>load.log', 'a line every ten seconds'],
      ['iskra monitor localhost:8000 --json --count 2', 'two objects: the second one has rates'],
    ],
    exits: { 0: 'all nodes were ready at the last look', 1: 'one of them was not', ...WRONG_USE },
  },
  slo: {
    examples: [
      ['iskra slo', 'of a server that is started for it'],
      ['iskra slo https://chat.example --auth \'"my token"\'', 'of one that runs'],
      ['iskra slo --json', 'for a program'],
    ],
    exits: { 0: 'no level is missed', 1: 'one is, or nothing could be measured', ...WRONG_USE, ...STOPPED },
  },
  doctor: {
    examples: [
      ['iskra doctor https://chat.example', 'what passes from here, and what cures the rest'],
      ['iskra doctor https://chat.example --quick', 'in five seconds'],
      ['iskra doctor https://chat.example --idle 70s', 'is a quiet connection cut after a minute?'],
    ],
    exits: {
      0: 'every transport passes, and nothing was found',
      1: 'an Iskra server was met, and something stands in the way',
      ...WRONG_USE,
      3: 'no Iskra server was met',
      ...STOPPED,
    },
  },
  'graceful-test': {
    examples: [
      ['iskra graceful-test', 'ten clients, and a timeout of 2 s'],
      ['iskra graceful-test --clients 100 --timeout 10s', 'more of both'],
    ],
    exits: { 0: 'everything was in order', 1: 'something was not', ...WRONG_USE, ...STOPPED },
  },
  chaos: {
    examples: [
      ['iskra chaos --list', 'what it can break'],
      ['iskra chaos --to http://localhost:8000 --profile strip-upgrade', 'no WebSocket gets through'],
      [
        'iskra chaos --to http://localhost:8000 --profile idle=20s --port 9000 --verbose',
        'and say what happens',
      ],
    ],
    exits: { 0: 'it was ended by a signal', 1: 'it could not listen', ...WRONG_USE },
  },
  contract: {
    examples: [
      ['iskra contract asyncapi dist/contract.js >asyncapi.json', 'an AsyncAPI 3 document of it'],
      [
        'iskra contract asyncapi dist/contract.js --title Chat --server live=https://chat.example/realtime',
        'with its name, and where it is',
      ],
      ['iskra contract schema dist/contract.js', 'the JSON Schema of every payload'],
    ],
    exits: {
      0: 'the document was printed',
      1: 'the file has no contract, or cannot be loaded',
      ...WRONG_USE,
    },
  },
  completion: {
    examples: [
      ['source <(iskra completion bash)', 'in ~/.bashrc'],
      ['source <(iskra completion zsh)', 'in ~/.zshrc, behind compinit'],
      ['iskra completion zsh >"${fpath[1]}/_iskra"', 'once for all shells to come'],
    ],
    exits: { 0: 'the script was printed', ...WRONG_USE },
  },
} as const satisfies Record<string, Page>;

export type CommandName = keyof typeof MANUAL;

/** The end of a command's help. */
export function pageOf(name: CommandName): string {
  const { examples, exits }: Page = MANUAL[name];
  return [
    paint('title', 'EXAMPLES'),
    '',
    columns(examples.map(([line, does]) => [line, does])),
    '',
    paint('title', 'EXIT CODES'),
    '',
    columns(Object.entries(exits)),
  ].join('\n');
}

/** The end of the help of `iskra` itself: a line of each command. */
export const firstSteps = (): string =>
  [
    paint('title', 'EXAMPLES'),
    '',
    columns(Object.values(MANUAL).map(({ examples: [[line, does]] }) => [line, does])),
  ].join('\n');

function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join('\n');
}
