/** Shell. What the process tells of itself, under the names that every dashboard knows, and how late its timers are. */
import { readdirSync, readFileSync } from 'node:fs';
import { getHeapStatistics } from 'node:v8';
import { Distribution } from './distribution.js';
import type { Meter } from './meter.js';

/** Milliseconds between two looks at how late a timer is. */
const LOOK = 100;
/** Seconds. */
const LATE = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2] as const;

/** Tells meters of it, and measures until the answer is called; nothing when nobody asks. */
export function describeProcess(meters: readonly Meter[]): () => void {
  if (meters.length === 0) return () => {};
  const late = new Distribution(LATE);
  for (const meter of meters) describe(meter, late);
  return measureLateness(late);
}

function describe(meter: Meter, late: Distribution): void {
  meter.counter({ name: 'process_cpu_seconds_total', help: 'CPU time of this process.' }, () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1_000_000;
  });
  meter.gauge(
    { name: 'process_start_time_seconds', help: 'When this process started, in seconds since 1970.' },
    () => Math.round(performance.timeOrigin / 1000),
  );
  meter.gauge({ name: 'process_resident_memory_bytes', help: 'Memory of this process.' }, () =>
    process.memoryUsage.rss(),
  );
  meter.gauge(
    { name: 'nodejs_heap_size_used_bytes', help: 'Of it, what the heap of Node is filled with.' },
    () => process.memoryUsage().heapUsed,
  );
  const { heap_size_limit: limit } = getHeapStatistics();
  meter.gauge(
    { name: 'nodejs_heap_size_limit_bytes', help: 'How much the heap of Node may be filled with.' },
    () => limit,
  );
  meter.gauge({ name: 'process_open_fds', help: 'Files and sockets that are open; on Linux.' }, openFiles);
  const most = mostFiles();
  meter.gauge({ name: 'process_max_fds', help: 'Files and sockets that may be open; on Linux.' }, () => most);
  meter.histogram(
    { name: 'iskra_event_loop_lag_seconds', help: 'How late a timer of this process is.' },
    () => late,
  );
}

/** A look ten times a second: a block of the event loop that is longer than that is never missed. */
function measureLateness(late: Distribution): () => void {
  let due = performance.now() + LOOK;
  const timer = setInterval(() => {
    const now = performance.now();
    // Node's timers are late by up to a millisecond by themselves.
    late.observe(Math.max(0, now - due - 1) / 1000);
    due = now + LOOK;
  }, LOOK).unref();
  return () => clearInterval(timer);
}

function openFiles(): number | undefined {
  try {
    // The one with which it is counted is none of them.
    return readdirSync('/proc/self/fd').length - 1;
  } catch {
    return undefined;
  }
}

function mostFiles(): number | undefined {
  try {
    return (
      Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]) || undefined
    );
  } catch {
    return undefined;
  }
}
