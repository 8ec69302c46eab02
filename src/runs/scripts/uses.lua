-- Uses of tools, put before each of the scripts that follow. tool-use-memory.ts says the same for memory.
-- A use is stored as `state\ntold\nargs digest\npath\nname`: state is `asked`, `joined` or `told`, told a digest of what was
-- told of it, path the runs from the root down with slashes between, empty where nobody knows who asked.

local function parsed(text)
  if not text then return nil end
  local state, told, digest, path, name = string.match(text, '^(%a+)\n(%x*)\n(%x*)\n([^\n]*)\n(.*)$')
  if not state then return nil end
  return { state = state, told = told, digest = digest, path = path, name = name }
end

local function load(key) return parsed(redis.call('GET', key)) end

local function save(key, use, ttl)
  local text = table.concat({ use.state, use.told, use.digest, use.path, use.name }, '\n')
  redis.call('SET', key, text, 'PX', ttl)
end

-- The uses that a list names, in the order in which they were asked for.
local function alike(list)
  local uses = {}
  for _, key in ipairs(redis.call('LRANGE', list, 0, -1)) do
    local use = load(key)
    if use then
      use.key = key
      uses[#uses + 1] = use
    end
  end
  return uses
end
