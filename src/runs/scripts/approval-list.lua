-- Approvals of a tenant, newest first.
-- KEYS: all approvals of the tenant, or those pending of a tree.
-- ARGV: now or '-', what stands before an id in a key, state or '-', at most how many, first place to look at, last place.
-- Returns now, how many places were looked at, and then id and all that is stored, per approval.

local now = clock(ARGV[1])
local ids = redis.call('ZREVRANGE', KEYS[1], ARGV[5], ARGV[6])
local found, most = {}, tonumber(ARGV[4])
for _, id in ipairs(ids) do
  local key = ARGV[2] .. id
  local a = load(key)
  if a and #found < 2 * most and (ARGV[3] == '-' or stateOf(a, now) == ARGV[3]) then
    found[#found + 1] = id
    found[#found + 1] = redis.call('HGETALL', key)
  end
end
return { text(now), text(#ids), found }
