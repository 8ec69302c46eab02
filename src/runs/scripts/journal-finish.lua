-- Records how a call ended; also of one whose lease has lapsed, since it knows.
-- KEYS: entry, index. ARGV: now or '-', call, outcome, keep in ms, and head and body of the answer where it is kept.
-- Returns 1, or 0 where the entry is not the call's.

local now = clock(ARGV[1])
local known = load(KEYS[1], now)
if not known or known.call ~= ARGV[2] then return 0 end
if known.state ~= 'running' and known.state ~= 'unknown' then return 1 end
if ARGV[5] then
  redis.call('HSET', KEYS[1], 's', 'done', 'o', ARGV[3], 'h', ARGV[5], 'b', ARGV[6])
else
  redis.call('HSET', KEYS[1], 's', 'large', 'o', ARGV[3])
end
keep(KEYS[1], KEYS[2], known.kept, now, tonumber(ARGV[4]))
return 1
