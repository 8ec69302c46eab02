-- Stops a tenant or an agent of it, or lets it go on.
-- KEYS: stops. ARGV: scope, the stop or `-`.
-- Returns 1.

if ARGV[2] == '-' then
  redis.call('HDEL', KEYS[1], ARGV[1])
else
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
end
redis.call('HINCRBY', KEYS[1], 'rev', 1)
return 1
