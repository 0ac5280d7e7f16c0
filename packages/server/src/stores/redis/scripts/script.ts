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
 * The time, and which life of the store this is. ARGV[1] is the time in tests, else empty. The token changes when
 * the process does, and when a replica is made the primary: then the newest changes may be missing. It is read in
 * the script, as a command may reach another process than the one that its sender last asked.
 */
export const BASICS = `
local function int(n) return string.format('%.0f', n) end
local clock = redis.call('TIME')
local now = tonumber(ARGV[1]) or clock[1] * 1000 + math.floor(clock[2] / 1000)
local info = redis.call('INFO', 'server', 'replication')
local run = string.sub(string.match(info, 'run_id:(%w+)') or '', 1, 12)
  .. string.sub(string.match(info, 'master_replid:(%w+)') or '', 1, 12)
if run == '' then error('INFO tells neither run_id nor master_replid') end

local function newEpoch()
  local n, text = clock[1] * 1000000 + clock[2], ''
  while n > 0 do
    local digit = n % 36
    text = string.sub('0123456789abcdefghijklmnopqrstuvwxyz', digit + 1, digit + 1) .. text
    n = (n - digit) / 36
  end
  return text .. string.sub(run, 1, 2) .. string.sub(run, 13, 14)
end
`;
