-- Writes that a call is being taken back, or says why not.
-- KEYS: entry, index. ARGV: now or '-', call, attempt, lease in ms.
-- Returns new, running, undone, unknown or unfit.

local now, lease = clock(ARGV[1]), tonumber(ARGV[4])
local known = load(KEYS[1], now)
if not known or known.call ~= ARGV[2] then return 'unfit' end
if known.state == 'undone' then return 'undone' end
if known.state == 'undo-unknown' then return 'unknown' end
if known.state == 'undoing' then return known.attempt == ARGV[3] and 'new' or 'running' end
if known.state ~= 'done' and known.state ~= 'large' then return 'unfit' end
redis.call('HSET', KEYS[1], 's', 'undoing', 'p', known.state, 'x', ARGV[3], 'l', text(now + lease))
keep(KEYS[1], KEYS[2], known.kept, now, lease)
return 'new'
