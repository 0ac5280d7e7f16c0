/** PURE. A moment as lines of a terminal of some size: a table of the nodes, and below it what they do together. */
import type { Tone } from '../paint.js';
import type { Figures } from './figures.js';
import type { Moment, NodeNow, NodeState } from './watch.js';
import { bar, clock, count, figures, megabytes, percent, perSecond, span, spark } from './words.js';

export type Piece = readonly [tone: Tone, text: string];
export type ScreenLine = readonly Piece[];

export interface Size {
  width: number;
  height: number;
}

/** Never more lines than there is height for, and none longer than the width: what matters least goes first. */
export function draw(moment: Moment, past: readonly (Figures | undefined)[], size: Size): ScreenLine[] {
  const sections = [
    { weight: 9, lines: [headOf(moment, size.width)] },
    { weight: 8, lines: tableOf(moment, size) },
    ...(moment.all === undefined ? [] : detailsOf(moment.all, past, size.width)),
  ];
  const height = (): number => sections.reduce((sum, { lines }) => sum + lines.length, 0);
  while (height() > size.height && sections.length > 1) {
    const weights = sections.map(({ weight }) => weight);
    const least = Math.min(...weights);
    const at = weights.lastIndexOf(least);
    // What is a list loses its end; what is not is gone.
    const { lines } = sections[at]!;
    if (least === MORE && lines.length > 1) sections[at] = { weight: least, lines: lines.slice(0, -1) };
    else sections.splice(at, 1);
  }
  return sections
    .flatMap(({ lines }) => lines)
    .slice(0, size.height)
    .map((line) => cut(line, size.width));
}

/** The text of a line, as long as it may be. */
export const textOf = (line: ScreenLine): string => line.map(([, text]) => text).join('');

function headOf({ at, nodes, ready }: Moment, width: number): ScreenLine {
  const name: Piece = ['strong', 'iskra monitor'];
  const many = nodes.length === 1 ? '1 node' : `${nodes.length} nodes`;
  const told = ready === nodes.length ? (nodes.length === 1 ? 'ready' : 'all ready') : `${ready} ready`;
  const state: Piece = [ready === nodes.length ? 'good' : 'bad', `  ${many}, ${told}`];
  const end = `${clock(at)}  q ends`;
  const space = width - textOf([name, state]).length - end.length;
  return [name, state, ['quiet', `${' '.repeat(Math.max(2, space))}${end}`]];
}

/** Lines below the table that should have room. */
const BELOW = 15;
/** Columns of all numbers of the table. */
const NUMBERS = ['conns', 'in /s', 'out /s', 'refused', 'memory', 'CPU'] as const;
const NUMBER = 8;
const STATE = 10;

function tableOf({ at, nodes }: Moment, { width, height }: Size): ScreenLine[] {
  const room = Math.max(1, height - BELOW);
  // Where not all have room, those that are not well come first.
  const ranked = nodes.length > room ? [...nodes].sort((a, b) => rank(b.state) - rank(a.state)) : nodes;
  const shown = nodes.length > room ? ranked.slice(0, Math.max(1, room - 1)) : ranked;
  const wide = Math.min(
    Math.max(16, width - STATE - NUMBERS.length * NUMBER - 2),
    Math.max(...nodes.map(({ url }) => addressOf(url).length)),
  );
  const head = [
    'node'.padEnd(wide),
    ' ',
    'state'.padEnd(STATE),
    ...NUMBERS.map((one) => one.padStart(NUMBER)),
  ];
  const left = nodes.length - shown.length;
  return [
    [],
    [['quiet', head.join('')]],
    ...shown.flatMap((node) => rowsOf(node, at, wide)),
    ...(left > 0 ? [[['quiet', `and ${left} more`] as const]] : []),
  ];
}

function rowsOf(
  { url, state, since, why, figures: numbers }: NodeNow,
  at: number,
  wide: number,
): ScreenLine[] {
  const cells = [
    count(numbers?.connections),
    perSecond(numbers?.received),
    perSecond(numbers?.sent),
    perSecond(numbers?.refused),
    megabytes(numbers?.memory),
    percent(numbers?.cpu),
  ];
  const whole = addressOf(url);
  const address = whole.length > wide ? `…${whole.slice(1 - wide)}` : whole.padEnd(wide);
  const row: ScreenLine = [
    ['plain', `${address} `],
    [state === 'ready' ? 'good' : 'bad', state.padEnd(STATE)],
    ['plain', cells.map((cell) => cell.padStart(NUMBER)).join('')],
  ];
  const long = state === 'ready' ? '' : `for ${span(at - since)}: `;
  return why === '' ? [row] : [row, [['quiet', `  ${long}${why}`]]];
}

/** Columns are few, and all of them begin with it. */
const addressOf = (url: string): string => url.replace(/^https?:\/\//, '');

const rank = (state: NodeState): number => RANKS.indexOf(state);
const RANKS: readonly NodeState[] = ['ready', 'draining', 'not ready', 'not iskra', 'down'];

/** What is left out first. */
const MORE = 1;
const NAME = 14;
const VALUE = 12;

interface Section {
  weight: number;
  lines: ScreenLine[];
}

function detailsOf(all: Figures, past: readonly (Figures | undefined)[], width: number): Section[] {
  const room = Math.max(0, width - NAME - VALUE - 2);
  const row = (name: string, value: string, pick: (one: Figures) => number | undefined): ScreenLine => [
    ['plain', name.padEnd(NAME)],
    ['strong', value.padStart(VALUE)],
    [
      'quiet',
      `  ${spark(
        past.map((one) => one && pick(one)),
        room,
      )}`,
    ],
  ];
  const transports = Object.entries(all.byTransport).filter(([, value]) => value > 0);
  const most = Math.max(...transports.map(([, value]) => value));
  // A node names every code that there is.
  const codes = Object.entries(all.refusals)
    .filter(([, value]) => value > 0)
    .sort(([, one], [, other]) => other - one);
  const voices = Object.entries(all.voices);
  return [
    { weight: 2, lines: [[]] },
    { weight: 7, lines: [row('connections', count(all.connections), ({ connections }) => connections)] },
    {
      weight: 3,
      lines: transports.map(([name, value]) => [
        ['quiet', `  ${name}`.padEnd(NAME)],
        ['plain', count(value).padStart(VALUE)],
        ['quiet', `  ${bar(value / most, Math.min(room, 40))}`],
      ]),
    },
    {
      weight: 6,
      lines: [
        row('in /s', perSecond(all.received), ({ received }) => received),
        row('out /s', perSecond(all.sent), ({ sent }) => sent),
      ],
    },
    { weight: 4, lines: [row('published /s', perSecond(all.published), ({ published }) => published)] },
    { weight: 6, lines: [row('refused /s', perSecond(all.refused), ({ refused }) => refused)] },
    {
      weight: 4,
      lines:
        codes.length === 0
          ? []
          : [[['quiet', `  so far: ${codes.map(([code, value]) => `${code} ${count(value)}`).join(', ')}`]]],
    },
    {
      weight: 5,
      lines: [
        row('memory', megabytes(all.memory), ({ memory }) => memory),
        row('CPU', percent(all.cpu), ({ cpu }) => cpu),
      ],
    },
    { weight: 5, lines: voices.length === 0 ? [] : [voicesOf(voices)] },
    {
      weight: MORE,
      lines: Object.entries(all.more).map(([name, { kind, value }]) => [
        ['quiet', `${name}${kind === 'rate' ? ' /s' : kind === 'p99' ? ' p99' : ''}  ${figures(value)}`],
      ]),
    },
  ];
}

/** A voice is loud from here on. */
const LOUD = 0.5;

const voicesOf = (voices: readonly (readonly [string, number])[]): ScreenLine => [
  ['plain', 'voices'.padEnd(NAME + 2)],
  ...voices.map(([name, value]): Piece => {
    const isBad = name === 'trust' ? value < LOUD : value > LOUD;
    return [isBad ? 'bad' : 'plain', `${name} ${value.toFixed(2)}  `];
  }),
];

function cut(line: ScreenLine, width: number): ScreenLine {
  let left = width;
  return line.flatMap(([tone, text]): Piece[] => {
    const shown = text.slice(0, Math.max(0, left));
    left -= text.length;
    return shown === '' ? [] : [[tone, shown]];
  });
}
