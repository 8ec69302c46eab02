-- How often the calls of one tree of runs gave the same result, one time after the other. loop-memory.ts says the same for
-- memory.
-- KEYS: the tree's chains, a hash: digest of a call → `count last result id,id,…`, last being when it was last carried out.
-- ARGV: now or '-', how long a chain is remembered in ms, chains per tree, ids per chain, and words in one text: per
--       question `look <call>` or `note <call> <result> <id>`.
-- Returns a line per question: how often, how long ago in ms, and 1 where that id was not noted before.

local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
local kept, most, idsMost = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local chains, added = KEYS[1], false

local function load(call)
  local text = redis.call('HGET', chains, call)
  if not text then return nil end
  local count, last, result, ids = string.match(text, '^(%d+) (%d+) (%x+) ([%x,]*)$')
  if not count or now - tonumber(last) >= kept then return nil end
  return { count = tonumber(count), last = tonumber(last), result = result, ids = ids }
end

local function withId(ids, id)
  local list = {}
  for one in string.gmatch(ids, '%x+') do list[#list + 1] = one end
  list[#list + 1] = id
  return table.concat(list, ',', math.max(1, #list - idsMost + 1))
end

local function look(call)
  local chain = load(call)
  if not chain then return '0 0 1' end
  return string.format('%d %.0f 1', chain.count, now - chain.last)
end

local function note(call, result, id)
  local chain = load(call)
  if chain and string.find(',' .. chain.ids .. ',', ',' .. id .. ',', 1, true) then
    return string.format('%d %.0f 0', chain.count, now - chain.last)
  end
  local count = chain and chain.result == result and chain.count + 1 or 1
  local ids = withId(chain and chain.ids or '', id)
  redis.call('HSET', chains, call, string.format('%d %.0f %s %s', count, now, result, ids))
  added = true
  return string.format('%d 0 1', count)
end

-- Where there are too many, the half that was carried out longest ago goes.
local function trim()
  if redis.call('HLEN', chains) <= most then return end
  local all, list = redis.call('HGETALL', chains), {}
  for i = 1, #all, 2 do
    list[#list + 1] = { call = all[i], last = tonumber(string.match(all[i + 1], '^%d+ (%d+)') or '0') }
  end
  table.sort(list, function(one, other)
    if one.last ~= other.last then return one.last < other.last end
    return one.call < other.call
  end)
  local gone = {}
  for i = 1, #list - math.floor(most / 2) do gone[i] = list[i].call end
  redis.call('HDEL', chains, unpack(gone))
end

local word, lines = string.gmatch(ARGV[5], '%S+'), {}
local kind = word()
while kind do
  lines[#lines + 1] = kind == 'look' and look(word()) or note(word(), word(), word())
  kind = word()
end
if added then
  trim()
  redis.call('PEXPIRE', chains, ARGV[2])
end
return table.concat(lines, '\n')
