/** The round trip of the last minute, on a logarithmic scale, with a mark where the transport changed. */
import type { Client, TransportName } from '@iskra/client';
import type { contract } from '../contract.js';
import { byId, draw, write } from './dom.js';
import { NAMES } from './transports.js';

const SPAN = 60_000;
const INTERVAL = 2_000;
/** Where the scale begins and ends, ms. */
const LEAST = 0.5;
const MOST = 3_000;
const LINES = [1, 10, 100, 1_000];
const MARGIN = { left: 36, right: 10, top: 20, bottom: 18 };

interface Sample {
  at: number;
  took: number;
  transport: TransportName | undefined;
}

interface Change {
  at: number;
  to: TransportName;
}

export function showPlot(client: Client<typeof contract>): void {
  const plot = byId<SVGSVGElement>('plot');
  const figure = byId('round-trip');
  let samples: Sample[] = [];
  let changes: Change[] = [];
  let asked: number | undefined;

  const ask = async (): Promise<void> => {
    if (asked !== undefined || client.status.transport === undefined) return;
    asked = performance.now();
    try {
      const took = await client.ping();
      samples.push({ at: performance.now(), took, transport: client.status.transport });
      write(figure, inWords(took));
      byId('ladder')
        .querySelector('.flame')
        ?.animate?.([{ opacity: 1 }, { opacity: 0.75 }, { opacity: 1 }], 300);
    } catch {
      // The client was closed; the status says so.
    }
    asked = undefined;
    paint();
  };

  const paint = (): void => {
    const now = performance.now();
    samples = samples.filter(({ at }) => now - at <= SPAN);
    changes = changes.filter(({ at }) => now - at <= SPAN);
    // A ping without its answer yet is already that long.
    const waiting =
      asked !== undefined && now - asked > 300 ? [{ at: now, took: now - asked, transport: undefined }] : [];
    if (waiting[0] !== undefined) write(figure, `waiting for ${inWords(waiting[0].took)}`);
    paintPlot(plot, [...samples, ...waiting], changes, now);
  };

  client.on('transport', ({ to }) => {
    changes.push({ at: performance.now(), to });
    paint();
  });
  client.on('status', ({ state }) => {
    if (state === 'connected' && samples.length === 0) void ask();
  });
  setInterval(() => void ask(), INTERVAL);
  setInterval(paint, matchMedia('(prefers-reduced-motion: reduce)').matches ? INTERVAL : 250);
  new ResizeObserver(paint).observe(plot);
}

const inWords = (ms: number): string =>
  ms >= 1_000 ? `${(ms / 1_000).toFixed(1)} s` : `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;

function paintPlot(
  plot: SVGSVGElement,
  samples: readonly Sample[],
  changes: readonly Change[],
  now: number,
): void {
  const { clientWidth: width, clientHeight: height } = plot;
  if (width === 0) return;
  plot.setAttribute('viewBox', `0 0 ${width} ${height}`);
  const { left, right, top, bottom } = MARGIN;
  const floor = height - bottom;
  const x = (at: number): number => left + (1 - (now - at) / SPAN) * (width - left - right);
  const y = (took: number): number => {
    const clipped = Math.min(MOST, Math.max(LEAST, took));
    return floor - (Math.log(clipped / LEAST) / Math.log(MOST / LEAST)) * (floor - top);
  };

  const grid = LINES.flatMap((line) => [
    draw('line', { class: 'grid', x1: left, x2: width - right, y1: y(line), y2: y(line) }),
    draw(
      'text',
      { class: 'scale', x: left - 6, y: y(line) + 3.5, 'text-anchor': 'end' },
      line < 1_000 ? `${line}` : '1 s',
    ),
  ]);
  const foot = [
    draw('text', { class: 'scale', x: left, y: height - 3 }, '60 s ago'),
    draw('text', { class: 'scale', x: width - right, y: height - 3, 'text-anchor': 'end' }, 'now'),
  ];
  const marks: SVGElement[] = changes.map(({ at, to }) =>
    draw('line', { class: 'change', 'data-transport': to, x1: x(at), x2: x(at), y1: top - 6, y2: floor }),
  );
  // A name that would stand in another's way is left out: the newer stays.
  let free = width - right;
  for (const { at, to } of [...changes].reverse()) {
    const name = NAMES[to].short;
    const length = name.length * 6.5;
    const start = Math.min(x(at) + 4, width - right - length);
    if (start + length > free) continue;
    free = start - 6;
    marks.push(draw('text', { class: 'change', 'data-transport': to, x: start, y: top - 8 }, name));
  }
  const lines = samples.slice(1).map((sample, index) => {
    const from = samples[index]!;
    return draw('line', {
      class: 'trip',
      'data-transport': sample.transport ?? 'none',
      x1: x(from.at),
      y1: y(from.took),
      x2: x(sample.at),
      y2: y(sample.took),
    });
  });
  const areas = samples.slice(1).map((sample, index) => {
    const from = samples[index]!;
    const points = [
      [from.at, from.took],
      [sample.at, sample.took],
    ].map(([at, took]) => `${x(at!)},${y(took!)}`);
    return draw('polygon', {
      class: 'area',
      'data-transport': sample.transport ?? 'none',
      points: `${x(from.at)},${floor} ${points.join(' ')} ${x(sample.at)},${floor}`,
    });
  });
  const dots = samples.map(({ at, took, transport }) =>
    draw('circle', { class: 'trip', 'data-transport': transport ?? 'none', cx: x(at), cy: y(took), r: 2.2 }),
  );
  plot.replaceChildren(...areas, ...grid, ...foot, ...marks, ...lines, ...dots);
}
