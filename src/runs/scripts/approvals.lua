-- The states of an approval, put before each of its scripts. approval-rules.ts says the same for memory.
-- An approval is a hash: body (what was asked, JSON), root, asked, expires, approvers, grant, uses; verdict and until once
-- decided; v:<person> per vote, `<time> <verdict> <JSON>`; u:<call> per use; used, their number.
-- Numbers are whole and go out through text(): Lua may print a large one as 9.0e+15.

local function text(n) return string.format('%.0f', n) end

local function clock(now)
  if tonumber(now) then return tonumber(now) end
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

-- nil where there is none.
local function load(key)
  local v = redis.call('HMGET', key, 'expires', 'verdict', 'until', 'used', 'uses', 'approvers', 'grant', 'root')
  if not v[1] then return nil end
  return {
    key = key, expires = tonumber(v[1]), verdict = v[2] or '', till = tonumber(v[3] or 0), used = tonumber(v[4]),
    uses = tonumber(v[5]), approvers = tonumber(v[6]), grant = tonumber(v[7]), root = v[8],
  }
end

local function stateOf(a, now)
  if a.verdict == '' then return now < a.expires and 'pending' or 'expired' end
  if a.verdict == 'denied' then return 'denied' end
  if a.used >= a.uses then return 'used' end
  return now < a.till and 'approved' or 'expired'
end

local function stands(a, now)
  local state = stateOf(a, now)
  return state == 'pending' or state == 'approved' or (state == 'denied' and now < a.till)
end

-- Makes a key live for at least `ms`.
local function keep(key, ms)
  if redis.call('PTTL', key) < ms then redis.call('PEXPIRE', key, text(ms)) end
end

-- What is told of an approval: when, and all that is stored.
local function told(word, key, now) return { word, text(now), redis.call('HGETALL', key) } end
