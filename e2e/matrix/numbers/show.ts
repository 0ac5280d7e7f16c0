/** What the terminal shows of the numbers. */
import type { Played } from '../play-row.js';
import { bold, dim, green, ms, print, red, wide } from '../terminal.js';
import { CLIENTS } from './measure.js';
import type { Measure, Measured } from './measure.js';
import { isReached } from './numbers.js';
import type { Number } from './numbers.js';

const NAME = 54;
const CELL = 13;
/** Of the rows: the share that gives the right reason. */
const RIGHT = 0.9;

export function showNumbers(numbers: readonly Number[], rows: readonly Played[]): void {
  print(`\n${bold('Numbers')}  ${dim('first messages: the median of some rounds, one at a time')}`);
  print(
    dim(
      `\n    ${wide('', NAME)}${wide('Iskra', CELL)}${wide('goal', 24)}${wide('Socket.IO', CELL)}… WebSocket first`,
    ),
  );
  let reached = 0;
  for (const { measure, measured } of numbers) {
    const ours = measured.iskra!;
    const good = isReached(measure, ours);
    if (good) reached++;
    const [, ...peers] = CLIENTS;
    const cells = [
      wide((good ? green : red)(text(measure, ours)), CELL),
      wide(dim(measure.goal), 24),
      ...peers.map((peer) => wide(dim(measured[peer] ? text(measure, measured[peer]) : ''), CELL)),
      dim(ours.remark ?? ''),
    ];
    print(`  ${good ? green('✓') : red('✗')} ${wide(measure.name, NAME)}${cells.join('')}`.trimEnd());
  }
  if (rows.length > 0) {
    const right = rows.filter(({ ours }) => ours.wrong.length === 0).length / rows.length;
    const good = right >= RIGHT;
    if (good) reached++;
    const share = (good ? green : red)(`${Math.round(right * 100)} %`);
    print(
      `  ${good ? green('✓') : red('✗')} ${wide('right reason, over the rows', NAME)}${wide(share, CELL)}${dim('≥ 90 %')}`,
    );
  }
  print(`\n  ${bold(`${reached} of ${numbers.length + (rows.length > 0 ? 1 : 0)}`)} goals reached`);
}

const text = ({ unit }: Measure, { value }: Measured): string =>
  unit === 'ms' ? ms(value) : value === undefined ? 'never' : `${value}`;
