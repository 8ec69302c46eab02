-- Appends steps to the timelines of runs.
-- KEYS: a timeline each.
-- ARGV: steps per timeline, lifetime in ms, then per timeline: how many steps follow, and they.

local at = 3
for _, key in ipairs(KEYS) do
  for i = at + 1, at + tonumber(ARGV[at]) do redis.call('RPUSH', key, ARGV[i]) end
  at = at + tonumber(ARGV[at]) + 1
  redis.call('LTRIM', key, -tonumber(ARGV[1]), -1)
  redis.call('PEXPIRE', key, ARGV[2])
end
return 1
