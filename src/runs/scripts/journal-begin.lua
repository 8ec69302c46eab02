-- Writes a call as running, or says what is known of the one that has its key.
-- KEYS: entry, index. ARGV: now or '-', name of the entry, call, digest, lease and keep in ms, facts, what the keys of entries
--       begin with.
-- Returns new, large, running, mismatch, unknown, undone, or `recorded <head> <body>`.

local now, name, call, lease, ms = clock(ARGV[1]), ARGV[2], ARGV[3], tonumber(ARGV[5]), tonumber(ARGV[6])
local known = load(KEYS[1], now)
if known then
  if known.call == call and known.state == 'running' then return 'new' end
  if known.digest ~= ARGV[4] then return 'mismatch' end
  if known.state == 'done' then
    local answer = redis.call('HMGET', KEYS[1], 'h', 'b')
    return 'recorded ' .. answer[1] .. ' ' .. answer[2]
  end
  return string.sub(known.state, 1, 4) == 'undo' and 'undone' or known.state
end

-- The oldest entries leave the index once they are no longer kept.
for _ = 1, 50 do
  local old = redis.call('ZRANGE', KEYS[2], 0, 0)[1]
  if not old or load(ARGV[8] .. old, now) then break end
  redis.call('ZREM', KEYS[2], old)
end
local last = redis.call('ZRANGE', KEYS[2], -1, -1, 'WITHSCORES')
local step = text(tonumber(last[2] or 0) + 1)
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 's', 'running', 'c', call, 'd', ARGV[4], 'n', step, 'l', text(now + lease), 'u', '0', 'f', ARGV[7])
redis.call('ZADD', KEYS[2], step, name)
keep(KEYS[1], KEYS[2], 0, now, math.max(ms, lease))
return 'new'
