/** `npm run rolling`: a deploy of three nodes under traffic, or the end of one by SIGKILL, and what of it anybody noticed. Exits with 1 when somebody did. */
import { parseArgs } from 'node:util';
import { bold, dim, green, ms, print, red, wide } from '../matrix/terminal.js';
import { endAll } from '../programs.js';
import { TRANSPORTS } from './crowd.js';
import type { Fleet, MortalFleet } from './fleet.js';
import { memoryFleet } from './memory-fleet.js';
import { redisFleet } from './redis-fleet.js';
import { complaints, rollAll } from './roll.js';
import type { Outcome, Rolled, Settings } from './roll.js';
import { ALIVE_WITHIN, KILL, strike, wounds } from './strike.js';

const usage = `npm run rolling -- [flags]
  --redis          processes that share a Redis. Default: servers of one process that share its memory
  --kill           with --redis: kills one of them instead of replacing all
  --nodes 3        how many, 2 to 9
  --clients 40     over the four transports, by turns
  --rooms 1        rooms that they are in, one each
  --rate 20        messages a second, all clients together
`;

const NODES = 10;
const COLUMN = 15;

const { redis, kill, nodes, clients, rooms, rate } = read();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void endAll().finally(() => process.exit(1)));

const each = Math.max(1, Math.round(clients / TRANSPORTS.length));
const settings: Settings = { each, rooms, every: 1_000 / rate };
const processes = redis ? await redisFleet(nodes) : undefined;
const fleet: Fleet = processes ?? (await memoryFleet(nodes));
try {
  introduce(fleet);
  const noticed = await (kill && processes !== undefined ? showKill(processes) : showRoll(fleet));
  print(noticed.length === 0 ? green('Nobody noticed.') : red(`Noticed: ${noticed.join(', ')}.`));
  process.exitCode = noticed.length === 0 ? 0 : 1;
} finally {
  await fleet.close();
}

function introduce(fleet: Fleet): void {
  print(bold(`${fleet.is}, behind HAProxy without affinity`));
  print(
    `${each * TRANSPORTS.length} clients over ${TRANSPORTS.length} transports, in ${rooms} ${rooms === 1 ? 'room' : 'rooms'}, ` +
      `${rate} messages a second\n`,
  );
}

async function showKill(fleet: MortalFleet): Promise<string[]> {
  const outcome = await strike(fleet, settings, KILL);
  showTallies(outcome);
  print(`\n${dim(columns('live again', 'of', 'half in', '99 % in', 'longest', 'allowed'))}`);
  for (const { transport, live } of outcome.tallies) {
    const at = (share: number): string => ms(live[Math.ceil(live.length * share) - 1]);
    print(columns(transport, live.length, at(0.5), at(0.99), at(1), ms(ALIVE_WITHIN[transport])));
  }
  print(dim(`The clients' own process was late by up to ${ms(outcome.late)}.`));
  return wounds(outcome);
}

async function showRoll(fleet: Fleet): Promise<string[]> {
  print(dim(columns('', 'took', 'left', 'closed', 'arrivals', 'in a second', 'evenly')));
  let count = 0;
  const onRolled = ({ took, left, closed, arrivals, busiest, even }: Rolled): void =>
    print(columns(`node ${++count}`, ms(took), left, closed, arrivals, busiest, even.toFixed(1)));
  const outcome = await rollAll(fleet, { ...settings, onRolled });
  showTallies(outcome);
  return complaints(outcome);
}

function showTallies({ tallies, sends }: Pick<Outcome, 'tallies' | 'sends'>): void {
  print(
    `\n${dim(columns('', 'clients', 'lost', 'doubled', 'gaps', 'disconnects', 'longest pause', 'slowest message'))}`,
  );
  for (const {
    transport,
    clients: count,
    lost,
    doubled,
    gaps,
    disconnects,
    longestPause,
    slowest,
  } of tallies)
    print(columns(transport, count, lost, doubled, gaps, disconnects, ms(longestPause), ms(slowest)));
  const { acknowledged, rejected, unknown, open } = sends;
  print(`\n${acknowledged} messages acknowledged, ${rejected} rejected, ${unknown} unknown, ${open} open`);
}

function columns(name: string, ...cells: (string | number)[]): string {
  return [wide(name, NODES + 2), ...cells.map((cell) => wide(String(cell), COLUMN))].join('').trimEnd();
}

function read() {
  try {
    const { values } = parseArgs({
      options: {
        redis: { type: 'boolean', default: false },
        kill: { type: 'boolean', default: false },
        nodes: { type: 'string', default: '3' },
        clients: { type: 'string', default: '40' },
        rooms: { type: 'string', default: '1' },
        rate: { type: 'string', default: '20' },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) {
      process.stdout.write(usage);
      process.exit(0);
    }
    if (values.kill && !values.redis) throw new Error('--kill needs --redis: only a process can be killed.');
    return {
      redis: values.redis,
      kill: values.kill,
      nodes: number('nodes', values.nodes, 2, 9),
      clients: number('clients', values.clients, 4, 2_000),
      rooms: number('rooms', values.rooms, 1, 500),
      rate: number('rate', values.rate, 1, 500),
    };
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${usage}`);
    process.exit(1);
  }
}

function number(name: string, given: string, min: number, max: number): number {
  const value = Number(given);
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new Error(`--${name} takes a whole number from ${min} to ${max}, not "${given}".`);
}
