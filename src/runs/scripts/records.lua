-- Records of runs.
-- KEYS: an index, or nothing. ARGV: what the keys of runs begin with; from and to in the index, from the newest where the third
--       word is `new`; or, without an index, the ids of the runs.
-- Returns a line per run that is there: its id, and its fields and values.

local ids = {}
if KEYS[1] then
  ids = redis.call(ARGV[2] == 'new' and 'ZREVRANGE' or 'ZRANGE', KEYS[1], ARGV[3], ARGV[4])
else
  for i = 2, #ARGV do ids[i - 1] = ARGV[i] end
end
local lines = {}
for _, id in ipairs(ids) do
  local fields = redis.call('HGETALL', ARGV[1] .. id)
  if #fields > 0 then
    lines[#lines + 1] = id .. ' ' .. table.concat(fields, ' ')
  elseif KEYS[1] then
    -- Forgotten, while others of the index go on.
    redis.call('ZREM', KEYS[1], id)
  end
end
return table.concat(lines, '\n')
