/** Scripts of nodes. What each of them says of itself is a field of one small hash: until when it holds, and its text. */
import { script } from './script.js';

/** KEYS: the hash. ARGV: the time in tests, the node, its text, milliseconds. */
export const report = script('report', [
  `
local clock = redis.call('TIME')
local now = tonumber(ARGV[1]) or clock[1] * 1000 + math.floor(clock[2] / 1000)
local others, over = {}, {}
local said = redis.call('HGETALL', KEYS[1])
for at = 1, #said, 2 do
  local until_, text = string.match(said[at + 1], '^(%d+) (.*)$')
  if not until_ or tonumber(until_) <= now then over[#over + 1] = said[at]
  elseif said[at] ~= ARGV[2] then others[#others + 1] = text end
end
for _, node in ipairs(over) do redis.call('HDEL', KEYS[1], node) end
redis.call('HSET', KEYS[1], ARGV[2], string.format('%.0f', now + ARGV[4]) .. ' ' .. ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return others
`,
]);
