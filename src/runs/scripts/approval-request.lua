-- Asks for an approval, or finds the one that stands for its binding.
-- KEYS: id of the binding's last approval, the new approval, all approvals of the tenant, those pending of the run's tree.
-- ARGV: now or '-', id, what stands before an id in a key, body, root, expires in ms, approvers, grant in ms, uses, how long
--       it is remembered in ms, most pending of a tree, most of a tenant.
-- Returns `new` or `stands` with the approval, or `full` and of what.

local now = clock(ARGV[1])
local id, before = ARGV[2], ARGV[3]
local last = redis.call('GET', KEYS[1])
local standing = last and load(before .. last)
if standing and stands(standing, now) then return told('stands', standing.key, now) end

redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', text(now))
if redis.call('ZCARD', KEYS[4]) >= tonumber(ARGV[11]) then return { 'full', 'tree' } end
for _, old in ipairs(redis.call('ZRANGE', KEYS[3], 0, 15)) do
  if redis.call('EXISTS', before .. old) == 0 then redis.call('ZREM', KEYS[3], old) end
end
if redis.call('ZCARD', KEYS[3]) >= tonumber(ARGV[12]) then return { 'full', 'tenant' } end

local expires = now + tonumber(ARGV[6])
local life = tonumber(ARGV[6]) + tonumber(ARGV[10])
redis.call('HSET', KEYS[2], 'body', ARGV[4], 'root', ARGV[5], 'asked', text(now), 'expires', text(expires), 'approvers', ARGV[7],
  'grant', ARGV[8], 'uses', ARGV[9], 'used', '0')
redis.call('PEXPIRE', KEYS[2], text(life))
redis.call('SET', KEYS[1], id, 'PX', text(life))
redis.call('ZADD', KEYS[3], text(now), id)
keep(KEYS[3], life)
redis.call('ZADD', KEYS[4], text(expires), id)
keep(KEYS[4], life)
return told('new', KEYS[2], now)
