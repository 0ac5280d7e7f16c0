/** `iskra chaos`: a box before any server that breaks what real ones break. Standard output carries what happened, if asked. */
import { BoxError, FAULTS, openBox, ProfileError, usageOf } from '@iskra/chaos';
import type { Box, BoxEvent, BoxOptions, FaultName } from '@iskra/chaos';
import { defineCommand } from 'citty';
import type { ArgsDef } from 'citty';
import { explainListening } from './listening.js';
import { refuseUnknown, setting, UsageError, valuesOf, whole } from './usage.js';

const args = {
  to: {
    type: 'string',
    valueHint: 'url',
    description: 'the server behind the box, as in http://127.0.0.1:8000; repeatable, for round-robin',
  },
  profile: {
    type: 'string',
    valueHint: 'faults',
    description: 'what is broken, as in strip-upgrade,buffer,idle=20s [nothing]; see --list',
  },
  port: { type: 'string', valueHint: 'number', description: 'where to listen; 0 takes a free one [0]' },
  host: { type: 'string', valueHint: 'address', description: 'the address to listen on [127.0.0.1]' },
  verbose: { type: 'boolean', description: 'a line for each request, and for each fault that meets it' },
  list: {
    type: 'boolean',
    description: 'print all faults, what they do, and what a client of Iskra says behind them',
  },
  json: {
    type: 'boolean',
    description: 'print what is ready, what happens and what it came to as one JSON object a line',
  },
} satisfies ArgsDef;

export const chaosCommand = defineCommand({
  meta: { name: 'chaos', description: 'stand before a server and break what real proxies break' },
  args,
  async run({ rawArgs, args: given }) {
    refuseUnknown('iskra chaos', rawArgs, args);
    const isJson = given.json === true;
    if (given.list === true) return console.log(isJson ? JSON.stringify(faultList(), null, 2) : listFaults());
    const options = readOptions(given, valuesOf('to', rawArgs, args));
    const box = await open(options);
    if (isJson) tell({ what: 'ready', url: box.url, to: options.to, faults: Object.keys(box.faults) });
    else announce(box, options);
    endWhenAsked(box, isJson);
  },
});

/** What the flags ask for. */
export function readOptions(
  given: Record<string, unknown>,
  to: readonly string[],
): BoxOptions & { port: number; host: string; profile: string } {
  if (to.length === 0 || to.includes('')) {
    throw new UsageError('iskra chaos needs the server behind the box, as in --to http://127.0.0.1:8000.');
  }
  return {
    to,
    profile: setting('profile', given['profile'])?.value ?? '',
    port: whole(setting('port', given['port']), {
      otherwise: 0,
      min: 0,
      max: 65_535,
      what: 'the number of a port',
    }),
    host: setting('host', given['host'])?.value ?? '127.0.0.1',
    ...(given['verbose'] === true && {
      watch: given['json'] === true ? tell : (event) => console.log(describe(event)),
    }),
  };
}

/** The faults for a program. `usage`: as it is written in a profile. */
export const faultList = () =>
  (Object.keys(FAULTS) as FaultName[]).map((name) => {
    const { does, verdict } = FAULTS[name];
    return { name, usage: usageOf(name), does, verdict: verdict ?? null };
  });

/** One fault a line: how it is written, what it does, the verdict that is expected. */
export function listFaults(): string {
  const names = Object.keys(FAULTS) as FaultName[];
  const width = Math.max(...names.map((name) => usageOf(name).length));
  return names
    .map((name) => {
      const { does, verdict } = FAULTS[name];
      return `${usageOf(name).padEnd(width)}  ${does}${verdict ? ` (${verdict})` : ''}`;
    })
    .join('\n');
}

/** An event as a line: `#3 GET /live  strip-upgrade`. */
export function describe(event: BoxEvent): string {
  const about = `#${event.id} ${event.request} `;
  switch (event.what) {
    case 'begun':
      return `${about} begun`;
    case 'struck':
      return `${about} ${event.fault}`;
    case 'ended':
      return `${about} ended after ${event.milliseconds} ms, ${event.up} B up, ${event.down} B down`;
  }
}

async function open(options: ReturnType<typeof readOptions>): Promise<Box> {
  try {
    return await openBox(options);
  } catch (error) {
    if (error instanceof ProfileError || error instanceof BoxError) throw new UsageError(error.message);
    throw explainListening(error, { port: options.port, hostname: options.host });
  }
}

/** To standard error: standard output carries the lines of --verbose and of --list. */
function announce(box: Box, { to, profile }: ReturnType<typeof readOptions>): void {
  console.error(
    `iskra chaos is ready at ${box.url}\n` +
      `  before      ${([] as string[]).concat(to).join(', ')}\n` +
      `  breaks      ${profile === '' ? 'nothing; see --profile and --list' : Object.keys(box.faults).join(', ')}`,
  );
}

function endWhenAsked(box: Box, isJson: boolean): void {
  const end = (): void => {
    process.off('SIGINT', end).off('SIGTERM', end);
    const { requests, upgrades, struck } = box.stats;
    const counts = Object.entries({ requests, upgrades, ...struck }).map((pair) => pair.join(' '));
    if (isJson) tell({ what: 'done', requests, upgrades, struck });
    else console.error(`iskra chaos ends: ${counts.join(', ')}`);
    void box.close();
  };
  process.on('SIGINT', end).on('SIGTERM', end);
}

const tell = (event: object): void => console.log(JSON.stringify(event));
