-- Remembers what a model's answer asks for.
-- KEYS: per use its key, and the list of those with the same arguments, or its own key again where those are not known.
-- ARGV: lifetime in ms, uses per list, and per use: args digest, path, name.

local ttl, most = ARGV[1], tonumber(ARGV[2])

local function remember(key, list, digest, path, name)
  local before = load(key)
  local same = before and before.name == name and before.digest == digest and before.state ~= 'told'
  local came = before and before.state == 'joined' and before.path == ''
  if not same or came then
    save(key, { state = came and 'joined' or 'asked', told = '', digest = digest, path = path, name = name }, ttl)
  end
  if list == key then return end
  redis.call('LREM', list, 0, key)
  redis.call('RPUSH', list, key)
  redis.call('LTRIM', list, -most, -1)
  redis.call('PEXPIRE', list, ttl)
end

for i = 1, #KEYS / 2 do
  remember(KEYS[2 * i - 1], KEYS[2 * i], ARGV[3 * i], ARGV[3 * i + 1], ARGV[3 * i + 2])
end
return 1
