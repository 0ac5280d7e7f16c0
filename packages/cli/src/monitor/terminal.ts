/** A screen of its own on the terminal: drawn without flicker, left as it was found. */
import { paint } from '../paint.js';
import type { ScreenLine, Size } from './screen.js';

export interface Screen {
  readonly size: Size;
  /** Instead of what is there, in one write. */
  show(lines: readonly ScreenLine[]): void;
  close(): void;
}

export interface ScreenOptions {
  hasColor: boolean;
  /** The terminal has another size now. */
  onResize(): void;
  /** Somebody wants to leave: q, Ctrl-C. */
  onLeave(): void;
}

export function openScreen({ hasColor, onResize, onLeave }: ScreenOptions): Screen {
  const { stdin, stdout } = process;
  const hasKeys = stdin.isTTY === true;
  let isOpen = true;

  const onKey = (keys: Buffer): void => {
    // Ctrl-C and Ctrl-D are bytes here, as raw mode has no signals.
    if (/[qQ\u0003\u0004]/.test(keys.toString('latin1'))) onLeave();
  };
  // Also when the process ends by an error: a terminal without a cursor is a nuisance.
  const close = (): void => {
    if (!isOpen) return;
    isOpen = false;
    process.off('exit', close);
    stdout.off('resize', onResize);
    if (hasKeys) {
      stdin.off('data', onKey).setRawMode(false);
      stdin.pause();
    }
    stdout.write(LEAVE);
  };

  process.once('exit', close);
  stdout.on('resize', onResize).write(ENTER);
  if (hasKeys) stdin.setRawMode(true).on('data', onKey).resume();

  return {
    get size() {
      return { width: stdout.columns || 80, height: stdout.rows || 24 };
    },
    show(lines) {
      const text = (line: ScreenLine): string =>
        line.map(([tone, piece]) => (hasColor ? paint(tone, piece) : piece)).join('');
      // Each line takes the place of the old one and ends what was longer; nothing is empty in between.
      const rows = lines.map((line) => `${text(line)}${TO_END_OF_LINE}`);
      stdout.write(`${BEGIN}${HOME}${rows.join('\r\n')}${TO_END_OF_SCREEN}${END}`);
    },
    close,
  };
}

const CSI = '\u001b[';
/** The other screen, without a cursor. */
const ENTER = `${CSI}?1049h${CSI}?25l`;
const LEAVE = `${CSI}?25h${CSI}?1049l`;
/** Terminals that know it show all of an update at once; others pass it over. */
const BEGIN = `${CSI}?2026h`;
const END = `${CSI}?2026l`;
const HOME = `${CSI}H`;
const TO_END_OF_LINE = `${CSI}K`;
const TO_END_OF_SCREEN = `${CSI}J`;
