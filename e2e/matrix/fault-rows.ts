/** Rows behind our own fault box, one fault each, then together. */
import type { TransportName } from '@iskra/client';
import type { Reasons, Row } from './rows.js';

const row = (
  profile: string,
  best: TransportName | readonly TransportName[],
  because: Reasons = {},
  more: Pick<Row, 'perhaps' | 'longest' | 'longestDown' | 'silence'> = {},
): Row => ({
  name: profile === '' ? 'nothing' : profile,
  box: { profile },
  best: ([] as TransportName[]).concat(best),
  because,
  ...more,
});

/** Why there is no WebSocket, by what a box does to it. */
const REFUSED = { websocket: ['ws-refused'] } as const;
const SWALLOWED = { websocket: ['ws-timeout'] } as const;
const MUTE = { websocket: ['ws-silent'] } as const;
const KILLED = { websocket: ['ws-killed-early'] } as const;
const BUFFERED = { sse: ['sse-buffered'] } as const;
const BEHIND = { sse: ['sse-one-behind'] } as const;
const CUT = { sse: ['sse-killed-early'] } as const;

/** What fits into 2 kB with all that is said around it. */
const SMALL = { longest: 1_200 };
const SMALL_DOWN = { longestDown: 1_200 };
/** A silence that is longer than the limit of the box. Who says something in time is not cut, and needs no reason. */
const QUIET = {
  silence: 7_000,
  perhaps: { websocket: ['idle-cut'], sse: ['idle-cut'], 'long-poll': ['poll-cut', 'idle-cut'] },
} as const;
/** Where chance resets requests, an early end is what was seen. */
const BY_CHANCE = {
  perhaps: {
    websocket: ['ws-refused', 'ws-killed-early', 'ws-timeout'],
    sse: ['sse-refused', 'sse-killed-early'],
    'long-poll': ['poll-refused', 'poll-cut'],
    polling: ['poll-refused'],
  },
} as const;
/** What goes silent is half open, over whatever transport it is met; a poll of it is cut. */
const HALF: { perhaps: Reasons } = {
  perhaps: { websocket: ['half-open'], sse: ['half-open'], 'long-poll': ['half-open', 'poll-cut'] },
};

/** One fault, or one and what it takes to meet it. */
const ALONE: readonly Row[] = [
  row('', 'websocket'),
  row('strip-upgrade', 'sse', REFUSED),
  row('refuse-upgrade=400', 'sse', REFUSED),
  row('refuse-upgrade=403', 'sse', REFUSED),
  row('refuse-upgrade=502', 'sse', REFUSED),
  row('swallow-upgrade', 'sse', SWALLOWED),
  row('mute-websocket', 'sse', MUTE),
  row('kill-first-frame', 'sse', KILLED),
  row('kill-websocket=200ms', 'sse', KILLED),
  row('kill-websocket=3s', 'sse', KILLED),
  row('buffer', 'websocket'),
  row('strip-upgrade,buffer', 'long-poll', { ...REFUSED, ...BUFFERED }),
  row('strip-upgrade,buffer=64kB', 'long-poll', { ...REFUSED, ...BUFFERED }),
  row('strip-upgrade,hold-first', 'sse', REFUSED),
  row('strip-upgrade,one-behind', 'long-poll', { ...REFUSED, ...BEHIND }),
  row('strip-upgrade,gzip', 'long-poll', { ...REFUSED, ...BUFFERED }),
  row(
    'strip-upgrade,cut-answers=5s',
    ['long-poll', 'polling'],
    { ...REFUSED, ...CUT },
    { perhaps: { 'long-poll': ['poll-cut'] } },
  ),
  row('strip-upgrade,refuse-streams', 'long-poll', { ...REFUSED, sse: ['sse-refused'] }),
  row('only-get-post', 'websocket'),
  row('strip-upgrade,only-get-post', 'sse', REFUSED),
  row('strip-headers', 'websocket'),
  row('strip-upgrade,strip-headers', 'sse', REFUSED),
  row('http10', 'sse', REFUSED),
  row('repeat-posts', 'websocket'),
  row('strip-upgrade,repeat-posts', 'sse', REFUSED),
  row('limit-bodies=2kB', 'websocket'),
  row('strip-upgrade,limit-bodies=2kB', 'sse', REFUSED, SMALL),
  row('strip-upgrade,limit-bodies-502=2kB', 'sse', REFUSED, SMALL),
  row('strip-upgrade,limit-bodies-cut=2kB', 'sse', REFUSED, SMALL),
  row('limit-answers=2kB', 'websocket'),
  row('strip-upgrade,limit-answers=2kB', 'long-poll', { ...REFUSED, ...CUT }, SMALL_DOWN),
  row('cache-gets', 'websocket'),
  row('strip-upgrade,cache-gets', 'sse', REFUSED),
  row('round-robin', 'websocket'),
  row('round-robin,strip-upgrade', 'sse', REFUSED),
  row('idle=5s', 'websocket', {}, QUIET),
  row('strip-upgrade,idle=5s', 'sse', REFUSED, QUIET),
  row('strip-upgrade,buffer,idle=5s', ['long-poll', 'polling'], { ...REFUSED, ...BUFFERED }, QUIET),
  row('half-open=4s', ['websocket', 'sse', 'long-poll', 'polling'], { websocket: ['half-open'] }, HALF),
  row('latency=150ms,jitter=50ms', 'websocket'),
  row('bandwidth=64kB', 'websocket'),
];

/** Several at once, as real ways have them. */
const TOGETHER: readonly Row[] = [
  row('latency=150ms,jitter=50ms,resets=2%', 'websocket', {}, BY_CHANCE),
  row('strip-upgrade,latency=150ms,jitter=50ms,resets=2%', 'sse', REFUSED, BY_CHANCE),
  row('resets=10%', 'websocket', {}, BY_CHANCE),
  row('kill-websocket=3s,buffer', 'long-poll', { ...KILLED, ...BUFFERED }),
  row('kill-websocket=1s,one-behind', 'long-poll', { ...KILLED, ...BEHIND }),
  row('mute-websocket,buffer', 'long-poll', { ...MUTE, ...BUFFERED }),
  row('swallow-upgrade,latency=50ms', 'sse', SWALLOWED),
  row('mute-websocket,latency=50ms', 'sse', MUTE),
  row('swallow-upgrade,one-behind,limit-bodies=2kB', 'long-poll', { ...SWALLOWED, ...BEHIND }, SMALL),
  row(
    'strip-upgrade,half-open=4s',
    ['sse', 'long-poll', 'polling'],
    { ...REFUSED, sse: ['half-open'] },
    HALF,
  ),
  row(
    'half-open=4s,buffer',
    ['websocket', 'long-poll', 'polling'],
    { websocket: ['half-open'] },
    { perhaps: { ...HALF.perhaps, ...BUFFERED } },
  ),
  row('http10,buffer=64kB,only-get-post', 'long-poll', { ...REFUSED, ...BUFFERED }),
  row('strip-upgrade,buffer,cache-gets,repeat-posts', 'long-poll', { ...REFUSED, ...BUFFERED }),
  row('strip-upgrade,buffer,limit-bodies=2kB', 'long-poll', { ...REFUSED, ...BUFFERED }, SMALL),
  row('strip-upgrade,buffer,limit-bodies-502=2kB', 'long-poll', { ...REFUSED, ...BUFFERED }, SMALL),
  row('strip-upgrade,buffer,limit-answers-502=2kB', 'long-poll', { ...REFUSED, ...BUFFERED }, SMALL_DOWN),
  row('strip-upgrade,buffer,limit-answers-cut=8kB', 'long-poll', { ...REFUSED, ...BUFFERED }),
  row(
    'refuse-upgrade=502,refuse-streams,limit-bodies=2kB,limit-answers=2kB',
    'long-poll',
    {
      ...REFUSED,
      sse: ['sse-refused'],
    },
    { ...SMALL, ...SMALL_DOWN },
  ),
  row('strip-upgrade,buffer,latency=100ms', 'long-poll', { ...REFUSED, ...BUFFERED }),
  row(
    'strip-upgrade,buffer,cut-answers=2s',
    ['long-poll', 'polling'],
    { ...REFUSED, sse: ['sse-buffered', 'sse-killed-early', 'sse-refused'] },
    { perhaps: { 'long-poll': ['poll-cut'] } },
  ),
  row('round-robin,strip-upgrade,one-behind', 'long-poll', { ...REFUSED, ...BEHIND }),
  row('round-robin,refuse-upgrade=502,refuse-streams,repeat-posts', 'long-poll', {
    ...REFUSED,
    sse: ['sse-refused'],
  }),
  row('kill-websocket=3s,repeat-posts,limit-bodies-cut=2kB', 'sse', KILLED, SMALL),
  row('strip-upgrade,bandwidth=32kB,latency=50ms', 'sse', REFUSED),
  row('swallow-upgrade,buffer', 'long-poll', { ...SWALLOWED, ...BUFFERED }),
  row('swallow-upgrade,buffer,latency=100ms', 'long-poll', { ...SWALLOWED, ...BUFFERED }),
  row('mute-websocket,one-behind,latency=50ms', 'long-poll', { ...MUTE, ...BEHIND }),
  row('strip-upgrade,gzip,limit-bodies=2kB,repeat-posts', 'long-poll', { ...REFUSED, ...BUFFERED }, SMALL),
  row('strip-upgrade,hold-first,limit-bodies-502=2kB,latency=50ms', 'sse', REFUSED, SMALL),
  row(
    'round-robin,strip-upgrade,buffer,limit-bodies-cut=2kB',
    'long-poll',
    { ...REFUSED, ...BUFFERED },
    SMALL,
  ),
  row(
    'refuse-upgrade=403,refuse-streams,latency=50ms,resets=2%',
    'long-poll',
    { ...REFUSED, sse: ['sse-refused'] },
    BY_CHANCE,
  ),
  row('strip-upgrade,buffer,half-open=4s', ['long-poll', 'polling'], { ...REFUSED, ...BUFFERED }, HALF),
  row('rewrite-host,strip-headers,only-get-post,round-robin,strip-upgrade', 'sse', REFUSED),
  row('http10,strip-headers,repeat-posts,latency=50ms', 'sse', REFUSED),
];

export const FAULT_ROWS: readonly Row[] = [...ALONE, ...TOGETHER];
