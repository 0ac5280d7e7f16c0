/** `iskra doctor`: what the way to a server lets through, what stands in the way, and the lines that cure it. */
import { duration as inWords, print, reportOn } from '@iskra/client/doctor';
import { POLL_WAIT } from '@iskra/protocol/wire';
import { defineCommand } from 'citty';
import type { ArgsDef } from 'citty';
import { examine } from './doctor/examine.js';
import type { Examination } from './doctor/examine.js';
import { proxyFor } from './doctor/proxy.js';
import type { Variables } from './doctor/proxy.js';
import { INTERRUPTED, interruption } from './interruption.js';
import { hasColor } from './paint.js';
import { readAuth, readChannel, readTarget, readTime } from './target.js';
import { refuseUnknown, setting, UsageError } from './usage.js';

const args = {
  url: {
    type: 'positional',
    required: false,
    description: 'the server, as in http://localhost:8000, or the base path of its transports',
  },
  auth: { type: 'string', valueHint: 'json', description: 'the credentials that the application would send' },
  channel: { type: 'string', valueHint: 'name', description: 'ask whether it may be subscribed to' },
  origin: {
    type: 'string',
    valueHint: 'origin',
    description: 'speak for a page of this origin, as in https://app.example',
  },
  idle: {
    type: 'string',
    valueHint: 'time',
    description: 'how long to watch a quiet connection, as in 70s or 2m [25s]',
  },
  timeout: { type: 'string', valueHint: 'time', description: 'how long one answer may take [5s]' },
  quick: { type: 'boolean', description: 'hold a poll, and watch quiet connections, for 3 s only' },
  json: { type: 'boolean', description: 'print one JSON document' },
} satisfies ArgsDef;

export const doctorCommand = defineCommand({
  meta: {
    name: 'doctor',
    description: 'try every transport on the way to a server, and say what cures what it finds',
  },
  args,
  async run({ rawArgs, args: given }) {
    refuseUnknown('iskra doctor', rawArgs, args);
    const asked = readExamination(given, process.env);
    const announced = announce(asked);
    const stop = interruption();
    const seen = await examine(asked, stop.signal).finally(announced);
    stop.end();
    if (stop.signal.aborted) {
      console.error('iskra doctor was stopped before it had seen everything');
      process.exitCode = INTERRUPTED;
      return;
    }
    const report = reportOn(seen);
    console.log(given.json === true ? JSON.stringify(report, null, 2) : print(report, paper()));
    process.exitCode = report.exitCode;
  },
});

/** Longer than the server is silent: a heartbeat. */
const USUAL = 25_000;
const QUICK = 3_000;

/** What the flags and the environment ask for. */
export function readExamination(given: Record<string, unknown>, variables: Variables): Examination {
  const { url, target } = readTarget('iskra doctor', given['url']);
  const isQuick = given['quick'] === true;
  return {
    url,
    proxy: proxyFor(target, variables),
    auth: readAuth(setting('auth', given['auth'])?.value),
    channel: readChannel(setting('channel', given['channel'])?.value),
    origin: readOrigin(setting('origin', given['origin'])?.value),
    timeout: readTime(setting('timeout', given['timeout']), 5_000, 100, 60_000),
    idle: readTime(setting('idle', given['idle']), isQuick ? QUICK : USUAL, 1_000, 3_600_000),
    hold: isQuick ? QUICK : POLL_WAIT,
  };
}

/** What the rest takes where nothing is in the way, ms. */
const REST = 1_500;

/** To standard error, and only where somebody waits: standard output has the report and nothing else. The answer ends it. */
function announce({ idle, hold, timeout }: Examination): () => void {
  const { stderr } = process;
  if (!stderr.isTTY) return () => {};
  const least = inWords(Math.max(idle, hold) + REST);
  const more = inWords(timeout);
  const began = performance.now();
  const tell = (): void => {
    const now = Math.round((performance.now() - began) / 1_000);
    const text = `${now} s of ${least}, and up to ${more} more for each thing that gives no answer …`;
    // A line that wraps could not be written over.
    stderr.write(`\r${text.slice(0, stderr.columns - 1)}`);
  };
  tell();
  const timer = setInterval(tell, 1_000);
  return () => {
    clearInterval(timer);
    stderr.write('\r\u001b[K');
  };
}

function paper() {
  return { width: Math.min(process.stdout.columns ?? 80, 110), color: hasColor(process.stdout) };
}

function readOrigin(origin: string | undefined): string | undefined {
  if (origin === undefined) return undefined;
  const read = URL.canParse(origin) ? new URL(origin).origin : 'null';
  if (read !== 'null') return read;
  throw new UsageError(`--origin is "${origin}"; it looks like https://app.example.`);
}
