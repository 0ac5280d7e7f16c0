/** PURE. A report as text for a terminal. */
import type { Finding, Report } from './report.js';
import type { Row } from './row.js';
import { duration } from './terms.js';

export interface Paper {
  /** Columns. */
  readonly width: number;
  readonly color: boolean;
}

export function print(report: Report, paper: Paper): string {
  const { url, proxy, checks, findings, summary } = report;
  const head = [paint(paper, 'bold', url), proxy === null ? '' : `through the proxy ${proxy}`];
  const blocks = [
    head.filter((line) => line !== '').join('\n'),
    table(checks, paper),
    ...findings.map((finding, index) => cure(finding, index, findings, paper)),
    wrap(summary, paper.width)
      .map((line) => paint(paper, 'bold', line))
      .join('\n'),
  ];
  return blocks.join('\n\n');
}

const COLORS = { pass: 32, warn: 33, fail: 31, skip: 2, bold: 1, dim: 2 } as const;

const paint = ({ color }: Paper, name: keyof typeof COLORS, text: string): string =>
  color ? `\u001b[${COLORS[name]}m${text}\u001b[0m` : text;

/** The least that is left for details, also where the window is small. */
const LEAST = 24;

function table(rows: readonly Row[], paper: Paper): string {
  const names = Math.max(5, ...rows.map(({ check }) => check.length));
  const before = `${''.padEnd(names)}  ${''.padEnd(6)}  ${''.padEnd(7)}  `;
  const room = Math.max(LEAST, paper.width - before.length);
  const head = `${'check'.padEnd(names)}  ${'result'}  ${'time'.padStart(7)}  detail`;
  const lines = rows.flatMap(({ check, result, milliseconds, detail }) => {
    const time = milliseconds === undefined ? '' : duration(milliseconds);
    const [first = '', ...rest] = wrap(detail, room);
    const mark = paint(paper, result, result.padEnd(6));
    return [
      `${check.padEnd(names)}  ${mark}  ${time.padStart(7)}  ${first}`,
      ...rest.map((line) => before + line),
    ];
  });
  return [paint(paper, 'dim', head), ...lines].join('\n');
}

function cure(finding: Finding, index: number, all: readonly Finding[], paper: Paper): string {
  const { code, checks, title, cure: what, lines } = finding;
  const number = `${index + 1}. `;
  const [first = '', ...rest] = wrap(
    `${title} (${code}: ${checks.join('; ')}).`,
    paper.width - number.length,
  );
  const head = [`${number}${first}`, ...indent(rest, number.length)];
  const told = [...head.map((line) => paint(paper, 'bold', line)), ...indent(wrap(what, paper.width - 3), 3)];
  if (lines === undefined) return told.join('\n');
  const before = all.findIndex((other) => other.lines === lines);
  if (before < index) return [...told, `   The lines are those of ${before + 1}.`].join('\n');
  const named = { nginx: lines.nginx, HAProxy: lines.haproxy, Apache: lines.apache };
  for (const [name, text] of Object.entries(named)) {
    // Not wrapped: configuration is copied.
    const [line = '', ...more] = text.split('\n');
    told.push(`   ${paint(paper, 'dim', name.padEnd(8))} ${line}`, ...indent(more, 12));
  }
  return told.join('\n');
}

const indent = (lines: readonly string[], by: number): string[] => lines.map((line) => ' '.repeat(by) + line);

/** Breaks at spaces; a word that is too long keeps its line. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
