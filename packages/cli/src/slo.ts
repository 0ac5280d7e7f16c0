/** `iskra slo`: does a server keep the service levels, measured from here? */
import { defineCommand } from 'citty';
import type { ArgsDef } from 'citty';
import { stopWhenAsked } from './interruption.js';
import { startServer } from './server.js';
import { judge, print } from './slo/levels.js';
import { measure } from './slo/measure.js';
import { readAuth, readTarget, readTime } from './target.js';
import { Failure, refuseUnknown, setting } from './usage.js';

const args = {
  url: {
    type: 'positional',
    required: false,
    description: 'the server; without it one is started, and ended again',
  },
  auth: { type: 'string', valueHint: 'json', description: 'the credentials that the application would send' },
  duration: {
    type: 'string',
    valueHint: 'time',
    description: 'how long connections are cut again and again [10s]',
  },
  json: { type: 'boolean', description: 'print one JSON document' },
} satisfies ArgsDef;

export const sloCommand = defineCommand({
  meta: {
    name: 'slo',
    description: 'measure the service levels of a server: connection, availability, errors, memory …',
  },
  args,
  async run({ rawArgs, args: given }) {
    refuseUnknown('iskra slo', rawArgs, args);
    const duration = readTime(setting('duration', given.duration), 10_000, 500, 3_600_000);
    const auth = readAuth(setting('auth', given.auth)?.value);
    const listenNoMore = stopWhenAsked('iskra slo');
    const own = given.url === undefined ? await startServer('--shutdown-timeout', '0') : undefined;
    try {
      const { url } = readTarget('iskra slo', own?.url ?? given.url);
      const options = auth === undefined ? {} : { auth };
      const measured = await measure({ url, options, duration }, say).catch((error: unknown) => {
        throw new Failure(
          `${url} could not be measured: ${(error as Error).message}. See what stands in the way: iskra doctor ${url}`,
        );
      });
      say('');
      const levels = judge({ ...measured, start: own?.ready });
      console.log(given.json === true ? JSON.stringify({ levels, measured }, null, 2) : print(levels));
      process.exitCode = levels.some(({ state }) => state === 'missed') ? 1 : 0;
    } finally {
      own?.process.kill('SIGTERM');
      listenNoMore();
    }
  },
});

/** What is measured just now. To standard error, and only where somebody waits. */
function say(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text === '' ? '' : `measuring ${text} …`}`);
}
