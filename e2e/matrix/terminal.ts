/** How the matrix writes: colours where there is a terminal, cells of a width, times. */
import { stripVTControlCharacters } from 'node:util';

const coloured = process.stdout.isTTY && !process.env['NO_COLOR'];
const paint =
  (code: number) =>
  (text: string): string =>
    coloured ? `\u001b[${code}m${text}\u001b[0m` : text;
export const [bold, dim, green, red, yellow] = [paint(1), paint(2), paint(32), paint(31), paint(33)] as const;

export const print = (text: string): void => void process.stdout.write(`${text}\n`);

/** As wide as this at least, whatever its colours. */
export const wide = (text: string, width: number): string =>
  text + ' '.repeat(Math.max(0, width - stripVTControlCharacters(text).length));

export const cut = (text: string, width: number): string =>
  text.length > width ? `${text.slice(0, width - 1)}…` : text;

export const ms = (time: number | undefined): string =>
  time === undefined ? 'never' : time < 1_000 ? `${Math.round(time)} ms` : `${(time / 1_000).toFixed(1)} s`;

/** A line that the next one overwrites, where the output is a terminal. */
export function progress(text: string): void {
  if (process.stdout.isTTY) process.stdout.write(text ? `\r\u001b[K${dim(`· ${text}`)}` : '\r\u001b[K');
}
