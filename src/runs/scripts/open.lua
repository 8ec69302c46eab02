-- What is known of a run that a process has not seen.
-- KEYS: tree, stops, run, and its parent where it has one.
-- Returns the run's path, its parent's behind a `+`, or `-`; how many words the tree has, the tree, the tenant's stops.

local path = redis.call('HGET', KEYS[3], 'p')
if not path and KEYS[4] then
  local above = redis.call('HGET', KEYS[4], 'p')
  path = above and '+' .. above
end
local tree, tenant = redis.call('HGETALL', KEYS[1]), redis.call('HGETALL', KEYS[2])
return (path or '-') .. ' ' .. #tree .. ' ' .. table.concat(tree, ' ') .. ' ' .. table.concat(tenant, ' ')
