-- KEYS: a timeline. ARGV: how many steps. Returns the newest, the oldest of them first.

return redis.call('LRANGE', KEYS[1], -tonumber(ARGV[1]), -1)
