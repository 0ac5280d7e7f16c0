/**
 * `npm run matrix`: our client and the peer behind every box, then the numbers. Exits with 1 when one row of ours is
 * not intact or could not be played.
 */
import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { MEASURES, measureAll } from './numbers/numbers.js';
import { showNumbers } from './numbers/show.js';
import { PEERS } from './peer.js';
import { PER_SECOND } from './plan.js';
import { playRow } from './play-row.js';
import { ROWS } from './rows.js';
import type { Row } from './rows.js';
import { createSeats } from './seats.js';
import { startServers } from './servers.js';
import { showColumns, showGroup, showLine, showSums } from './table.js';
import type { Line } from './table.js';
import { bold, dim, print, progress } from './terminal.js';

const usage = `npm run matrix -- [flags]
  --only nginx,idle   rows whose names have one of these in them, and no numbers; with --numbers, numbers and no rows
  --numbers           only the second part: how long it takes
  --rows 6            so many rows at a time
  --seconds 10        how long both ends speak, 1 to 60
  --no-peers          without Socket.IO
  --json file         writes all that was seen, with every attempt
`;

const options = read();
process.on('SIGINT', () => process.exit(130));
process.on('SIGTERM', () => process.exit(143));

const servers = await startServers({ peer: options.peers.length > 0 });
// A row has one of ours and one of each peer.
const seats = createSeats(options.together * (1 + options.peers.length));
let failed = 0;
let lines: Line[] = [];
if (options.rows.length > 0) {
  const head = `${PER_SECOND} messages a second each way, for ${options.seconds} s, behind ${options.rows.length} boxes`;
  print(`\n${bold('The matrix')}  ${dim(head)}`);
  print(
    dim(
      `${availableParallelism()} cores · node ${process.versions.node} · socket.io ${versionOf('socket.io')}`,
    ),
  );
  print('');
  showColumns(options.peers);
  lines = await playAll(options.rows);
  failed = showSums(lines, options.peers);
}
const numbers = options.numbers.length > 0 ? await measureAll(servers, options.numbers) : [];
if (numbers.length > 0)
  showNumbers(
    numbers,
    lines.flatMap((line) => ('failure' in line ? [] : [line])),
  );
await servers.kill();
if (options.json !== undefined) {
  await writeFile(options.json, `${JSON.stringify({ rows: lines, numbers }, null, 1)}\n`);
}
print('');
process.exit(failed > 0 ? 1 : 0);

/** So many at a time; shown in their order. */
async function playAll(rows: readonly Row[]): Promise<Line[]> {
  const done = new Map<Row, Line>();
  let shown = 0;
  const show = (): void => {
    progress('');
    for (let line; shown < rows.length && (line = done.get(rows[shown]!)); shown++) {
      const title = groupOf(line.row);
      if (shown === 0 || title !== groupOf(rows[shown - 1]!)) showGroup(title);
      showLine(line, options.peers);
    }
    progress(shown < rows.length ? `${rows[shown]!.name}: ${done.size} of ${rows.length} played` : '');
  };
  await Promise.all(
    rows.map(async (row) => {
      done.set(row, await playOne(row));
      show();
    }),
  );
  return rows.map((row) => done.get(row)!);
}

function playOne(row: Row): Promise<Line> {
  return playRow(row, servers, { ...options, seats }).catch((error: unknown) => ({
    row,
    failure: String(error),
  }));
}

function groupOf({ box }: Row): string {
  return 'proxy' in box ? 'Real proxies' : 'Our fault box';
}

function versionOf(name: string): string {
  return (createRequire(import.meta.url)(`${name}/package.json`) as { version: string }).version;
}

function read() {
  try {
    const { values } = parseArgs({
      options: {
        only: { type: 'string' },
        numbers: { type: 'boolean', default: false },
        rows: { type: 'string', default: '6' },
        seconds: { type: 'string', default: '10' },
        'no-peers': { type: 'boolean', default: false },
        json: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) {
      process.stdout.write(usage);
      process.exit(0);
    }
    const { only } = values;
    const rows = values.numbers ? [] : named(ROWS, only);
    const numbers = values.numbers || only === undefined ? named(MEASURES, only) : [];
    if (rows.length + numbers.length === 0)
      throw new Error(
        `No ${values.numbers ? 'number' : 'row'} has ${only?.replaceAll(',', ' or ')} in its name.`,
      );
    return {
      rows,
      numbers,
      together: within('--rows', values.rows, 1, 40),
      seconds: within('--seconds', values.seconds, 1, 60),
      peers: values['no-peers'] ? [] : PEERS,
      json: values.json,
    };
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${usage}`);
    process.exit(1);
  }
}

/** A whole name, which may have commas in it, or parts of names with commas between them. */
function named<Named extends { name: string }>(all: readonly Named[], only = ''): readonly Named[] {
  const whole = all.filter(({ name }) => name === only);
  return whole.length > 0
    ? whole
    : all.filter(({ name }) => only.split(',').some((part) => name.includes(part)));
}

function within(flag: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (value >= least && value <= most) return value;
  throw new Error(`${flag} takes a number from ${least} to ${most}, not "${text}".`);
}
