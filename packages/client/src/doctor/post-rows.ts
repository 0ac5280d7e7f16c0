/** PURE. The rows of what was learned by POSTs: sizes, repetition, what the server sees of a page, a channel. */
import type { Row } from './row.js';
import type { PostsSeen } from './seen.js';
import { bytes, failure } from './terms.js';
import { verdictOfCode } from './verdict.js';

export function postRows(posts: PostsSeen | undefined): Row[] {
  if (posts === undefined) {
    return [{ check: 'requests', result: 'skip', detail: 'not tested: no session could be opened by POST' }];
  }
  return [sizeRow(posts), repeatRow(posts), ...pageRow(posts), ...originRow(posts), ...channelRow(posts)];
}

function sizeRow({ passed, stopped, pace }: PostsSeen): Row {
  const check = 'request size';
  if (stopped === undefined) return { check, result: 'pass', detail: `${bytes(passed)} pass` };
  const { bytes: size, failed } = stopped;
  const most = passed === 0 ? 'nothing passes' : `${bytes(passed)} pass`;
  if (pace !== undefined) {
    const detail = `${most}; ${bytes(size)} take too long, at ${bytes(pace)} a second`;
    return { check, result: 'pass', detail };
  }
  return {
    check,
    result: passed === 0 ? 'fail' : 'warn',
    detail: `${most}; ${bytes(size)}: ${failure(failed)}`,
    findings: [passed === 0 ? 'send-refused' : 'body-limit'],
  };
}

/** Whether more arrived than was sent. */
export const isRepeated = (posts: PostsSeen | undefined): boolean =>
  posts?.repeats !== undefined && posts.repeats.counted > posts.repeats.sent;

function repeatRow({ repeats }: PostsSeen): Row {
  const check = 'repetition';
  if (repeats === undefined) return { check, result: 'skip', detail: 'not tested: a request got no answer' };
  const { sent, counted } = repeats;
  return counted > sent
    ? {
        check,
        result: 'warn',
        detail: `${sent} requests were sent, ${counted} arrived`,
        findings: ['posts-repeated'],
      }
    : { check, result: 'pass', detail: `${sent} requests were sent, ${counted} arrived` };
}

function pageRow({ page }: PostsSeen): Row[] {
  if (page === undefined) return [];
  const { origin, failed } = page;
  const check = 'page';
  if (failed === undefined) return [{ check, result: 'pass', detail: `a page of ${origin} may come` }];
  const detail = `a page of ${origin}: ${failure(failed)}`;
  return [
    failed.code === undefined
      ? { check, result: 'skip', detail }
      : { check, result: 'warn', detail, findings: [verdictOfCode(failed)] },
  ];
}

function originRow({ originSeen }: PostsSeen): Row[] {
  if (originSeen === undefined) return [];
  return [
    originSeen
      ? { check: 'Origin', result: 'pass', detail: 'the server sees it' }
      : {
          check: 'Origin',
          result: 'warn',
          detail: 'a page of another site was let in as if it were none: the header does not arrive',
          findings: ['origin-stripped'],
        },
  ];
}

function channelRow({ channel }: PostsSeen): Row[] {
  if (channel === undefined) return [];
  const { name, failed } = channel;
  return [
    failed === undefined
      ? { check: 'channel', result: 'pass', detail: `${name} may be subscribed to` }
      : {
          check: 'channel',
          result: 'warn',
          detail: `${name}: ${failure(failed)}`,
          findings: ['channel-refused'],
        },
  ];
}
