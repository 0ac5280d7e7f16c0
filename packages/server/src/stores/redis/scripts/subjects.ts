/**
 * Scripts of subjects: which sessions each of them has, by when they were told last, and until when it opens none. Both are in a
 * slot of their own, so a session is listed before it is opened, and told again every now and then for as long as it lives.
 */
import { BASICS, script } from './script.js';

/** KEYS sessions, refused · ARGV now, session, how long it is listed. 0: the subject is refused. */
export const list = script(
  'list',
  [
    BASICS,
    `
local refused = redis.call('GET', KEYS[2])
if refused and tonumber(refused) > now then return 0 end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', int(now - tonumber(ARGV[3])))
redis.call('ZADD', KEYS[1], int(now), ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
`,
  ],
  { isPromise: true },
);

/** KEYS sessions, refused · ARGV now, session */
export const unlist = script('unlist', [`redis.call('ZREM', KEYS[1], ARGV[2])`], {
  isFrugal: true,
});

/** KEYS sessions, refused · ARGV now, milliseconds */
export const refuse = script(
  'refuse',
  [
    BASICS,
    `
local ms = tonumber(ARGV[2])
if ms > 0 then redis.call('SET', KEYS[2], int(now + ms), 'PX', int(ms)) else redis.call('DEL', KEYS[2]) end
`,
  ],
  { isPromise: true },
);

/** KEYS sessions, refused · ARGV now */
export const sessionsOf = script('sessionsOf', [`return redis.call('ZRANGE', KEYS[1], 0, -1)`], {
  isFrugal: true,
});
