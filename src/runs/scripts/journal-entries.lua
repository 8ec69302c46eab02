-- Entries of a tree, the oldest first.
-- KEYS: index. ARGV: now or '-', what the keys of entries begin with, the step to go on behind, and how many to look at.
-- Returns the last step that was looked at, or - where there are no more, and a line per entry: name, step, state, call,
--         facts, outcome or -.

local now = clock(ARGV[1])
local found = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. ARGV[3], '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[4])
local lines = { found[#found] or '-' }
for i = 1, #found, 2 do
  local key = ARGV[2] .. found[i]
  local known = load(key, now)
  if known then
    local more = redis.call('HMGET', key, 'f', 'o')
    lines[#lines + 1] = table.concat({ found[i], known.step, known.state, known.call, more[1], more[2] or '-' }, ' ')
  end
end
return table.concat(lines, '\n')
