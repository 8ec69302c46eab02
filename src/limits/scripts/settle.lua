-- Ends reservations of one tenant with what was truly used.
-- KEYS: leases, then a reservation per call. The counters stand in the reservation and have the tenant's hash tag.
-- ARGV: words in one text: now or '-', then per call: call, how many amounts follow, and what was used, per claim of the
--       chain, in full where it does not say; then tokens and money that its run has used, '-' for what it asked, and '1' for
--       an error.
-- Returns a character per call: 1, or 0 where the reservation had ended before.

local word = string.gmatch(ARGV[1], '%S+')
local now = tonumber(word()) or clock()
local ends = {}
for i = 2, #KEYS do
  local call, used = word(), {}
  for index = 1, tonumber(word()) do used[index] = tonumber(word()) end
  local tokens, money, isError = tonumber(word()), tonumber(word()), word() == '1'
  local function spent(most, dearest) return tokens or most, money or dearest, isError end
  local lease = redis.call('ZSCORE', KEYS[1], call)
  if lease and tonumber(lease) > now then
    finish(KEYS[1], KEYS[i], call, function(index, amount) return used[index] or amount end, spent, now, now)
    ends[i - 1] = '1'
  else
    ends[i - 1] = '0'
  end
end
return table.concat(ends)
