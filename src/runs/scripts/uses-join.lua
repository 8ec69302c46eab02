-- Finds who asked for a call of a tool, and notes that it came by.
-- KEYS: the list of uses with its arguments, and the use that the client names, where it names one.
-- ARGV: lifetime in ms, args digest, name of the tool as its server has it.
-- Returns the path of the run, empty where nobody knows.

local ttl, digest, tool = ARGV[1], ARGV[2], ARGV[3]

local function byId(key)
  if not key then return '' end
  local use = load(key)
  if not use then
    save(key, { state = 'joined', told = '', digest = digest, path = '', name = tool }, ttl)
    return ''
  end
  if use.state == 'asked' then
    use.state = 'joined'
    save(key, use, ttl)
  end
  return use.path
end

-- `mcp__github__get_issue` names `get_issue`.
local function names(written)
  if written == tool then return true end
  if tool == '' or #written <= #tool or string.sub(written, -#tool) ~= tool then return false end
  return string.match(string.sub(written, -#tool - 1, -#tool - 1), '[^%w]') ~= nil
end

local function byArguments(list)
  local last
  for _, use in ipairs(alike(list)) do
    if names(use.name) then
      if use.state == 'asked' then
        use.state = 'joined'
        save(use.key, use, ttl)
        return use.path
      end
      last = use
    end
  end
  return last and last.path or ''
end

local path = byId(KEYS[2])
if path ~= '' then return path end
return byArguments(KEYS[1])
