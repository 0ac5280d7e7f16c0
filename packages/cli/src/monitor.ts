/** `iskra monitor`: what one node or several do just now, looked at again and again. */
import { setTimeout as pause } from 'node:timers/promises';
import { defineCommand } from 'citty';
import type { ArgsDef } from 'citty';
import { interruption } from './interruption.js';
import { lineOf, objectOf } from './monitor/lines.js';
import { look } from './monitor/look.js';
import { draw } from './monitor/screen.js';
import { openScreen } from './monitor/terminal.js';
import { createWatch } from './monitor/watch.js';
import type { Moment, Watch } from './monitor/watch.js';
import { hasColor } from './paint.js';
import { readTime } from './target.js';
import { placesOf, refuseUnknown, serverUrl, setting, whole } from './usage.js';

const args = {
  url: {
    type: 'positional',
    required: false,
    description: 'a node, as in http://localhost:8000; repeatable',
  },
  every: { type: 'string', valueHint: 'time', description: 'between two looks [1s]' },
  count: { type: 'string', valueHint: 'number', description: 'end after so many looks [never]' },
  timeout: { type: 'string', valueHint: 'time', description: 'how long an answer may take [2s]' },
  json: { type: 'boolean', description: 'print one JSON object for each look' },
} satisfies ArgsDef;

export const monitorCommand = defineCommand({
  meta: {
    name: 'monitor',
    description:
      'watch nodes: connections, messages, refusals, memory, CPU; a line for each look where nobody sees a screen',
  },
  args,
  async run({ rawArgs, args: given }) {
    refuseUnknown('iskra monitor', rawArgs, args, Infinity);
    const urls = readNodes(placesOf(rawArgs, args));
    const every = readTime(setting('every', given.every), 1_000, 100, 3_600_000);
    const timeout = readTime(setting('timeout', given.timeout), 2_000, 100, 60_000);
    const looks = whole(setting('count', given.count), {
      otherwise: Infinity,
      min: 1,
      max: 1e9,
      what: 'a number of looks',
    });
    const stop = interruption();
    const watch = createWatch();
    const view = openView(given.json === true, watch, stop.now);
    let last: Moment | undefined;
    try {
      for (let done = 0; done < looks && !stop.signal.aborted; done++) {
        const began = performance.now();
        const seen = await Promise.all(urls.map((url) => look(url, timeout, stop.signal)));
        if (stop.signal.aborted) break;
        last = watch.take(seen, Date.now());
        view.show(last);
        const rest = done + 1 < looks ? every - (performance.now() - began) : 0;
        // Rejects when somebody leaves, which the loop sees.
        if (rest > 0) await pause(rest, undefined, { signal: stop.signal }).catch(() => {});
      }
    } finally {
      view.close();
      stop.end();
    }
    process.exitCode = last !== undefined && last.ready === last.nodes.length ? 0 : 1;
  },
});

/** The addresses of nodes, however they were written, without what they have in common. */
export function readNodes(given: readonly string[]): string[] {
  const urls = (given.length === 0 ? [undefined] : given).map((one) => serverUrl('iskra monitor', one));
  return [
    ...new Set(urls.map(({ origin, pathname }) => `${origin}${pathname}`.replace(/(\/health)?\/*$/, ''))),
  ];
}

interface View {
  show(moment: Moment): void;
  close(): void;
}

/** Where it is shown. */
function openView(isJson: boolean, watch: Watch, leave: () => void): View {
  const { stdout } = process;
  if (isJson || !stdout.isTTY) {
    const text = (moment: Moment): string => (isJson ? JSON.stringify(objectOf(moment)) : lineOf(moment));
    return { show: (moment) => console.log(text(moment)), close: () => {} };
  }
  let last: Moment | undefined;
  const show = (): void => last && screen.show(draw(last, watch.past, screen.size));
  const screen = openScreen({ hasColor: hasColor(stdout), onResize: show, onLeave: leave });
  return {
    show(moment) {
      last = moment;
      show();
    },
    close: screen.close,
  };
}
