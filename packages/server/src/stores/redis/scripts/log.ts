/**
 * Scripts of logs. A log is a hash (`e` epoch, `s` last offset, `o` first kept, `b` bytes kept, `a` time of the
 * oldest, `r` life of the store, `f` forks as epoch:base;…, `x` when its expiry was set) and a stream whose ids are
 * offset-time, so that dense offsets and ages need no fields.
 */
import { BASICS, script } from './script.js';

/** Milliseconds. */
const POSITIONS = 3_600_000;

export const LOG = `
local function fork(log)
  local forks = {}
  for epoch, base in string.gmatch(log.f, '(%w+):(%d+)') do
    forks[#forks + 1] = epoch .. ':' .. int(math.min(tonumber(base), log.s))
  end
  forks[#forks + 1] = log.e .. ':' .. int(log.s)
  log.f = table.concat(forks, ';', math.max(1, #forks - 7))
  log.e, log.r = newEpoch(), run
end

-- The log as it stands; one that nobody asked for before begins, one that another life of the store wrote forks.
local function openLog(meta, entries)
  local v = redis.call('HMGET', meta, 'e', 's', 'o', 'b', 'a', 'r', 'f', 'x')
  local log = { meta = meta, entries = entries }
  if v[1] then
    log.e, log.s, log.o, log.b = v[1], tonumber(v[2]), tonumber(v[3]), tonumber(v[4])
    log.a, log.r, log.f, log.x = tonumber(v[5]), v[6], v[7], tonumber(v[8])
    if log.r == run then return log end
    fork(log)
  else
    log.e, log.s, log.o, log.b, log.a, log.r, log.f, log.x = newEpoch(), 0, 1, 0, now, run, '', 0
    log.isNew = true
  end
  log.isChanged = true
  return log
end

local function saveLog(log)
  if log.isNew then redis.call('DEL', log.entries) end
  redis.call('HSET', log.meta, 'e', log.e, 's', int(log.s), 'o', int(log.o), 'b', int(log.b), 'a', int(log.a),
    'r', log.r, 'f', log.f, 'x', int(log.x))
  log.isNew, log.isChanged = false, false
end

local function dropUpTo(log, offset)
  local old = redis.call('XRANGE', log.entries, '-', int(offset))
  for _, entry in ipairs(old) do log.b = log.b - #entry[2][2] end
  redis.call('XTRIM', log.entries, 'MINID', int(offset + 1))
  log.o = offset + 1
  local first = redis.call('XRANGE', log.entries, '-', '+', 'COUNT', 1)[1]
  if first then log.a = tonumber(string.match(first[1], '-(%d+)')) else log.b = 0 end
end

-- Drops what is too much, a few more at a time, so that most appends drop nothing.
local function trimLog(log, keep)
  local last = log.o - 1
  local count, bytes = log.s - last, log.b
  local isOld = now - log.a > keep.age
  if count <= keep.entries + math.min(64, math.floor(keep.entries / 8)) and bytes <= keep.bytes * 1.125 and not isOld then
    return
  end
  if count < 2 then return end
  local old = redis.call('XRANGE', log.entries, '-', '+', 'COUNT', math.min(count - 1, 256))
  for _, entry in ipairs(old) do
    local offset, at = string.match(entry[1], '(%d+)-(%d+)')
    local isTooMuch = count > keep.entries or bytes > keep.bytes or now - tonumber(at) > keep.age
    if not isTooMuch then break end
    last, count, bytes = tonumber(offset), count - 1, bytes - #entry[2][2]
  end
  if last >= log.o then dropUpTo(log, last) end
end

-- The stream first: nothing behind it can fail, and it refuses before it changes. All bodies are told in one hint.
local function put(log, hints, bodies, keep)
  if log.isNew then redis.call('DEL', log.entries) end
  -- A log whose entries have expired begins to keep anew.
  if log.o <= log.s and redis.call('EXISTS', log.entries) == 0 then log.o, log.b = log.s + 1, 0 end
  if log.o > log.s then log.a = now end
  local first = log.s + 1
  for _, body in ipairs(bodies) do
    redis.call('XADD', log.entries, int(log.s + 1) .. '-' .. int(now), 'b', body)
    log.s, log.b = log.s + 1, log.b + #body
  end
  log.isNew = false
  trimLog(log, keep)
  redis.pcall('SPUBLISH', hints, log.e .. ' ' .. int(first) .. ' ' .. table.concat(bodies, '\\n'))
end

-- How long a position is known, and a list of members: however short entries live, whoever comes back stands where it stood.
local function lasting(age)
  return math.max(age, ${POSITIONS})
end

-- Entries live for as long as they may be kept, positions for longer.
local function keepAlive(log, age)
  if now - log.x < age / 8 then return end
  log.x = now
  redis.call('PEXPIRE', log.meta, int(lasting(age) * 2))
  redis.call('PEXPIRE', log.entries, int(age * 1.25))
end

local function keepOf(at)
  return { entries = tonumber(ARGV[at]), bytes = tonumber(ARGV[at + 1]), age = tonumber(ARGV[at + 2]) }
end

local function putToChannel(log, hints, bodies, keep)
  put(log, hints, bodies, keep)
  local before = log.x
  keepAlive(log, keep.age)
  saveLog(log)
  if before == 0 then redis.call('PEXPIRE', log.meta, int(lasting(keep.age) * 2)) end
end
`;

/** KEYS meta, entries · ARGV now, hints, entries, bytes, age, and the bodies, in this order. The offset of the last one. */
export const append = script(
  'append',
  [
    BASICS,
    LOG,
    `
local log = openLog(KEYS[1], KEYS[2])
putToChannel(log, ARGV[2], { unpack(ARGV, 6) }, keepOf(3))
return { 'appended', log.e, int(log.s), run }
`,
  ],
  { isPromise: true },
);

const FIND = `
local function find(record, number, part, acked)
  if not record then return 'new' end
  local last, lastPart, earlier = string.match(record, '^(%d+) (%d+) ?(.*)$')
  last, lastPart = tonumber(last), tonumber(lastPart)
  if number > last then return 'new', last, earlier end
  if number == last then return part <= lastPart and 'duplicate' or 'new', last, earlier end
  if number <= acked or string.find(',' .. earlier .. ',', ',' .. int(number) .. ',', 1, true) then return 'duplicate' end
  return 'behind'
end
`;

/**
 * KEYS meta, entries, last · ARGV now, hints, body, entries, bytes, age, then number, part, acked, how long keys are remembered, and the life of the store
 * in which the claim did something here before. `void`: it is another one by now.
 */
export const appendOnce = script(
  'appendOnce',
  [
    BASICS,
    LOG,
    FIND,
    `
local number, part, acked, before = tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9]), ARGV[11]
if before ~= '' and before ~= run then return { 'void' } end
local found, last, earlier = find(redis.call('GET', KEYS[3]), number, part, acked)
if found ~= 'new' then
  redis.call('PEXPIRE', KEYS[3], ARGV[10])
  return { found, '', '', run }
end
local log = openLog(KEYS[1], KEYS[2])
putToChannel(log, ARGV[2], { ARGV[3] }, keepOf(4))
-- Those that are not committed yet: if one of them comes again, it is known whether it is here.
local open = {}
if last then
  for one in string.gmatch(earlier, '%d+') do
    if tonumber(one) > acked then open[#open + 1] = one end
  end
  if last ~= number and last > acked then open[#open + 1] = int(last) end
end
redis.call('SET', KEYS[3], int(number) .. ' ' .. int(part) .. ' ' .. table.concat(open, ','), 'PX', ARGV[10])
return { 'appended', log.e, int(log.s), run }
`,
  ],
  { isPromise: true },
);

/** KEYS last · ARGV now, number, part, acked */
export const taken = script(
  'taken',
  [
    BASICS,
    FIND,
    `
local found = find(redis.call('GET', KEYS[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]))
return found == 'duplicate' and 1 or 0
`,
  ],
  { isFrugal: true },
);

/** KEYS any · ARGV now. Answers, if there is a primary that takes what it is told. */
export const ping = script('ping', ['return 1'], { isFrugal: true });

const STAND = `
local function stand(meta, entries, age)
  local isInbox = age == ''
  -- An inbox is there as long as its session.
  if isInbox and redis.call('EXISTS', meta) == 0 then return { '' } end
  local log = openLog(meta, entries)
  if log.o <= log.s and redis.call('EXISTS', entries) == 0 then log.o, log.b = log.s + 1, 0 end
  local isChanged = log.isChanged
  if isChanged then saveLog(log) end
  -- Asking is use as well: a silent log whose readers stand at its head is not forgotten under them.
  if not isInbox and (isChanged or redis.call('PTTL', meta) < lasting(age) * 1.5) then
    redis.call('PEXPIRE', meta, int(lasting(age) * 2))
  end
  return { log.e, int(log.s), int(log.o), log.f }
end
`;

/** KEYS meta and entries of each log, all in one slot · ARGV now, age of each (empty for an inbox). An inbox says how its session is. */
export const heads = script(
  'heads',
  [
    BASICS,
    LOG,
    STAND,
    `
local answers = {}
for i = 1, #KEYS, 2 do
  local age = ARGV[1 + (i + 1) / 2]
  local answer = stand(KEYS[i], KEYS[i + 1], age == '' and '' or tonumber(age))
  if age == '' and answer[1] ~= '' then
    local v = redis.call('HMGET', KEYS[i], 'g', 't', 'v')
    answer[5], answer[6], answer[7] = v[1], int(now - tonumber(v[2])), v[3] or ''
  end
  answers[#answers + 1] = answer
end
return answers
`,
  ],
  { isFrugal: true },
);

/** KEYS meta, entries · ARGV now, age (empty for an inbox), offset, most. An inbox says the revision of its session. */
export const read = script(
  'read',
  [
    BASICS,
    LOG,
    STAND,
    `
local answer = stand(KEYS[1], KEYS[2], ARGV[2] == '' and '' or tonumber(ARGV[2]))
if answer[1] == '' then return answer end
local bodies = {}
local from = tonumber(ARGV[3]) + 1
if from <= tonumber(answer[2]) and from >= tonumber(answer[3]) then
  for _, entry in ipairs(redis.call('XRANGE', KEYS[2], int(from), '+', 'COUNT', ARGV[4])) do
    bodies[#bodies + 1] = entry[2][2]
  end
end
answer[5] = bodies
if ARGV[2] == '' then answer[6] = redis.call('HGET', KEYS[1], 'v') or '' end
return answer
`,
  ],
  { isFrugal: true },
);
