/** Sleep: every process of a program stops, and nobody tells it. Its clock goes on, its timers come late. */
import { readdirSync, readFileSync } from 'node:fs';
import { inBrowser } from '../browser/places.js';
import type { Participant } from '../browser/participant.js';
import type { BrowserName } from '../browser/browsers.js';
import type { Place } from '../browser/places.js';
import { remote } from '../browser/remote.js';
import { startChild } from '../transports/child.js';
import type { Child } from '../transports/child.js';
import type { ParticipantVerbs } from './participant.js';

export interface Sleeper extends Place {
  /** The answer wakes it. */
  sleep(): () => void;
}

export function inProcess(): Sleeper {
  let child: Child<ParticipantVerbs>;
  return {
    name: 'a process of Node',
    complaints: [],
    async start() {
      child = await startChild('life/participant');
    },
    visit: async () => {},
    async open(options) {
      const number = await child.does.open(options);
      return remote<Participant>((method, given) => child.does.call(number, method, given));
    },
    sleep: () => stop([child.pid]),
    stop: async () => child?.kill(),
  };
}

export function inSleepyBrowser(name: BrowserName): Sleeper {
  return Object.assign(inBrowser(name), { sleep: () => stop(processesOf(name.toLowerCase())) });
}

function stop(pids: number[]): () => void {
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  return () => {
    for (const pid of pids) process.kill(pid, 'SIGCONT');
  };
}

/** The program of this name that this process has started, with all that it started itself. */
function processesOf(name: string): number[] {
  const children = new Map<number, number[]>();
  const names = new Map<number, string>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'utf8');
      const [, comm = '', parent] = /^\d+ \((.*)\) \S (\d+)/s.exec(stat) ?? [];
      names.set(Number(entry), comm);
      children.set(Number(parent), [...(children.get(Number(parent)) ?? []), Number(entry)]);
    } catch {
      // It has ended since.
    }
  }
  const below = (pid: number): number[] => (children.get(pid) ?? []).flatMap((one) => [one, ...below(one)]);
  const roots = (children.get(process.pid) ?? []).filter((pid) => names.get(pid)?.startsWith(name));
  if (roots.length === 0) throw new Error(`This process has started no ${name}.`);
  return roots.flatMap((pid) => [pid, ...below(pid)]);
}
