-- Ends a call that has no result: forgets it where it surely was not sent, else nobody knows what became of it.
-- KEYS: entry, index. ARGV: now or '-', name of the entry, call, 1 where it surely was not sent.
-- Returns 1, or 0 where the entry is not the call's, or has a result.

local known = load(KEYS[1], clock(ARGV[1]))
if not known or known.call ~= ARGV[3] then return 0 end
if known.state ~= 'running' and known.state ~= 'unknown' then return 0 end
if ARGV[4] == '1' then
  redis.call('DEL', KEYS[1])
  redis.call('ZREM', KEYS[2], ARGV[2])
else
  redis.call('HSET', KEYS[1], 's', 'unknown')
end
return 1
