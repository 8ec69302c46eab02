-- Extends the leases of calls that still run; one that has lapsed stays lapsed.
-- KEYS: leases, then the reservation of each call. ARGV: now or '', lease in ms, then the calls.

local now = tonumber(ARGV[1]) or clock()
local leaseEnd = now + tonumber(ARGV[2])
for i = 3, #ARGV do
  local reservation = KEYS[i - 1]
  local lease = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[i]) or 0)
  local ttl, held = string.match(redis.call('GET', reservation) or '', '^held (%d+)([^\n]*)')
  if ttl and lease > now and lease < leaseEnd then
    redis.call('ZADD', KEYS[1], text(leaseEnd), ARGV[i])
    redis.call('PEXPIRE', reservation, ttl)
    keep(KEYS[1], tonumber(ttl))
    eachHeld(held, function(key) keep(key, tonumber(ttl) - 3 * GRACE) end)
  end
end
return 1
