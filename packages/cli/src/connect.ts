/** `iskra connect`: a client at the keyboard, or in a script. One session, or many that listen with it. */
import type { ConnectOptions } from '@iskra/client';
import { defineCommand } from 'citty';
import type { ArgsDef } from 'citty';
import { createTalk } from './connect/talk.js';
import { openTerminal } from './connect/terminal.js';
import { readWord } from './connect/words.js';
import { readAuth, readChannel, readTarget, readTime, readTransports, TRANSPORTS } from './target.js';
import { refuseUnknown, setting, valuesOf, whole } from './usage.js';

const args = {
  url: { type: 'positional', required: false, description: 'the server, as in http://localhost:8000' },
  channel: {
    type: 'string',
    valueHint: 'name',
    description: 'listen there; repeatable. What you type goes to the last one',
  },
  last: { type: 'string', valueHint: 'number', description: 'so many of its last entries first [0]' },
  auth: { type: 'string', valueHint: 'json', description: 'the credentials that the application would send' },
  transport: {
    type: 'string',
    valueHint: TRANSPORTS.join('|'),
    description: 'use only this one; repeatable [all, best first]',
  },
  clients: { type: 'string', valueHint: 'number', description: 'so many sessions that listen together [1]' },
  timeout: { type: 'string', valueHint: 'time', description: 'how long the first connection may take [10s]' },
  for: { type: 'string', valueHint: 'time', description: 'go on listening after the input has ended [0s]' },
  events: { type: 'boolean', description: 'print what happens to the connection, too' },
  json: { type: 'boolean', description: 'print one JSON object a line' },
} satisfies ArgsDef;

export const connectCommand = defineCommand({
  meta: {
    name: 'connect',
    description: 'talk with a server by hand: subscribe, publish, request; /help lists the words',
  },
  args,
  async run({ rawArgs, args: given }) {
    refuseUnknown('iskra connect', rawArgs, args);
    const asked = {
      url: readTarget('iskra connect', given.url).url,
      channels: valuesOf('channel', rawArgs, args).map((name) => readChannel(name)!),
      last: whole(setting('last', given.last), {
        otherwise: 0,
        min: 0,
        max: 10_000,
        what: 'a number of entries',
      }),
      clients: whole(setting('clients', given.clients), {
        otherwise: 1,
        min: 1,
        max: 10_000,
        what: 'a number of clients',
      }),
      timeout: readTime(setting('timeout', given.timeout), 10_000, 100, 600_000),
      stays: readTime(setting('for', given.for), 0, 0, 86_400_000),
      events: given.events === true,
    };
    const auth = readAuth(setting('auth', given.auth)?.value);
    const transports = readTransports(valuesOf('transport', rawArgs, args));
    const options: ConnectOptions = {
      ...(auth !== undefined && { auth }),
      ...(transports && { transports }),
    };
    const terminal = openTerminal(given.json === true);
    const talk = createTalk(asked, options, terminal.say);
    try {
      await talk.begin();
      for await (const typed of terminal.typed())
        if (!(await talk.perform(readWord(typed), terminal.isTyped))) break;
      process.exitCode = (await talk.end()) ? 0 : 1;
    } finally {
      terminal.close();
      await talk.close();
    }
  },
});
