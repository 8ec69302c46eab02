-- Ends a reservation with nothing used. A call that was never admitted is remembered as ended, so that an admission
-- still on its way books nothing.
-- KEYS: leases, reservation. ARGV: now or '', call.
-- Returns 1, or 0 where the reservation had ended before.

local now = tonumber(ARGV[1]) or clock()
local lease = redis.call('ZSCORE', KEYS[1], ARGV[2])
if lease and tonumber(lease) > now then
  finish(KEYS[1], KEYS[2], ARGV[2], function() return 0 end, function() return 0, 0, false end, now, now)
  return 1
end
local known = redis.call('GET', KEYS[2])
if not known or tonumber(string.match(known, '^ended (%d+)') or now + 1) <= now then
  redis.call('SET', KEYS[2], 'ended ' .. text(now + ENDED), 'PX', text(ENDED))
end
return 0
