-- Ends a reservation with what was truly used.
-- KEYS: leases, reservation. The counters stand in the reservation and have the tenant's hash tag.
-- ARGV: now or '', call, then what was used, per claim of the chain; in full where it does not say.
-- Returns 1, or 0 where the reservation had ended before.

local now = tonumber(ARGV[1]) or clock()
local lease = redis.call('ZSCORE', KEYS[1], ARGV[2])
if not lease or tonumber(lease) <= now then return 0 end

local function actual(index, amount) return tonumber(ARGV[index + 2] or amount) end
finish(KEYS[1], KEYS[2], ARGV[2], actual, now, now)
return 1
