import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { CODES } from '@iskra/protocol/wire';
import { createLog, printable, sessionLabel } from './log.js';

function world() {
  const lines: Record<string, unknown>[] = [];
  const logger = pino(
    { level: 'trace', base: null },
    { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
  );
  return { log: createLog(logger), lines, text: () => JSON.stringify(lines) };
}

describe('a line', () => {
  test('of a refusal is an envelope: the code, its advice and its sentence', () => {
    const { log, lines } = world();
    log.refused('too_big', { address: '1.2.3.4', field: 'body', number: 7, transport: 'sse' });
    expect(lines).toMatchObject([
      {
        ...{ delta: 'too_big', dimension: 1, omega: 1, lambda: 'split_message', level: 40 },
        ...{ address: '1.2.3.4', field: 'body', number: 7, transport: 'sse' },
        msg: CODES.too_big.sentence,
      },
    ]);
  });

  test('of a welcome names the attempt as the client does, at level debug', () => {
    const { log, lines } = world();
    log.welcomed({ session: 's', attempt: 'websocket-1', transport: 'websocket' });
    log.welcomed({ attempt: 'sse-2', transport: 'sse' });
    expect(lines).toMatchObject([
      { delta: 'connection_welcomed', level: 20, attempt: 'websocket-1', session: sessionLabel('s') },
      { delta: 'probe_answered', level: 20, attempt: 'sse-2' },
    ]);
  });

  test('names a session by a label that opens nothing, the same in every line', () => {
    const { log, lines, text } = world();
    log.refused('forbidden', { session: 'the-session-id' });
    log.event({ delta: 'x', dimension: 1, omega: 1, lambda: 'continue' }, { session: 'the-session-id' });
    expect(text()).not.toContain('the-session-id');
    expect(lines.map(({ session }) => session)).toEqual([
      sessionLabel('the-session-id'),
      sessionLabel('the-session-id'),
    ]);
    expect(sessionLabel('another')).not.toBe(sessionLabel('the-session-id'));
  });

  test('repeats a field of the protocol, never a name that came from outside', () => {
    const { log, lines, text } = world();
    log.refused('bad_frame', { field: 'fractal_metadata.voice_pain' });
    log.refused('bad_frame', { field: 'password=hunter2' });
    log.refused('invalid', { field: 'payload.my secret key' });
    expect(lines.map(({ field }) => field)).toEqual(['fractal_metadata', 'unknown', 'payload']);
    expect(text()).not.toMatch(/hunter2|secret/);
  });

  test('is one line, whatever is in an address or an attempt', () => {
    const { log, lines } = world();
    log.refused('forbidden', { address: '1.1.1.1\n{"delta":"fake"}', attempt: 'a\u001b[2J\u202eb' });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ address: '1.1.1.1{"delta":"fake"}', attempt: 'a[2Jb' });
  });

  test('of a handler that failed has the reason, and what failed', () => {
    const { log, lines } = world();
    log.handlerFailed(new Error('no such row'), { request: 'rename', number: 3 });
    expect(lines).toMatchObject([
      { delta: 'handler_failed', level: 50, request: 'rename', number: 3, err: { message: 'no such row' } },
    ]);
  });

  test('of a store that failed says that nothing was acknowledged', () => {
    const { log, lines } = world();
    log.storeFailed(new Error('ECONNREFUSED'), { hook: 'sweep' });
    expect(lines).toMatchObject([{ delta: 'store_failed', level: 50, hook: 'sweep' }]);
  });

  test('of a store that is away says that the node is not ready, and that it is again', () => {
    const { log, lines } = world();
    log.storeAway(1);
    log.storeBack();
    expect(lines).toMatchObject([
      { delta: 'store_away', level: 50, active_connections: 1 },
      { delta: 'store_back', level: 30 },
    ]);
  });

  test('is not written without a logger', () => {
    const log = createLog(undefined);
    log.refused('forbidden', {});
    log.handlerFailed(new Error('x'), {});
    log.storeFailed(new Error('x'), {});
    log.event({ delta: 'x', dimension: 1, omega: 1, lambda: 'continue' });
  });
});

test('a text from outside is cut at 256 characters and keeps no control character', () => {
  expect(printable('x'.repeat(1_000))).toHaveLength(256);
  expect(printable('a\u0000b\r\nc\u007fd\u0085e\u2066f')).toBe('abcdef');
  expect(printable('Привіт 👋')).toBe('Привіт 👋');
});
