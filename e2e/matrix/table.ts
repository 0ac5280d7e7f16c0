/** What the terminal shows of the rows: one line each, in their order, as soon as it is known; then what they come to. */
import { PEERS } from './peer.js';
import type { PeerName } from './peer.js';
import type { Exchange } from './exchange.js';
import { gotThrough } from './judge.js';
import type { Ours, Played } from './play-row.js';
import type { Row } from './rows.js';
import type { Tally } from './tally.js';
import { bold, cut, dim, green, ms, print, red, wide, yellow } from './terminal.js';

/** A row that could not be played at all. */
export interface Failed {
  readonly row: Row;
  readonly failure: string;
}
export type Line = Played | Failed;

const NAMES: Readonly<Record<PeerName, string>> = {
  socketio: 'Socket.IO',
  'socketio-ws': '… WebSocket first',
};
const NAME = 47;
const REASON = 32;
/** More attempts than this are no rest, even where connections live for 4 s. */
const RESTLESS = 15;
/** Later than this, the last message is worth a word, ms. */
const LATE = 3_000;

export function showColumns(peers: readonly PeerName[]): void {
  const cells = [
    ...[
      wide('', 2),
      wide('', NAME),
      wide('intact', 8),
      wide('first', 8),
      wide('delay', 8),
      wide('transport', 11),
      wide('reason', REASON),
    ],
    ...peers.map((peer) => wide(NAMES[peer], 18)),
  ];
  print(dim(`  ${cells.join('')}`.trimEnd()));
}

export function showGroup(title: string): void {
  print(`\n  ${bold(title)}`);
}

export function showLine(line: Line, peers: readonly PeerName[]): void {
  const name = wide(cut(line.row.name, NAME - 2), NAME);
  if ('failure' in line) return print(`  ${red('✗')} ${name}${red(line.failure.split('\n')[0]!)}`);
  const { ours } = line;
  const { delay } = ours.exchange;
  const reasons = [...new Set(Object.values(ours.accusations).flat())].join(', ') || '–';
  const cells = [
    wide(ours.intact ? green('yes') : red('no'), 8),
    wide(ms(ours.exchange.first), 8),
    wide(delay === undefined ? '–' : ms(delay), 8),
    wide((ours.isBest ? green : red)(ours.transport ?? 'none'), 11),
    wide((ours.wrong.length === 0 ? dim : red)(cut(reasons, REASON - 2)), REASON),
    ...peers.map((peer) => wide(shortly(line.peers[peer]), 18)),
    dim(remarks(ours)),
  ];
  print(
    `  ${isRight(ours) ? green('✓') : ours.intact ? yellow('!') : red('✗')} ${name}${cells.join('')}`.trimEnd(),
  );
}

const isRight = ({ intact, isBest, wrong, exchange, attempts }: Ours): boolean =>
  intact && isBest && wrong.length === 0 && exchange.disconnects === 0 && attempts <= RESTLESS;

/** A peer in a few letters: how it got through, or what it lost. */
function shortly(exchange: Exchange | undefined): string {
  if (exchange === undefined) return '';
  if (exchange.first === undefined) return red('not at all');
  return gotThrough(exchange) ? green(`yes`) : red(cut(broken(exchange), 16));
}

/** As in `lost 12↑ 3↓`. */
function broken({ up, down }: Exchange): string {
  const part = (word: string, count: (tally: Tally) => number): string[] => {
    const both = [count(up) > 0 ? `${count(up)}↑` : '', count(down) > 0 ? `${count(down)}↓` : ''].join('');
    return both === '' ? [] : [`${word} ${both}`];
  };
  return [
    ...part('lost', ({ lost }) => lost),
    ...part('twice', ({ doubled }) => doubled),
    ...part('late', ({ reordered }) => reordered),
  ].join(' ');
}

function remarks({ exchange, attempts }: Ours): string {
  const { tail, disconnects } = exchange;
  return [
    tail !== undefined && tail > LATE ? `the last ${ms(tail)} late` : '',
    disconnects > 0 ? `${disconnects} ${disconnects === 1 ? 'disconnect' : 'disconnects'} shown` : '',
    attempts > RESTLESS ? `${attempts} attempts` : '',
  ]
    .filter((part) => part !== '')
    .join(', ');
}

/** What is wrong, row by row; then the sums. The answer: how many of ours are not intact. */
export function showSums(lines: readonly Line[], peers: readonly PeerName[]): number {
  const played = lines.flatMap((line) => ('failure' in line ? [] : [line]));
  const wrong = played.filter(({ ours }) => !isRight(ours));
  if (wrong.length > 0) print(`\n  ${bold('What is not as it should be')}`);
  for (const { row, ours } of wrong) {
    const told = ours.told.length > 0 ? `told of ${ours.told.length}, as in "${cut(ours.told[0]!, 60)}"` : '';
    const parts = [
      ours.intact ? '' : ours.exchange.up.sent === 0 ? 'not through at all' : broken(ours.exchange),
      ours.isBest ? '' : `${ours.transport ?? 'nothing'} and not ${row.best.join(' or ')}`,
      ours.wrong.join(', '),
      ours.attempts > RESTLESS ? `${ours.attempts} attempts` : '',
      told,
    ];
    print(`  ${wide(cut(row.name, NAME), NAME + 2)}${parts.filter((part) => part !== '').join(' · ')}`);
  }
  for (const line of lines) {
    if ('failure' in line) print(red(`  ${line.row.name}: ${line.failure}`));
  }

  const share = (count: number): string => `${count} of ${played.length}`;
  const count = (test: (one: Played) => boolean): number => played.filter(test).length;
  const intact = count(({ ours }) => ours.intact);
  const right = count(({ ours }) => ours.wrong.length === 0);
  const shown = count(({ ours }) => ours.exchange.disconnects > 0);
  print('');
  const sums = [
    `${share(intact)} intact`,
    `${share(count(({ ours }) => ours.isBest))} on the best transport`,
    `${share(right)} with the right reason (${Math.round((right / Math.max(1, played.length)) * 100)} %)`,
    shown > 0 ? `${shown} showed a disconnect` : 'no disconnect shown',
  ];
  print(`  ${bold(wide('Iskra', 28))}${sums.join(' · ')}`);
  for (const peer of PEERS.filter((one) => peers.includes(one))) {
    const through = count((one) => one.peers[peer] !== undefined && gotThrough(one.peers[peer]));
    print(
      `  ${wide(peer === 'socketio' ? 'Socket.IO' : 'Socket.IO, WebSocket first', 28)}${share(through)} intact`,
    );
  }
  return lines.length - intact;
}
