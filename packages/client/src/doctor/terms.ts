/** PURE. Times, sizes and failures in words. */
import type { Failed } from './seen.js';

/** `12 ms`, `5.2 s`, `25 s`. */
export function duration(milliseconds: number): string {
  if (milliseconds < 1_000) return `${Math.round(milliseconds)} ms`;
  return `${Math.round(milliseconds / 100) / 10} s`;
}

/** `900 B`, `4 kB`, `256 kB`. */
export const bytes = (count: number): string =>
  count < 1_024 ? `${count} B` : `${Math.floor((count / 1_024) * 10) / 10} kB`;

/** Why something did not go on, as the rest of a sentence. */
export function failure({ end, status, by, location, code, field, detail, at }: Failed): string {
  const who = at === 'proxy' ? ' by the proxy' : by === undefined ? '' : ` by ${by}`;
  switch (end) {
    case 'denied':
      return `the server says ${code}${field === undefined ? '' : ` (${field})`}`;
    case 'refused':
      return [
        status === undefined ? 'answered with what is no message of Iskra' : `answered ${status}`,
        who,
        location === undefined ? '' : `, which points to ${location}`,
      ].join('');
    case 'closed':
      return `cut${detail === undefined || detail === '' ? '' : ` (${detail})`}`;
    case 'silent':
      return 'nothing came in time';
  }
}
