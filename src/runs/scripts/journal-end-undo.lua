-- Ends an attempt to take a call back; also one whose lease has lapsed, since it knows.
-- KEYS: entry, index. ARGV: now or '-', attempt, and undone, kept or unknown.
-- Returns 1, or 0 where the attempt is not the one under way.

local known = load(KEYS[1], clock(ARGV[1]))
if not known or known.attempt ~= ARGV[2] then return 0 end
if known.state == 'undone' then return ARGV[3] == 'undone' and 1 or 0 end
if known.state ~= 'undoing' and known.state ~= 'undo-unknown' then return 0 end
local states = { undone = 'undone', kept = known.before, unknown = 'undo-unknown' }
redis.call('HSET', KEYS[1], 's', states[ARGV[3]])
return 1
