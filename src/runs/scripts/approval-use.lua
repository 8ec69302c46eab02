-- Takes one of an approval's uses for a call, or gives it back.
-- KEYS: the approval. ARGV: now or '-', call, `use`, `back`, or `look`, which changes nothing.
-- Returns 1 or 0 (whether the call holds a use; for `back`, whether it held one) with the approval, or `unknown`.

local now = clock(ARGV[1])
local a = load(KEYS[1])
if not a then return { 'unknown' } end
local field = 'u:' .. ARGV[2]
local holds = redis.call('HEXISTS', KEYS[1], field) == 1
if ARGV[3] == 'back' then
  if holds then
    redis.call('HDEL', KEYS[1], field)
    redis.call('HINCRBY', KEYS[1], 'used', '-1')
  end
elseif ARGV[3] == 'use' and not holds and stateOf(a, now) == 'approved' then
  redis.call('HSET', KEYS[1], field, text(now))
  redis.call('HINCRBY', KEYS[1], 'used', '1')
  holds = true
end
return told(holds and '1' or '0', KEYS[1], now)
