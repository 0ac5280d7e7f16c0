/** From what was seen to what is told: nothing here knows a network. */
import type { TransportName } from '../transports/transport.js';
import { describe, expect, it } from 'vitest';
import type { FindingCode } from './advice.js';
import { reportOn } from './report.js';
import type { Failed, Life, PostsSeen, Seen, Stage, Trial } from './seen.js';
import { fateOf, verdictOf } from './verdict.js';
import type { FATES, VERDICTS } from './verdict.js';

const welcome = { version: 1, node: 'n', heartbeat: 20_000, message: 262_144 };
const lived: Life = { end: 'lived', age: 25_000, silence: 20_000 };
const fine: Trial = {
  stage: 'echoed',
  end: 'passed',
  welcome,
  milliseconds: 9,
  echoes: [3, 1, 2],
  lags: [],
};
const stream: Trial = { ...fine, quiet: lived, busy: lived };
const transports: Record<TransportName, Trial> = {
  websocket: stream,
  sse: stream,
  'long-poll': { ...fine, held: { milliseconds: 25_001 } },
  polling: fine,
};
const posts: PostsSeen = {
  passed: 262_144,
  repeats: { sent: 3, counted: 3 },
  page: { origin: 'http://x.example' },
  originSeen: true,
};
const clear: Seen = {
  url: 'http://x.example/realtime',
  proxy: undefined,
  idle: 25_000,
  hold: 25_000,
  steps: [{ step: 'connection', milliseconds: 1, detail: 'TCP' }],
  transports,
  posts,
};

const failing = (stage: Stage, failed: Failed): Trial => ({
  stage,
  end: failed.end,
  failed,
  echoes: [],
  lags: [],
});
const with_ = (more: Partial<Record<TransportName, Partial<Trial>>>): Seen => ({
  ...clear,
  transports: {
    websocket: { ...transports.websocket, ...more.websocket },
    sse: { ...transports.sse, ...more.sse },
    'long-poll': { ...transports['long-poll'], ...more['long-poll'] },
    polling: { ...transports.polling, ...more.polling },
  },
});
const withPosts = (more: Partial<PostsSeen>): Seen => ({ ...clear, posts: { ...posts, ...more } });
const codes = (seen: Seen): FindingCode[] => reportOn(seen).findings.map(({ code }) => code);

describe('verdictOf', () => {
  /** What a user is told for each stage and end; a row for every one of them. */
  const told: typeof VERDICTS = {
    websocket: {
      nothing: { refused: 'ws-refused', closed: 'ws-refused', silent: 'ws-timeout' },
      opened: { refused: 'ws-killed-early', closed: 'ws-killed-early', silent: 'ws-silent' },
      welcomed: { refused: 'ws-killed-early', closed: 'ws-killed-early', silent: 'ws-silent' },
      proven: { refused: 'ws-killed-early', closed: 'ws-killed-early', silent: 'ws-silent' },
    },
    sse: {
      nothing: { refused: 'sse-refused', closed: 'sse-refused', silent: 'sse-buffered' },
      opened: { refused: 'sse-refused', closed: 'sse-killed-early', silent: 'sse-buffered' },
      welcomed: { refused: 'sse-killed-early', closed: 'sse-killed-early', silent: 'sse-one-behind' },
      proven: { refused: 'sse-killed-early', closed: 'sse-killed-early', silent: 'sse-one-behind' },
    },
    'long-poll': {
      nothing: { refused: 'poll-refused', closed: 'poll-refused', silent: 'poll-refused' },
      opened: { refused: 'poll-refused', closed: 'poll-refused', silent: 'poll-refused' },
      welcomed: { refused: 'poll-cut', closed: 'poll-cut', silent: 'poll-cut' },
      proven: { refused: 'poll-cut', closed: 'poll-cut', silent: 'poll-cut' },
    },
    polling: {
      nothing: { refused: 'poll-refused', closed: 'poll-refused', silent: 'poll-refused' },
      opened: { refused: 'poll-refused', closed: 'poll-refused', silent: 'poll-refused' },
      welcomed: { refused: 'poll-refused', closed: 'poll-refused', silent: 'poll-refused' },
      proven: { refused: 'poll-refused', closed: 'poll-refused', silent: 'poll-refused' },
    },
  };

  it('has a verdict for each stage and end of each transport', () => {
    for (const [transport, stages] of Object.entries(told) as [TransportName, (typeof told)['sse']][]) {
      for (const [stage, ends] of Object.entries(stages) as [Stage, (typeof stages)['nothing']][]) {
        for (const [end, code] of Object.entries(ends) as [Failed['end'], FindingCode][]) {
          expect(verdictOf(transport, failing(stage, { end })), `${transport} ${stage} ${end}`).toBe(code);
        }
      }
    }
  });

  it.each<[string, Failed, FindingCode]>([
    ['a server that has no such transport', { end: 'refused', status: 404 }, 'not-available'],
    ['a server that saw no upgrade', { end: 'denied', code: 'bad_frame', field: 'upgrade' }, 'ws-refused'],
    ['refused credentials', { end: 'denied', code: 'unauthorized', field: 'auth' }, 'auth'],
    [
      'a key that the next server does not know',
      { end: 'denied', code: 'unauthorized', field: 'key' },
      'other-node',
    ],
    ['a server on its way out', { end: 'denied', code: 'drain' }, 'overload'],
    ['a proxy that wants a password', { end: 'refused', status: 407, at: 'proxy' }, 'proxy-auth'],
    ['a proxy that does not tunnel', { end: 'refused', status: 403, at: 'proxy' }, 'tunnel-refused'],
    ['a POST that does not arrive', { end: 'closed', at: 'send' }, 'send-refused'],
  ])('knows %s', (_name, failed, code) => {
    expect(verdictOf('websocket', failing('nothing', failed))).toBe(code);
  });
});

describe('fateOf', () => {
  const life = (end: Life['end'], age = 5_000): Life => ({ end, age, silence: age });

  it('blames silence only when a connection with traffic lived on', () => {
    const told: typeof FATES = {
      lived: { lived: 'lives', closed: 'age', silent: 'age' },
      closed: { lived: 'idle', closed: 'age', silent: 'age' },
      silent: { lived: 'idle', closed: 'age', silent: 'age' },
    };
    for (const [quiet, row] of Object.entries(told) as [Life['end'], (typeof told)['lived']][]) {
      for (const [busy, fate] of Object.entries(row) as [Life['end'], string][]) {
        expect(fateOf(life(quiet), life(busy)), `${quiet} ${busy}`).toBe(fate);
      }
    }
  });

  it('takes two cuts that are far apart for two causes', () => {
    expect(fateOf(life('closed', 5_000), life('closed', 20_000))).toBe('idle');
  });
});

describe('reportOn', () => {
  it('has nothing to say of a clear path', () => {
    expect(reportOn(clear)).toMatchObject({
      format: 1,
      state: 'clear',
      exitCode: 0,
      best: 'websocket',
      findings: [],
      summary: 'The best transport that this path allows is websocket, and nothing stands in the way.',
    });
  });

  it.each<[string, Seen, FindingCode[], TransportName | null]>([
    [
      'a stream whose pieces come late',
      with_({ sse: { lags: [900, 900, 900] } }),
      ['stream-late'],
      'websocket',
    ],
    ['a slow WebSocket', with_({ websocket: { lags: [900, 900, 900] } }), [], 'websocket'],
    ['one late piece', with_({ sse: { lags: [900, 1, 2] } }), [], 'websocket'],
    [
      'compressed answers, which still work',
      with_({ websocket: failing('nothing', { end: 'silent' }), sse: { encoding: 'gzip' } }),
      ['ws-timeout', 'compressed'],
      'sse',
    ],
    [
      'a lost subprotocol',
      with_({ websocket: { ...failing('nothing', { end: 'closed' }), subprotocolLost: true } }),
      ['subprotocol-stripped'],
      'sse',
    ],
    [
      'a quiet stream that is cut',
      with_({ sse: { quiet: { end: 'closed', age: 5_100, silence: 5_000 } } }),
      ['idle-cut'],
      'websocket',
    ],
    [
      'a stream that goes dead, whatever passes over it',
      with_({
        sse: {
          quiet: { end: 'silent', age: 2_100, silence: 900 },
          busy: { end: 'silent', age: 2_000, silence: 900 },
        },
      }),
      ['half-open'],
      'websocket',
    ],
    [
      'a poll that is cut',
      with_({ 'long-poll': { held: { milliseconds: 9_000, end: 'refused', status: 504 } } }),
      ['poll-cut'],
      'websocket',
    ],
    [
      'a body limit',
      withPosts({ passed: 4_096, stopped: { bytes: 5_000, failed: { end: 'closed' } } }),
      ['body-limit'],
      'websocket',
    ],
    [
      'a line that is slow, which is nothing to be cured',
      withPosts({ passed: 4_096, pace: 8_000, stopped: { bytes: 65_536, failed: { end: 'silent' } } }),
      [],
      'websocket',
    ],
    [
      'no body at all',
      withPosts({ passed: 0, stopped: { bytes: 1_024, failed: { end: 'closed' } } }),
      ['send-refused'],
      'websocket',
    ],
    ['repetition', withPosts({ repeats: { sent: 3, counted: 6 } }), ['posts-repeated'], 'websocket'],
    ['a header that is stripped', withPosts({ originSeen: false }), ['origin-stripped'], 'websocket'],
    [
      'a page that may not come',
      withPosts({
        page: { origin: 'http://y', failed: { end: 'denied', code: 'forbidden', field: 'origin' } },
      }),
      ['forbidden'],
      'websocket',
    ],
  ])('finds %s', (_name, seen, found, best) => {
    expect(codes(seen)).toEqual(found);
    expect(reportOn(seen)).toMatchObject({ best, exitCode: found.length === 0 ? 0 : 1 });
  });

  it('tells a cause once, with all checks that show it', () => {
    const quiet: Life = { end: 'closed', age: 5_100, silence: 5_000 };
    const [finding, ...others] = reportOn(with_({ websocket: { quiet }, sse: { quiet } })).findings;
    expect(finding).toMatchObject({ code: 'idle-cut', checks: ['websocket, quiet', 'sse, quiet'] });
    expect(others).toEqual([]);
  });

  it('says nothing of transports where there is no server', () => {
    const refused = failing('nothing', { end: 'refused', status: 404, by: 'nginx' });
    const none = { websocket: refused, sse: refused, 'long-poll': refused, polling: refused };
    const report = reportOn({ ...clear, transports: none, posts: undefined });
    expect(report).toMatchObject({ state: 'unreachable', exitCode: 3, best: null });
    expect(report.findings.map(({ code }) => code)).toEqual(['wrong-path']);
  });

  it('is hindered, and not unreachable, where the server itself says no', () => {
    const denied = failing('nothing', { end: 'denied', code: 'unauthorized', field: 'auth' });
    const all = { websocket: denied, sse: denied, 'long-poll': denied, polling: denied };
    const report = reportOn({ ...clear, transports: all, posts: undefined });
    expect(report).toMatchObject({ state: 'hindered', exitCode: 1, best: null });
    expect(report.findings.map(({ code }) => code)).toEqual(['auth']);
  });
});
