import { pino } from 'pino';
import { expect, test } from 'vitest';
import { Events } from './events.js';
import { pretty } from './pretty.js';

const ESCAPE = '\u001b';

function world(hasColours = false) {
  let text = '';
  const logger = pino(
    { level: 'debug', timestamp: () => ',"time":1700000000123' },
    { write: (line: string) => void (text += pretty(line, hasColours)) },
  );
  const events = new Events({
    ...{ node: 'n1', cluster: 'c1', logger, now: () => 0, wallClock: () => 0, defer: () => {} },
  });
  return { events, logger, shown: () => text };
}

test('a line for people has the time, the level, what it is about, what happened, what next, and its ids', () => {
  const { events, shown } = world();
  events.tell('transport_downgraded', { session: 's', from: 'websocket', to: 'sse', address: '1.2.3.4' });
  events.tell('drain_ended', { elapsed: 7.4, closed: 0 });
  const [one, two] = shown().split('\n');
  expect(one).toMatch(
    /^22:13:20\.123 {2}info {3}connection {3}transport_downgraded → monitor_stability {2}A session goes on .*\. {2}session=[\w-]{8} from=websocket to=sse address=1\.2\.3\.4$/,
  );
  expect(two).toBe(
    '22:13:20.123  info   drain        drain_ended  All clients gone, finished in 7.4 s.  elapsed=7.4 closed=0',
  );
});

test('what was thrown stands below, with its place', () => {
  const { events, shown } = world();
  events.fail('handler_failed', new TypeError('hunter2'), { request: 'rename' });
  expect(shown()).toMatch(/request=rename error=TypeError\n {4}TypeError\n {6}at .*pretty\.test\.ts:\d+:\d+/);
  expect(shown()).not.toContain('hunter2');
});

test('colours are there when they are asked for, and then only', () => {
  const [plain, coloured] = [world(), world(true)];
  for (const { events } of [plain, coloured]) events.tell('store_back');
  expect(plain.shown()).not.toContain(ESCAPE);
  expect(coloured.shown()).toContain(`${ESCAPE}[32minfo ${ESCAPE}[39m`);
});

test('an escape sequence in a name does not reach the terminal', () => {
  const { logger, shown } = world();
  logger.info(
    { delta: `a${ESCAPE}[2Jb`, payload: { node: 'n', request: `${ESCAPE}]0;x` } },
    `hi${ESCAPE}[2J`,
  );
  expect(shown()).not.toContain(ESCAPE);
});

test('lines of others are shown as well, and what is no line stays as it is', () => {
  const { logger, shown } = world();
  logger.warn('the disk is full');
  expect(shown()).toBe('22:13:20.123  warn   the disk is full\n');
  expect(pretty('no json', false)).toBe('no json');
});
