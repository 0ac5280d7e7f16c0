/** The head of the panel: how the session is, what was done last, and what can be done. */
import type { Status } from '../connect.js';
import { draw, make, mark, write } from './dom.js';
import { span } from './look.js';
import { spark } from './sign.js';

export interface Bar {
  readonly element: HTMLElement;
  /** What was done last; empty for nothing. */
  say(what: string): void;
  draw(status: Status, roundTrips: readonly number[]): void;
}

/** @param tools what can be done. */
export function createBar(...tools: readonly Node[]): Bar {
  const stateText = make('span');
  const carrier = make('span', { class: 'carrier' });
  const line = draw('polyline');
  const trip = make('span');
  const said = make('span', { class: 'said', role: 'status' });
  const element = make(
    'header',
    { class: 'bar' },
    make('h2', { class: 'brand' }, spark(), 'Iskra'),
    make('div', { class: 'state', role: 'status' }, make('i', { class: 'dot' }), stateText, carrier),
    make(
      'div',
      { class: 'trip', title: 'Round trip, and the last 60 of them' },
      trip,
      draw('svg', { viewBox: '0 0 84 18', preserveAspectRatio: 'none', 'aria-hidden': 'true' }, line),
    ),
    said,
    make('div', { class: 'tools' }, ...tools),
  );
  return {
    element,
    say: (what) => write(said, what),
    draw({ state, transport, roundTrip, quality }, roundTrips) {
      write(stateText, state);
      write(carrier, transport ? `over ${transport}` : '');
      write(trip, [roundTrip === undefined ? '' : span(roundTrip), quality].filter(Boolean).join(' · '));
      mark(line, 'points', pointsOf(roundTrips));
    },
  };
}

/** The samples as a line, 84 wide and 18 high, the longest at the top. */
function pointsOf(samples: readonly number[]): string {
  const most = Math.max(1, ...samples);
  const step = 84 / Math.max(1, samples.length - 1);
  return samples
    .map((sample, at) => `${(at * step).toFixed(1)},${(17 - (sample / most) * 16).toFixed(1)}`)
    .join(' ');
}
