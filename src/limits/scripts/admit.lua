-- Admits calls of one tenant, one after the other: each against every claim of its chain, or it books nothing.
-- KEYS: generation marker, leases, then the reservations and counters that the words name by their place here.
-- ARGV: the prefix of reservations, and words in one text, which costs the client less than one argument each: now or
--       '-', expected generation or '-', generation to begin with or '-', leases to sweep; then per call: place of its
--       reservation, call, lease in ms, number of claims; and per claim: place of its counter, ask, limit, 'hold' or
--       'spend', '1' where enforced, window ('none', 'calendar' or ms); a calendar's start and end follow its window.
-- Returns the generation, or `lost`, and then a line per call: `admitted`, `exceeded` and the first claim that does not
--         fit, from 0, or `gone`, released before; where it is not gone, `settled held resetMs retryMs` per claim.

local word = string.gmatch(ARGV[2], '%S+')
local function number()
  local digits = word()
  return digits and tonumber(digits)
end
local now = number() or clock()
local expected, first, sweep = word(), word(), word()
local leases = KEYS[2]

-- `closed:…` while the ledger is rebuilt, `rebuilt:…` once whoever lost it may go on with it.
local generation = redis.call('GET', KEYS[1])
local state = generation and string.match(generation, '^(%a+):')
if state == 'closed' then return 'lost' end
if expected ~= '-' and generation ~= expected and state ~= 'rebuilt' then return 'lost' end
if not generation then
  generation = first
  redis.call('SET', KEYS[1], generation)
end

local function sweepLapsed()
  local lapsed = redis.call('ZRANGEBYSCORE', leases, '-inf', text(now), 'WITHSCORES', 'LIMIT', '0', sweep)
  local function inFull(_, amount) return amount end
  for i = 1, #lapsed, 2 do
    finish(leases, ARGV[1] .. lapsed[i], lapsed[i], inFull, tonumber(lapsed[i + 1]), now)
  end
end

local function readClaims()
  local claims = {}
  for i = 1, number() do
    local key, ask, limit, mode, enforced, window = KEYS[number()], number(), number(), word(), word() == '1', word()
    local claim = { key = key, ask = ask, limit = limit, mode = mode, enforced = enforced, window = window }
    if window == 'calendar' then claim.starts, claim.ends = number(), number() end
    claims[i] = claim
  end
  return claims
end

-- By key; false where there is none. Shared by the calls, and stored once behind the last of them.
local counters = {}

local function loadAll(claims)
  for _, claim in ipairs(claims) do
    if counters[claim.key] == nil then counters[claim.key] = load(claim.key, claim.window) or false end
  end
end

-- Brings the counters to the moment, each as its claim comes. Gives the first claim that does not fit, from 0, or nil.
local function refusedBy(claims)
  local refused
  for i, claim in ipairs(claims) do
    local c = counters[claim.key] or begin(claim.key, claim.window)
    counters[claim.key], claim.counter = c, c
    enter(c, now, claim.starts, claim.ends)
    c.asked = (c.asked or 0) + claim.ask
    claim.excess = c.settled + c.held + c.asked - claim.limit
    claim.fits = not claim.enforced or claim.excess <= 0
    if not claim.fits and not refused then refused = i - 1 end
  end
  for _, claim in ipairs(claims) do claim.counter.asked = nil end
  return refused
end

-- A call that is refused begins no counter.
local function forget(claims)
  for _, claim in ipairs(claims) do
    if claim.counter.begun and not claim.counter.booked then counters[claim.key] = false end
  end
end

local function states(claims)
  local words = {}
  for i, claim in ipairs(claims) do
    local c = claim.counter
    local retry = claim.fits and 0 or retryMs(c, claim.excess, now)
    words[i] = text(c.settled) .. ' ' .. text(c.held) .. ' ' .. text(resetMs(c, now)) .. ' ' .. text(retry)
  end
  return table.concat(words, ' ')
end

local function book(claims)
  local record, holds, longest = {}, false, 0
  for i, claim in ipairs(claims) do
    local c = claim.counter
    if claim.mode == 'hold' then
      c.held = c.held + claim.ask
      holds = true
      record[i] = c.key .. ' ' .. text(claim.ask)
    else
      charge(c, claim.ask, now, now)
      record[i] = '- 0'
    end
    c.booked = true
  end
  for _, claim in ipairs(claims) do longest = math.max(longest, span(claim.counter, now)) end
  return holds, longest, table.concat(record, ' ')
end

local function reserve(reservation, call, lease, claims)
  local holds, longest, record = book(claims)
  local result = states(claims)
  if holds then
    local ttl = longest + 3 * GRACE
    redis.call('SET', reservation, 'held ' .. text(ttl) .. ' ' .. record .. '\n' .. result, 'PX', text(ttl))
    redis.call('ZADD', leases, text(now + lease), call)
    keep(leases, ttl)
  else
    redis.call('SET', reservation, 'ended ' .. text(now + ENDED) .. '\n' .. result, 'PX', text(ENDED))
  end
  return 'admitted ' .. result
end

-- What the call was told before, where it was.
local function told(reservation)
  local known = redis.call('GET', reservation)
  if not known then return nil end
  local ended = string.match(known, '^ended (%d+)')
  if ended and tonumber(ended) <= now then return nil end
  local result = string.match(known, '\n(.*)$')
  return result and 'admitted ' .. result or 'gone'
end

local calls, isNew = {}, false
local place = number()
while place do
  local call = { reservation = KEYS[place], id = word(), lease = number() }
  call.claims = readClaims()
  call.line = told(call.reservation)
  isNew = isNew or not call.line
  calls[#calls + 1] = call
  place = number()
end

-- What the calls need is read before anything is booked: what cannot be read fails all, and nothing is half booked.
if isNew then sweepLapsed() end
for _, call in ipairs(calls) do
  if not call.line then loadAll(call.claims) end
end

local lines = { generation }
for i, call in ipairs(calls) do
  local line = call.line
  if not line then
    local refused = refusedBy(call.claims)
    if refused then
      line = 'exceeded ' .. text(refused) .. ' ' .. states(call.claims)
      forget(call.claims)
    else
      line = reserve(call.reservation, call.id, call.lease, call.claims)
    end
  end
  lines[i + 1] = line
end

for _, c in pairs(counters) do
  if c and (c.booked or (c.moved and not c.begun)) then save(c, now) end
end
return table.concat(lines, '\n')
