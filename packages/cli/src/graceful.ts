/** `iskra graceful-test`: does a server end in order here, with its clients gone, at its timeout, and at a second signal? */
import { defineCommand } from 'citty';
import type { ArgsDef } from 'citty';
import { rehearse } from './graceful/rehearse.js';
import type { Plan, Rehearsal } from './graceful/rehearse.js';
import { stopWhenAsked } from './interruption.js';
import { readTime } from './target.js';
import { refuseUnknown, setting, whole } from './usage.js';

const args = {
  clients: { type: 'string', valueHint: 'number', description: 'plain WebSocket clients on the server [10]' },
  timeout: {
    type: 'string',
    valueHint: 'time',
    description: 'the timeout that is reached, in whole seconds [2s]',
  },
  json: { type: 'boolean', description: 'print one JSON document' },
} satisfies ArgsDef;

export const gracefulCommand = defineCommand({
  meta: {
    name: 'graceful-test',
    description: 'start servers of its own, end them with clients on them, and say whether all was in order',
  },
  args,
  async run({ rawArgs, args: given }) {
    refuseUnknown('iskra graceful-test', rawArgs, args);
    const clients = whole(setting('clients', given.clients), {
      otherwise: 10,
      min: 1,
      max: 1_000,
      what: 'a number of clients',
    });
    const timeout =
      Math.ceil(readTime(setting('timeout', given.timeout), 2_000, 1_000, 600_000) / 1_000) * 1_000;
    const listenNoMore = stopWhenAsked('iskra graceful-test');
    const rehearsals: Rehearsal[] = [];
    for (const plan of plansOf(clients, timeout)) {
      const rehearsal = await rehearse(plan);
      rehearsals.push(rehearsal);
      if (given.json !== true) console.log(print(rehearsal));
    }
    listenNoMore();
    const ok = rehearsals.every((one) => one.ok);
    if (given.json === true) console.log(JSON.stringify({ ok, rehearsals }, null, 2));
    process.exitCode = ok ? 0 : 1;
  },
});

/** Long enough that it is not reached. */
const LONG = 60_000;

const plansOf = (clients: number, timeout: number): Plan[] => [
  { name: 'its clients go', clients, timeout: LONG, leave: true, twice: false },
  { name: 'its clients stay, and the timeout is reached', clients, timeout, leave: false, twice: false },
  { name: 'its clients stay, and the signal comes again', clients, timeout: LONG, leave: false, twice: true },
];

/** One rehearsal, a line for each thing that was looked at. */
export function print({ name, ok, took, checks }: Rehearsal): string {
  const lines = checks.map(
    (check) =>
      `  ${check.ok ? '✓' : '✗'} ${check.what}${check.saw === undefined ? '' : `; seen: ${check.saw}`}`,
  );
  return [`${ok ? '✓' : '✗'} ${name}: ${(took / 1_000).toFixed(1)} s`, ...lines].join('\n');
}
