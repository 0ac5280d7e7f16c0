/**
 * `npm run bench`: every piece of work for Iskra and its peers, interleaved, in
 * fresh processes. Exits with 1 when a case fails to run, and with --check also
 * when a goal is missed.
 */
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { stopAll } from './harness/processes.js';
import { machine, showEnd, showHead, showProgress, showWork } from './harness/report.js';
import type { Result } from './harness/report.js';
import { PEERS } from './harness/work.js';
import type { Sample, Work } from './harness/work.js';
import { works } from './works/works.js';

const usage = `npm run bench -- [flags]
  --only fanout,echo          works whose names begin so: ${works.map(({ name }) => name).join(', ')}
  --peers iskra,ws,socketio   ws is the raw peer of each transport: ws itself or plain node:http;
                              net is the floor of the WebSocket fan-outs
  --rounds 5                  rounds; every row runs once in each
  --seconds 3                 length of a measured window, at most 15
  --json file                 writes all samples to a file
  --check                     exit with 1 when a goal is missed
`;

const options = read();
const chosen = works.filter(({ name }) => options.only.some((start) => name.startsWith(start)));
if (chosen.length === 0) stop(`No work begins with ${options.only.join(' or ')}.`);

process.on('SIGINT', () => {
  stopAll();
  process.exit(130);
});
process.on('exit', stopAll);

showHead(options.rounds, options.seconds);
const all: { work: string; unit: string; results: readonly Result[] }[] = [];
const goals: [number, number, number] = [0, 0, 0];
let failures = 0;
for (const work of chosen) {
  const results = await run(work);
  showProgress('');
  for (const [at, count] of showWork(work, results).entries()) goals[at]! += count;
  failures += results.filter(({ failure }) => failure !== undefined).length;
  all.push({ work: work.name, unit: work.unit, results });
}
showEnd(goals, failures);
if (options.json !== undefined) {
  await writeFile(options.json, `${JSON.stringify({ machine: machine(), works: all }, null, 2)}\n`);
}
process.exit(failures > 0 || (options.check && goals[1] > 0) ? 1 : 0);

/** All rounds of one piece of work. A row that failed once is left out of the rounds after that. */
async function run(work: Work): Promise<Result[]> {
  const rows = work.rows.filter(({ peer }) => options.peers.includes(peer));
  const samples = new Map<string, Sample[]>(rows.map(({ key }) => [key, []]));
  const failed = new Map<string, string>();
  const rounds = Math.min(options.rounds, work.maxRounds ?? options.rounds);
  for (let round = 0; round < rounds; round++) {
    // Each round begins with another row: nobody always runs behind the same neighbour.
    for (let turn = 0; turn < rows.length; turn++) {
      const { key, peer, transport, label } = rows[(round + turn) % rows.length]!;
      if (failed.has(key)) continue;
      showProgress(`${work.name}: ${label}, round ${round + 1} of ${rounds}`);
      try {
        const the = { work: work.name, row: key, peer, transport, seconds: options.seconds };
        samples.get(key)!.push(await work.measure(the));
      } catch (error) {
        failed.set(key, (error as Error).message);
      }
    }
  }
  return rows.map((row) => ({ row, samples: samples.get(row.key)!, failure: failed.get(row.key) }));
}

function read() {
  try {
    const { values } = parseArgs({
      options: {
        only: { type: 'string', default: '' },
        peers: { type: 'string', default: PEERS.join(',') },
        rounds: { type: 'string', default: '5' },
        seconds: { type: 'string', default: '3' },
        json: { type: 'string' },
        check: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) {
      process.stdout.write(usage);
      process.exit(0);
    }
    const peers = values.peers.split(',');
    const stranger = peers.find((peer) => !(PEERS as readonly string[]).includes(peer));
    if (stranger !== undefined) throw new Error(`There is no peer "${stranger}".`);
    return {
      only: values.only.split(','),
      peers,
      rounds: within('--rounds', values.rounds, 1, 50),
      seconds: within('--seconds', values.seconds, 0.5, 15),
      json: values.json,
      check: values.check,
    };
  } catch (error) {
    return stop((error as Error).message);
  }
}

function within(flag: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (value >= least && value <= most) return value;
  throw new Error(`${flag} takes a number from ${least} to ${most}, not "${text}".`);
}

function stop(why: string): never {
  process.stderr.write(`${why}\n\n${usage}`);
  process.exit(1);
}
