/**
 * Scripts of sessions. A session is a hash: `u` whose it is, `i` identity, `g` generation, `at` attempt, `n` last committed
 * send, `t` last contact, `end` once it ended, `c` claim with `cn` its send, `cu` its end and `cr` the life of the
 * store that gave it, `br` and `ar` the lives in which it was last in contact and attached, `rv` when its credentials were
 * revoked, `v` its revision, `xu` when its subject was told last that it has it; and the fields of a log, its inbox. KEYS are meta, entries, leases, unsettled throughout.
 */
import { BASICS, script } from './script.js';
import { LOG } from './log.js';

/** Milliseconds after a fail-over for which sends of a session count as redelivered, and how many numbers of them. */
const DOUBT = 60_000;
const DOUBTED_SENDS = 512;
/** After so many windows the list of a subject's sessions is told again of one that lives. */
export const LISTED_AGAIN = 10;
/** Milliseconds for which a lease may take to reach its channel. Those who left stay known there for longer. */
const JOIN_WITHIN = 10_000;

/**
 * ARGV[2] is the window throughout, in milliseconds. The hash outlives it by another one: until then its nonce is not
 * taken again, and what it held is settled by others.
 */
export const SESSION = `
local window = tonumber(ARGV[2])
local meta, inboxKey, leasesKey, unsettledKey = KEYS[1], KEYS[2], KEYS[3], KEYS[4]

local function keepSession()
  local forAll = int(window * 2.5 + 60000)
  for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, forAll) end
end

local function isLive()
  local v = redis.call('HMGET', meta, 't', 'end')
  return v[1] and not v[2] and now - tonumber(v[1]) <= window
end

-- Contact with a session that is still within its window; false if there is none.
local function contact()
  local v = redis.call('HMGET', meta, 't', 'end', 'xs', 'br', 'n')
  if not v[1] or v[2] or now - tonumber(v[1]) > window then return false end
  redis.call('HSET', meta, 't', int(now))
  if now - tonumber(v[3]) > window / 4 then
    redis.call('HSET', meta, 'xs', int(now))
    keepSession()
  end
  if v[4] ~= run then
    -- Another life of the store: it may have forgotten sends that ran already.
    redis.call('HSET', meta, 'br', run, 'du', int(now + ${DOUBT}), 'dn', int(tonumber(v[5]) + ${DOUBTED_SENDS}))
  end
  return true
end

local function inbox()
  return openLog(meta, inboxKey)
end

-- Where whoever has read all of it stands.
local function headOfInbox()
  local log = inbox()
  if log.isChanged then saveLog(log) end
  return log
end

-- Whoever reads an inbox from its beginning begins in its first epoch.
local function state()
  local log = headOfInbox()
  local v = redis.call('HMGET', meta, 'i', 'g', 'n', 'rv', 'v')
  return { v[1], v[2], v[3], string.match(log.f, '^(%w+)') or log.e, int(log.s), v[4] or '', v[5] or '' }
end

-- A hint without an entry: what the session is has changed.
local function changed(hints)
  redis.call('HINCRBY', meta, 'v', 1)
  redis.pcall('SPUBLISH', hints, '')
end

-- Whose it is, when its subject is to be told again.
local function unlisted()
  local v = redis.call('HMGET', meta, 'u', 'xu')
  if not v[1] or v[1] == '' or now - tonumber(v[2] or '0') < window * ${LISTED_AGAIN} then return '' end
  redis.call('HSET', meta, 'xu', int(now))
  return v[1]
end

local function postAll(from, to, hints, keep)
  if to < from then return end
  local log = inbox()
  put(log, hints, { unpack(ARGV, from, to) }, keep)
  saveLog(log)
  redis.call('PEXPIRE', inboxKey, int(window * 2.5 + 60000))
end

local function version()
  local v = math.max(tonumber(redis.call('HGET', meta, 'lv') or '0') + 1, now)
  redis.call('HSET', meta, 'lv', int(v))
  return int(v)
end

-- Leases that lapsed, or whose entering nobody has confirmed: their channels are told again.
local function returning()
  local answer = {}
  if redis.call('EXISTS', unsettledKey) == 0 then return answer end
  for _, channel in ipairs(redis.call('HKEYS', unsettledKey)) do
    local member = redis.call('HGET', leasesKey, channel)
    if member then
      local v = version()
      redis.call('HSET', unsettledKey, channel, 'r' .. v)
      answer[#answer + 1] = channel
      answer[#answer + 1] = v
      answer[#answer + 1] = member
    end
  end
  return answer
end

local function lapseAll()
  local answer = {}
  for _, channel in ipairs(redis.call('HKEYS', leasesKey)) do
    if redis.call('HGET', unsettledKey, channel) ~= 'o' then
      redis.call('HSET', unsettledKey, channel, 'o')
      answer[#answer + 1] = channel
      answer[#answer + 1] = version()
    end
  end
  if #answer > 0 then redis.call('PEXPIRE', unsettledKey, int(window * 2.5 + 60000)) end
  return answer
end

local function committed(acked)
  redis.call('HSET', meta, 'n', int(acked))
  local log = headOfInbox()
  return { 'committed', int(acked), log.e, int(log.s) }
end

local function claimOf()
  local v = redis.call('HMGET', meta, 'c', 'cn', 'cu', 'cr', 'xi')
  return { id = v[1], number = tonumber(v[2] or '0'), ends = tonumber(v[3] or '0'), run = v[4], isInterrupted = v[5] == '1' }
end
`;

const session = (name: string, body: string, options: Parameters<typeof script>[2] = {}) =>
  script(name, [BASICS, LOG, SESSION, body], options);

/** ARGV[3] whose, [4] identity */
export const openSession = session(
  'openSession',
  `
local v = redis.call('HMGET', meta, 't', 'end', 'u')
if v[1] then
  if v[2] == 'forbidden' then return { 'forbidden' } end
  if v[2] or now - tonumber(v[1]) > window then return { 'ended' } end
  if v[3] ~= ARGV[3] then return { 'taken' } end
  return { 'opened', state() }
end
redis.call('DEL', inboxKey, leasesKey, unsettledKey)
redis.call('HSET', meta, 'u', ARGV[3], 'i', ARGV[4], 'g', '0', 'n', '0', 't', int(now), 'xs', int(now), 'br', run, 'ar', run,
  'xu', int(now))
keepSession()
return { 'opened', state() }
`,
  { isPromise: true },
);

/** ARGV[3] whose, [4] identity (both empty: as it is), [5] attempt */
export const attach = session(
  'attach',
  `
if not contact() then return { 'unknown' } end
local v = redis.call('HMGET', meta, 'at', 'ar')
if ARGV[5] == '' or v[1] ~= ARGV[5] then
  local generation = tonumber(redis.call('HGET', meta, 'g')) + 1
  -- A fail-over may have forgotten attaches, whose connections are still there: the time is above all of them.
  if v[2] ~= run then generation = math.max(generation, now) end
  redis.call('HSET', meta, 'g', int(generation))
end
redis.call('HSET', meta, 'at', ARGV[5], 'ar', run)
if ARGV[4] ~= '' then
  redis.call('HSET', meta, 'u', ARGV[3], 'i', ARGV[4])
  redis.call('HDEL', meta, 'rv')
end
return { 'attached', state(), returning(), int(now + ${JOIN_WITHIN}), unlisted() }
`,
  { isPromise: true },
);

/** ARGV[3] generation, or empty */
export const touch = session(
  'touch',
  `
if not isLive() then return { 'unknown' } end
if ARGV[3] ~= '' and ARGV[3] ~= redis.call('HGET', meta, 'g') then return { 'superseded' } end
contact()
return { 'current', state(), returning(), int(now + ${JOIN_WITHIN}), unlisted() }
`,
);

export const stateOf = session(
  'stateOf',
  `
if isLive() then return { 'current', state() } end
return { redis.call('HGET', meta, 'end') == 'forbidden' and 'forbidden' or 'unknown' }
`,
);

/** ARGV[3] whose, [4] identity, [5] hints */
export const identify = session(
  'identify',
  `
if not contact() then return end
redis.call('HSET', meta, 'u', ARGV[3], 'i', ARGV[4])
redis.call('HDEL', meta, 'rv')
changed(ARGV[5])
`,
);

/** ARGV[3] hints */
export const revoke = session(
  'revoke',
  `
if not isLive() then return end
redis.call('HSET', meta, 'rv', '1')
changed(ARGV[3])
`,
  { isPromise: true },
);

/** ARGV[3] hints, [4…6] what it keeps, [7] body */
export const post = session(
  'post',
  `
-- Not contact: only its client keeps a session alive.
if not isLive() then return { 'unknown' } end
postAll(7, 7, ARGV[3], keepOf(4))
local log = headOfInbox()
return { 'posted', log.e, int(log.s) }
`,
  { isPromise: true },
);

/** ARGV[3] number, [4] claim, [5] lease */
export const begin = session(
  'begin',
  `
if not contact() then return { 'unknown' } end
if redis.call('HEXISTS', meta, 'rv') == 1 then return { 'revoked' } end
local number = tonumber(ARGV[3])
local acked = tonumber(redis.call('HGET', meta, 'n'))
if number <= acked then
  local log = headOfInbox()
  return { 'duplicate', int(acked), log.e, int(log.s) }
end
if number > acked + 1 then return { 'expect', int(acked + 1) } end
local claim = claimOf()
local isInterrupted = claim.isInterrupted
if claim.id and claim.run ~= run then
  isInterrupted = true
elseif claim.id and claim.id ~= ARGV[4] then
  if claim.ends > now then return { 'busy' } end
  isInterrupted = true
end
redis.call('HSET', meta, 'c', ARGV[4], 'cn', ARGV[3], 'cu', int(now + tonumber(ARGV[5])), 'cr', run,
  'xi', isInterrupted and '1' or '0')
local doubt = redis.call('HMGET', meta, 'du', 'dn')
local isDoubtful = doubt[1] and now < tonumber(doubt[1]) and number <= tonumber(doubt[2])
return { 'run', (isInterrupted or isDoubtful) and 1 or 0, run }
`,
  { isPromise: true },
);

/** ARGV[3] hints, [4…6] what the inbox keeps, [7] first, [8] last, [9] claim, [10…] outcomes */
export const commit = session(
  'commit',
  `
if not contact() then return { 'unknown' } end
local claim = claimOf()
if claim.id ~= ARGV[9] or claim.number ~= tonumber(ARGV[7]) or claim.run ~= run then return { 'stale' } end
postAll(10, #ARGV, ARGV[3], keepOf(4))
redis.call('HDEL', meta, 'c', 'cn', 'cu', 'cr', 'xi')
-- A skip may have been further already: what is committed never becomes uncommitted.
return committed(math.max(tonumber(redis.call('HGET', meta, 'n')), tonumber(ARGV[8])))
`,
  { isPromise: true },
);

/** ARGV[3] claim, [4] lease */
export const renew = session(
  'renew',
  `
local claim = claimOf()
if claim.id ~= ARGV[3] or claim.run ~= run then return 0 end
redis.call('HSET', meta, 'cu', int(now + tonumber(ARGV[4])))
return 1
`,
);

/** ARGV[3] claim */
export const release = session(
  'release',
  `if claimOf().id == ARGV[3] then redis.call('HDEL', meta, 'c', 'cn', 'cu', 'cr') end`,
  { isFrugal: true },
);

/** ARGV[3] from, [4] number */
export const skip = session(
  'skip',
  `
if not contact() then return { 'unknown' } end
local acked = tonumber(redis.call('HGET', meta, 'n'))
if tonumber(ARGV[3]) > acked + 1 then return { 'expect', int(acked + 1) } end
return committed(math.max(acked, tonumber(ARGV[4])))
`,
  { isPromise: true },
);

/** ARGV[3] offset */
export const trimInbox = session(
  'trimInbox',
  `
if not isLive() then return end
local log = inbox()
local upTo = math.min(tonumber(ARGV[3]), log.s)
if upTo < log.o then return end
dropUpTo(log, upTo)
saveLog(log)
`,
  { isFrugal: true },
);

/** ARGV[3] generation. The channels whose leases lapse now, each with the version of that change. */
export const lapse = session(
  'lapse',
  `
if redis.call('HGET', meta, 'g') ~= ARGV[3] then return {} end
return lapseAll()
`,
  { isFrugal: true },
);

/**
 * ARGV[3] why (empty: by its client), [4] hints. Identity and generation (both empty, when it had ended, or was never opened), and the
 * channels that it is in, each with the version of its leaving. What the hash still says is that it ended, and why: also of one that is
 * forbidden before it was opened.
 */
export const close = session(
  'close',
  `
local isForbidden = ARGV[3] ~= ''
local v = redis.call('HMGET', meta, 't', 'end', 'i', 'g')
local wasLive = v[1] and not v[2]
if not wasLive and not isForbidden then return { '', '' } end
local answer = wasLive and lapseAll() or {}
table.insert(answer, 1, wasLive and v[4] or '')
table.insert(answer, 1, wasLive and v[3] or '')
if not v[1] then redis.call('HSET', meta, 't', int(now), 'g', '0', 'n', '0') end
redis.call('HSET', meta, 'end', isForbidden and ARGV[3] or '1')
redis.call('HDEL', meta, 'c', 'cn', 'cu', 'cr', 'i', 'at')
redis.call('DEL', inboxKey, leasesKey, unsettledKey)
keepSession()
if isForbidden then changed(ARGV[4]) end
return answer
`,
  { isFrugal: true, isPromise: true },
);

/** When to look again; empty, when there is no such session any more. One that is over ends: its identity and generation. */
export const expire = session(
  'expire',
  `
local v = redis.call('HMGET', meta, 't', 'end', 'i', 'g')
if not v[1] or v[2] then return { '' } end
local over = tonumber(v[1]) + window + 1
if now < over then return { int(over) } end
redis.call('HSET', meta, 'end', '1')
return { '', v[3], v[4] }
`,
  { isFrugal: true, isPromise: true },
);

/** ARGV[3] channel, [4] member, [5] most lists. The lease is unsettled until the channel has it. */
export const lease = session(
  'lease',
  `
if not contact() then return { 'unknown' } end
if redis.call('HEXISTS', leasesKey, ARGV[3]) == 0 and redis.call('HLEN', leasesKey) >= tonumber(ARGV[5]) then
  return { 'full' }
end
local v = version()
redis.call('HSET', leasesKey, ARGV[3], ARGV[4])
redis.call('HSET', unsettledKey, ARGV[3], 'r' .. v)
keepSession()
return { 'leased', v, int(now + ${JOIN_WITHIN}) }
`,
  { isPromise: true },
);

/** ARGV[3…] channel and version of leases that their channels have. */
export const confirm = session(
  'confirm',
  `
for i = 3, #ARGV, 2 do
  if redis.call('HGET', unsettledKey, ARGV[i]) == 'r' .. ARGV[i + 1] then redis.call('HDEL', unsettledKey, ARGV[i]) end
end
`,
  { isFrugal: true },
);

/** ARGV[3] channel. The version of leaving it. */
export const unlease = session(
  'unlease',
  `
redis.call('HDEL', leasesKey, ARGV[3])
redis.call('HDEL', unsettledKey, ARGV[3])
if redis.call('EXISTS', meta) == 0 then return int(now) end
return version()
`,
  { isFrugal: true, isPromise: true },
);

/**
 * ARGV[3] presence window, [4…] channels in which the session's time seems over. For each: the version of its
 * leaving, or empty and when to look again.
 */
export const look = session(
  'look',
  `
local presence = tonumber(ARGV[3])
local isHere = isLive()
local silence = isHere and now - tonumber(redis.call('HGET', meta, 't')) or 0
local answer = {}
for i = 4, #ARGV do
  local channel = ARGV[i]
  local isOut = not isHere or silence > presence or redis.call('HEXISTS', leasesKey, channel) == 0
    or redis.call('HGET', unsettledKey, channel) == 'o'
  local isKnown = redis.call('EXISTS', meta) == 1
  if isOut and isHere and redis.call('HEXISTS', leasesKey, channel) == 1 then
    redis.call('HSET', unsettledKey, channel, 'o')
    redis.call('PEXPIRE', unsettledKey, int(window * 2.5 + 60000))
  end
  answer[#answer + 1] = isOut and (isKnown and version() or int(now)) or ''
  answer[#answer + 1] = int(now - silence + presence + 1)
end
return answer
`,
  { isFrugal: true },
);
