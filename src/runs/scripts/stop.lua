-- Stops a run with all below it, or lets it go on. What was killed stays so.
-- KEYS: tree, run. ARGV: id of the run, the stop or `-`, and `1` where it kills.
-- Returns 1; 0 where nobody knows the run, or it was killed or has ended and is to go on.

if redis.call('HEXISTS', KEYS[2], 'b') == 0 then return 0 end
local field = 's:' .. ARGV[1]
local known = redis.call('HGET', KEYS[1], field)
local function was(state) return known and string.find(known, '%22state%22%3A%22' .. state .. '%22', 1, true) end
if was('killed') then return tonumber(ARGV[3]) end
if was('done') and ARGV[3] == '0' then return 0 end
if ARGV[2] == '-' then
  redis.call('HDEL', KEYS[1], field)
else
  redis.call('HSET', KEYS[1], field, ARGV[2])
end
redis.call('HINCRBY', KEYS[1], 'rev', 1)
return 1
