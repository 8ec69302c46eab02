-- Ends a reservation with what was truly used.
-- KEYS: leases, reservation. The counters stand in the reservation and have the tenant's hash tag.
-- ARGV: words in one text: now or '-', call, then what was used, per claim of the chain; in full where it does not say.
-- Returns 1, or 0 where the reservation had ended before.

local words = {}
for word in string.gmatch(ARGV[1], '%S+') do words[#words + 1] = word end
local now, call = tonumber(words[1]) or clock(), words[2]
local lease = redis.call('ZSCORE', KEYS[1], call)
if not lease or tonumber(lease) <= now then return 0 end

local function actual(index, amount) return tonumber(words[index + 2] or amount) end
finish(KEYS[1], KEYS[2], call, actual, now, now)
return 1
