import { expect, it } from 'vitest';
import { ADVICE } from './advice.js';
import type { FindingCode } from './advice.js';
import { print } from './print.js';
import type { Report } from './report.js';

const report: Report = {
  format: 1,
  url: 'http://x.example/realtime',
  proxy: 'http://proxy.example:3128',
  state: 'hindered',
  exitCode: 1,
  best: 'sse',
  summary: 'The best transport that this path allows is sse; a better one works once the finding is cured.',
  checks: [
    { check: 'connection', result: 'pass', milliseconds: 12.3, detail: 'TCP to x.example:80' },
    {
      check: 'websocket, quiet',
      result: 'fail',
      milliseconds: 5_210,
      detail: 'was cut after a long time in which nothing at all had passed, and one with traffic lived on',
      findings: ['idle-cut'],
    },
  ],
  findings: (Object.keys(ADVICE) as FindingCode[]).map((code) => ({
    code,
    checks: ['sse'],
    ...ADVICE[code],
  })),
};

it('fits into the width of a terminal, lines to be copied apart', () => {
  const copied = Object.values(ADVICE).flatMap(({ lines }) =>
    Object.values(lines ?? {}).flatMap((text) => text.split('\n')),
  );
  for (const width of [60, 80, 100]) {
    const long = print(report, { width, color: false })
      .split('\n')
      .filter((line) => line.length > width && !copied.some((one) => line.endsWith(one)));
    expect(long).toEqual([]);
  }
});

it('puts times under each other, and what is too long under its beginning', () => {
  const lines = print(report, { width: 80, color: false }).split('\n');
  expect(lines.slice(0, 6)).toEqual([
    'http://x.example/realtime',
    'through the proxy http://proxy.example:3128',
    '',
    'check             result     time  detail',
    'connection        pass      12 ms  TCP to x.example:80',
    'websocket, quiet  fail      5.2 s  was cut after a long time in which nothing at',
  ]);
  expect(lines[6]).toMatch(/^ {35}all had/);
});

it('gives the lines of a cure once, and refers to them after that', () => {
  const text = print(report, { width: 80, color: false });
  expect(text.split('proxy_cache off;')).toHaveLength(2);
  expect(text).toContain('The lines are those of ');
});

it('has colours only where they are wanted', () => {
  expect(print(report, { width: 80, color: false })).not.toContain('\u001b');
  expect(print(report, { width: 80, color: true })).toContain('\u001b[31mfail');
});
