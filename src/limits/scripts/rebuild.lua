-- Puts counters of one tenant to what the audit says, and sets the marker of its ledger.
-- KEYS: generation marker, leases, then the counters. ARGV: the marker, and words in one text: per counter how long it
--       counts in ms, how many fields follow, and for each its name and value.
-- Returns the calls that hold something, in one text. What they hold of a counter is kept.

redis.call('SET', KEYS[1], ARGV[1])
local word = string.gmatch(ARGV[2], '%S+')
for i = 3, #KEYS do
  local key, span = KEYS[i], tonumber(word())
  local values = { 'held', redis.call('HGET', key, 'held') or '0' }
  for n = 1, 2 * tonumber(word()) do values[n + 2] = word() end
  redis.call('DEL', key)
  redis.call('HSET', key, unpack(values))
  keep(key, span)
end
return table.concat(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', '+inf'), ' ')
