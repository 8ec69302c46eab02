-- Extends the lease of a call or an undoing that runs; one that has lapsed stays lapsed.
-- KEYS: entry, index. ARGV: now or '-', the call or the attempt, lease in ms.
-- Returns 1, or 0 where nothing of it runs.

local now, lease = clock(ARGV[1]), tonumber(ARGV[3])
local known = load(KEYS[1], now)
local runs = known and (known.state == 'running' and known.call == ARGV[2] or known.state == 'undoing' and known.attempt == ARGV[2])
if not runs then return 0 end
redis.call('HSET', KEYS[1], 'l', text(now + lease))
keep(KEYS[1], KEYS[2], known.kept, now, lease)
return 1
