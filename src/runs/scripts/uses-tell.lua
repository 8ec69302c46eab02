-- Says what became of uses that a request tells of, and notes that it told.
-- KEYS: per use its key, and the list of those with the same arguments.
-- ARGV: lifetime in ms, and per use: what is told of it, args digest, name, '1' where its id was made and not given.
-- Returns a line per use: `gateway`, `new` or `known`, and its name.

local ttl = ARGV[1]

-- The next use of that name: one that came by, else one that is open.
local function nextOwn(list, name)
  local open
  for _, use in ipairs(alike(list)) do
    if use.name == name then
      if use.state == 'joined' then return use end
      if use.state == 'asked' then open = open or use end
    end
  end
  return open
end

local function tell(key, list, told, digest, name, made)
  local use = load(key)
  if use and use.state == 'joined' then return 'gateway ' .. use.name end
  if use and use.state == 'told' and use.told == told then return 'known ' .. use.name end
  local own = made == '1' and nextOwn(list, name) or nil
  local came = own ~= nil and own.state == 'joined'
  if own then
    own.state = 'told'
    save(own.key, own, ttl)
  end
  local known = use and use.name or name
  local state = came and 'joined' or 'told'
  save(key, { state = state, told = told, digest = digest, path = use and use.path or '', name = known }, ttl)
  return (came and 'gateway ' or 'new ') .. known
end

local lines = {}
for i = 1, #KEYS / 2 do
  lines[i] = tell(KEYS[2 * i - 1], KEYS[2 * i], ARGV[4 * i - 2], ARGV[4 * i - 1], ARGV[4 * i], ARGV[4 * i + 1])
end
return table.concat(lines, '\n')
