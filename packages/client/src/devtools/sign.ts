/** The signs that the panel shows. */
import { draw, make } from './dom.js';

/** As on the site. */
const SPARK =
  'M14 6c.8 7.5 3.5 10.2 11 11-7.5.8-10.2 3.5-11 11-.8-7.5-3.5-10.2-11-11 7.5-.8 10.2-3.5 11-11z' +
  'M25 4c.3 2.7 1.3 3.7 4 4-2.7.3-3.7 1.3-4 4-.3-2.7-1.3-3.7-4-4 2.7-.3 3.7-1.3 4-4z';

export const spark = (): SVGElement =>
  draw('svg', { viewBox: '2 3 28 26', 'aria-hidden': 'true' }, draw('path', { d: SPARK }));

/** A character that is not read aloud. */
export const sign = (text: string): HTMLElement => make('span', { 'aria-hidden': 'true' }, text);
