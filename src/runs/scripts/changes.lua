-- The trees that have changed.
-- KEYS: stops, then the trees. ARGV: revision of the tenant's stops and of the tree, for each tree.
-- Returns a line per tree that has changed: its place from 0, how many words the tree has, the tree, the tenant's stops.

local tenant = redis.call('HGETALL', KEYS[1])
local rev = redis.call('HGET', KEYS[1], 'rev') or '0'
local stops, lines = table.concat(tenant, ' '), {}
for i = 2, #KEYS do
  local at = 2 * (i - 2)
  if ARGV[at + 1] ~= rev or ARGV[at + 2] ~= (redis.call('HGET', KEYS[i], 'rev') or '0') then
    local tree = redis.call('HGETALL', KEYS[i])
    lines[#lines + 1] = (i - 2) .. ' ' .. #tree .. ' ' .. table.concat(tree, ' ') .. ' ' .. stops
  end
end
return table.concat(lines, '\n')
