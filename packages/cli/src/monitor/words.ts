/** PURE. Numbers as people read them, in few columns; a dash for what is not known. */

/** `1,234`, `12.3k`, `4.5M`. */
export function count(value: number | undefined): string {
  if (value === undefined) return '–';
  const rounded = Math.round(value);
  if (rounded < 100_000) return rounded.toLocaleString('en-US');
  return rounded < 1_000_000 ? `${Math.round(value / 1_000)}k` : `${(value / 1_000_000).toFixed(1)}M`;
}

/** Of something a second: small ones with a digit behind the point, since 0.4 is not nothing. */
export const perSecond = (value: number | undefined): string =>
  value !== undefined && value > 0 && value < 10 ? value.toFixed(1) : count(value);

export const megabytes = (bytes: number | undefined): string =>
  bytes === undefined ? '–' : `${count(bytes / 1_048_576)} MB`;

/** Of cores in use: 100 % is one of them. */
export const percent = (cores: number | undefined): string =>
  cores === undefined ? '–' : `${(cores * 100).toFixed(cores < 0.1 ? 1 : 0)} %`;

/** `12 s`, `4 min`, `3 h`. */
export function span(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7_200 ? `${Math.floor(seconds / 60)} min` : `${Math.floor(seconds / 3_600)} h`;
}

/** Three figures of whatever size. */
export const figures = (value: number): string =>
  value === 0 || Math.abs(value) >= 100 ? count(value) : String(Number(value.toPrecision(3)));

/** The time of day of this machine: `14:30:05`. */
export const clock = (at: number): string => new Date(at).toTimeString().slice(0, 8);

/** The newest last, each a block as high as its share of the highest; a space where nothing is known. */
export function spark(values: readonly (number | undefined)[], width: number): string {
  const shown = values.slice(-width);
  const top = Math.max(...shown.map((value) => value ?? 0));
  const block = (value: number | undefined): string => {
    if (value === undefined) return ' ';
    return value <= 0 || top <= 0 ? BLOCKS[0]! : BLOCKS[Math.ceil((value / top) * 8) - 1]!;
  };
  return shown.map(block).join('');
}

/** A bar of at most this width, in eighths of a column. */
export function bar(share: number, width: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, share)) * width * 8);
  return '█'.repeat(Math.floor(eighths / 8)) + (SLIVERS[eighths % 8] ?? '');
}

const BLOCKS = '▁▂▃▄▅▆▇█'.split('');
const SLIVERS = ['', ...'▏▎▍▌▋▊▉'.split('')];
