/** Lines of the log as somebody reads them in a terminal: one event each, its sentence first, its ids behind. */
import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

/** By pino's numbers. */
const LEVELS: ReadonlyMap<unknown, readonly [name: string, style: Style]> = new Map([
  [10, ['trace', 'dim']],
  [20, ['debug', 'dim']],
  [30, ['info', 'green']],
  [40, ['warn', 'yellow']],
  [50, ['error', 'red']],
  [60, ['fatal', 'red']],
]);

/** What stands elsewhere in the line, or in every line. */
const SAID = new Set(['at', 'category', 'cluster', 'node', 'code']);

interface Line {
  readonly level?: unknown;
  readonly time?: unknown;
  readonly msg?: unknown;
  readonly delta?: unknown;
  readonly lambda?: unknown;
  readonly omega?: unknown;
  readonly payload?: Readonly<Record<string, unknown>>;
  readonly err?: { readonly type?: unknown; readonly told?: unknown; readonly stack?: readonly unknown[] };
}

/** A line of pino's JSON; what is none comes back as it is. */
export function pretty(json: string, hasColours: boolean): string {
  let line: Line;
  try {
    line = JSON.parse(json) as Line;
  } catch {
    return json;
  }
  const paint = (style: Style, text: string): string =>
    // What decides is the caller: a stream of its own is asked by nobody else.
    hasColours ? styleText(style, text, { validateStream: false }) : text;
  const { level, time, msg, delta, lambda, omega, payload = {}, err } = line;
  const [name, style] = LEVELS.get(level) ?? ['', 'dim'];
  const clock = typeof time === 'number' ? new Date(time).toISOString().slice(11, 23) : '';
  const next = lambda === undefined || lambda === 'continue' ? '' : ` → ${text(lambda)}`;
  const sure = omega === undefined || omega === 1 ? '' : ` (${text(omega)})`;
  const ids = Object.entries(payload).flatMap(([key, value]) =>
    SAID.has(key) ? [] : `${key}=${text(value)}`,
  );
  const head = [
    clock === '' ? '' : paint('dim', clock),
    paint(style, name.padEnd(5)),
    payload['category'] === undefined ? '' : paint('dim', text(payload['category']).padEnd(11)),
    delta === undefined ? '' : paint('bold', text(delta)) + paint('dim', sure + next),
    text(msg ?? ''),
    ids.length === 0 ? '' : paint('dim', ids.join(' ')),
  ];
  const thrown =
    err === undefined
      ? []
      : [
          `    ${paint(style, text(err.type ?? 'error'))}${err.told === undefined ? '' : `: ${text(err.told)}`}`,
          ...(err.stack ?? []).map((frame) => paint('dim', `      at ${text(frame)}`)),
        ];
  return `${[head.filter((part) => part !== '').join('  '), ...thrown].join('\n')}\n`;
}

const CONTROL = /[\u0000-\u001f\u007f-\u009f]/g;

/** A name of a node may hold an escape sequence, which would run in the terminal. */
const text = (value: unknown): string =>
  (typeof value === 'string' ? value : JSON.stringify(value)).replace(CONTROL, '');
