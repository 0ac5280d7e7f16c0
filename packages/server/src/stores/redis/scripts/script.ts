/**
 * What all scripts share. Each is one Lua text for one atomic step in one slot. The rule inside: look first, then
 * change, as a script that fails half-way is not rolled back; what may fail without harm comes last, under `pcall`.
 */
import { createHash } from 'node:crypto';

export interface Script {
  readonly name: string;
  readonly source: string;
  readonly sha: string;
  /** What it changes is acknowledged to somebody: with `durability: 'replicated'` a replica has it first. */
  readonly isPromise: boolean;
}

interface ScriptOptions {
  /** Frees memory or only looks: runs also when `maxmemory` is reached. */
  readonly isFrugal?: boolean;
  readonly isPromise?: boolean;
}

export function script(name: string, parts: readonly string[], options: ScriptOptions = {}): Script {
  // With a first line like this Redis refuses the whole script up front: on a replica, and without memory.
  const source = [options.isFrugal === true ? '#!lua flags=allow-oom' : '#!lua', ...parts].join('\n');
  return {
    name,
    source,
    sha: createHash('sha1').update(source).digest('hex'),
    isPromise: options.isPromise === true,
  };
}

/**
 * The time, and which life of the store this is. ARGV[1] is the time in tests, else empty. The replication id changes
 * when the process starts anew as a primary, and when a replica is made one: then the newest changes may be missing. It is
 * read in the script, as a command may reach another process than the one that its sender last asked. Found without
 * patterns, which cost more than all the rest.
 */
export const BASICS = `
local function int(n) return string.format('%.0f', n) end
local clock = redis.call('TIME')
local now = tonumber(ARGV[1]) or clock[1] * 1000 + math.floor(clock[2] / 1000)
local function told(section, name)
  local info = redis.call('INFO', section)
  local _, at = string.find(info, name, 1, true)
  return at and string.sub(info, at + 1, at + 16)
end
-- Where the first one is hidden, the id of the process tells of restarts at least.
local run = told('replication', 'master_replid:') or told('server', 'run_id:')
if not run then error('INFO tells neither master_replid nor run_id') end

local function newEpoch()
  local n, text = clock[1] * 1000000 + clock[2], ''
  while n > 0 do
    local digit = n % 36
    text = string.sub('0123456789abcdefghijklmnopqrstuvwxyz', digit + 1, digit + 1) .. text
    n = (n - digit) / 36
  end
  return text .. string.sub(run, 1, 4)
end
`;
