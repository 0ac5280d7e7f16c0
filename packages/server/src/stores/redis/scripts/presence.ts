/**
 * Scripts of member lists: what a channel knows of its members, in the channel's own slot. Each change of a lease
 * has a version, which rises; what comes late, from a node that slept, has a lower one and falls away.
 */
import { LOG } from './log.js';
import { BASICS, script } from './script.js';

/** Milliseconds for which a channel remembers who left: longer than an entering may be late. */
const REMEMBERED = 60_000;
/** Milliseconds for which a node may take to look at what it took on; another takes it on then. */
const TAKEN_ON = 5_000;
/** Milliseconds after which an index forgets a channel that has no members: longer than an entering may be late. */
const EMPTY = 30_000;

/** KEYS meta, entries, places, members, due, gone */
const LIST = `
local places, members, due, gone = KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local function versionOf(session)
  local held = redis.call('HGET', members, session)
  if held then return tonumber(string.match(held, '^%d+')) end
end
local function keepList(age)
  for i = 3, 5 do redis.call('PEXPIRE', KEYS[i], int(age)) end
end
`;

/**
 * ARGV now, hints, entries, bytes, age, session, version, until, member, the entry that tells it, presence window.
 * `late`: it took too long to come here; `stale`: a later change came first.
 */
export const join = script(
  'join',
  [
    BASICS,
    LOG,
    LIST,
    `
local keep = keepOf(3)
local session, version = ARGV[6], tonumber(ARGV[7])
if now > tonumber(ARGV[8]) then return 'late' end
local known = versionOf(session)
if (known or 0) > version or tonumber(redis.call('ZSCORE', gone, session) or '-1') >= version then return 'stale' end
local answer = 'renewed'
if not known then
  local log = openLog(KEYS[1], KEYS[2])
  putToChannel(log, ARGV[2], { ARGV[10] }, keep)
  redis.call('ZADD', places, redis.call('HINCRBY', KEYS[1], 'z', 1), session)
  answer = 'joined'
end
redis.call('HSET', members, session, ARGV[7] .. ' ' .. ARGV[9])
redis.call('ZADD', due, int(now + tonumber(ARGV[11]) + 1), session)
keepList(lasting(keep.age))
return answer
`,
  ],
  { isPromise: true },
);

/** ARGV now, hints, entries, bytes, age, what is before and behind the member in the entry that tells it; session, version … */
export const part = script(
  'part',
  [
    BASICS,
    LOG,
    LIST,
    `
local keep = keepOf(3)
for i = 8, #ARGV, 2 do
  local session, version = ARGV[i], tonumber(ARGV[i + 1])
  local known = versionOf(session)
  if known and known <= version then
    local member = string.match(redis.call('HGET', members, session), '^%d+ (.*)$')
    local log = openLog(KEYS[1], KEYS[2])
    putToChannel(log, ARGV[2], { ARGV[6] .. member .. ARGV[7] }, keep)
    redis.call('ZREM', places, session)
    redis.call('HDEL', members, session)
    redis.call('ZREM', due, session)
  end
  redis.call('ZADD', gone, 'GT', ARGV[i + 1], session)
end
redis.call('ZREMRANGEBYSCORE', gone, '-inf', int(now - ${REMEMBERED}))
redis.call('PEXPIRE', gone, ${2 * REMEMBERED})
`,
  ],
  { isPromise: true },
);

/** KEYS due · ARGV now, most. Whose time seems over. */
export const overdue = script(
  'overdue',
  [BASICS, `return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', int(now), 'LIMIT', 0, ARGV[2])`],
  { isFrugal: true },
);

/** KEYS as a list · ARGV now, age; session, when to look again … The next time that somebody is due; empty without members. */
export const postpone = script(
  'postpone',
  [
    BASICS,
    LOG,
    LIST,
    `
for i = 3, #ARGV, 2 do redis.call('ZADD', due, 'XX', ARGV[i + 1], ARGV[i]) end
local first = redis.call('ZRANGE', due, 0, 0, 'WITHSCORES')
if not first[1] then return '' end
keepList(lasting(tonumber(ARGV[2])))
return int(tonumber(first[2]))
`,
  ],
  { isFrugal: true },
);

/** KEYS places, members · ARGV place, bytes (negative: no end). Members behind the place, and where the next ones begin. */
export const page = script(
  'page',
  [
    `
local last, room, isFirst = tonumber(ARGV[1]), tonumber(ARGV[2]), true
local isWhole = room < 0
local answer = {}
while true do
  local some = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. string.format('%.0f', last), '+inf', 'WITHSCORES', 'LIMIT', 0, 100)
  if #some == 0 then return { answer, '' } end
  for i = 1, #some, 2 do
    local held = redis.call('HGET', KEYS[2], some[i])
    if held then
      local member = string.match(held, '^%d+ (.*)$')
      room = room - #member - 1
      if not isWhole and room < 0 and not isFirst then return { answer, string.format('%.0f', last) } end
      answer[#answer + 1] = member
      isFirst = false
    end
    last = tonumber(some[i + 1])
  end
end
`,
  ],
  { isFrugal: true },
);

/**
 * KEYS index · ARGV now, most. Channels to look at, and under which score they are taken on: nobody else does for
 * a while. A score that is no whole number was given to a channel that had no members.
 */
export const takeOn = script(
  'takeOn',
  [
    BASICS,
    `
local found = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', int(now), 'WITHSCORES', 'LIMIT', 0, ARGV[2])
local answer = {}
local taken = int(now + ${TAKEN_ON})
for i = 1, #found, 2 do
  local wasEmpty = tonumber(found[i + 1]) % 1 ~= 0
  redis.call('ZADD', KEYS[1], wasEmpty and taken .. '.5' or taken, found[i])
  answer[#answer + 1] = found[i]
end
return { answer, taken }
`,
  ],
  { isFrugal: true },
);

/** KEYS index · ARGV now, taken, age; channel, when somebody there is due (empty: it has no members) … */
export const handBack = script(
  'handBack',
  [
    BASICS,
    `
local taken = tonumber(ARGV[2])
for i = 4, #ARGV, 2 do
  local score = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[i]) or '-1')
  -- Another score: somebody entered meanwhile, and it is looked at anew.
  if score == taken or score == taken + 0.5 then
    if ARGV[i + 1] ~= '' then redis.call('ZADD', KEYS[1], ARGV[i + 1], ARGV[i])
    elseif score == taken then redis.call('ZADD', KEYS[1], int(now + ${EMPTY}) .. '.5', ARGV[i])
    else redis.call('ZREM', KEYS[1], ARGV[i]) end
  end
end
redis.call('PEXPIRE', KEYS[1], ARGV[3])
`,
  ],
  { isFrugal: true },
);

/** KEYS index · ARGV channel, age. It is looked at soon. */
export const index = script(
  'index',
  [
    `
redis.call('ZADD', KEYS[1], 0, ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
`,
  ],
  { isPromise: true },
);
