-- Admits a call against every claim of its chain, or books nothing.
-- KEYS: generation marker, leases, reservation, then the counter of each claim.
-- ARGV: words in one text, which costs the client less than one argument each: now or '-', expected generation or '-',
--       generation to begin with or '-', lease in ms, call, leases to sweep, then per claim: ask, limit, 'hold' or
--       'spend', '1' where enforced, window ('none', 'calendar' or ms); a calendar's start and end follow its window.
-- Returns `kind generation index`, and on a second line per claim `settled held resetMs retryMs`. Kinds: `admitted`;
--         `exceeded`, where `index` is the first claim that does not fit, from 0; `lost`; `gone`, released before.

local word = string.gmatch(ARGV[1], '%S+')
local now = tonumber(word()) or clock()
local expected, first, lease, call, sweep = word(), word(), tonumber(word()), word(), word()
local leases, reservation = KEYS[2], KEYS[3]

local marks = redis.call('MGET', KEYS[1], KEYS[3])
local generation, known = marks[1], marks[2]
if expected ~= '-' and generation ~= expected then return 'lost - -\n' end
if not generation then
  generation = first
  redis.call('SET', KEYS[1], generation)
end

if known then
  local ended = string.match(known, '^ended (%d+)')
  if not ended or tonumber(ended) > now then
    local result = string.match(known, '\n(.*)$')
    return result and 'admitted ' .. generation .. ' -\n' .. result or 'gone - -\n'
  end
end

local prefix = string.sub(reservation, 1, #reservation - #call)
local lapsed = redis.call('ZRANGEBYSCORE', leases, '-inf', text(now), 'WITHSCORES', 'LIMIT', '0', sweep)
local function inFull(_, amount) return amount end
for i = 1, #lapsed, 2 do
  finish(leases, prefix .. lapsed[i], lapsed[i], inFull, tonumber(lapsed[i + 1]), now)
end

local claims, counters, refused = {}, {}, nil
for i = 4, #KEYS do
  local claim = { ask = tonumber(word()), limit = tonumber(word()), mode = word() }
  local enforced, window = word() == '1', word()
  local c = counters[KEYS[i]] or load(KEYS[i], window) or begin(KEYS[i], window)
  counters[KEYS[i]], claim.counter = c, c
  if window == 'calendar' then
    enter(c, now, tonumber(word()), tonumber(word()))
  else
    enter(c, now)
  end
  claim.excess = c.settled + c.held + c.asked + claim.ask - claim.limit
  claim.fits = not enforced or claim.excess <= 0
  if not claim.fits and not refused then refused = i - 4 end
  c.asked = c.asked + claim.ask
  claims[#claims + 1] = claim
end

local function states()
  local words = {}
  for i, claim in ipairs(claims) do
    local c = claim.counter
    local retry = claim.fits and 0 or retryMs(c, claim.excess, now)
    words[i] = text(c.settled) .. ' ' .. text(c.held) .. ' ' .. text(resetMs(c, now)) .. ' ' .. text(retry)
  end
  return table.concat(words, ' ')
end

if refused then
  local reply = 'exceeded ' .. generation .. ' ' .. text(refused) .. '\n' .. states()
  for _, c in pairs(counters) do
    if c.moved and not c.begun then save(c, now) end
  end
  return reply
end

local holds, longest, record = false, 0, {}
for _, claim in ipairs(claims) do
  local c = claim.counter
  if claim.mode == 'hold' then
    c.held = c.held + claim.ask
    holds = true
    record[#record + 1] = c.key .. ' ' .. text(claim.ask)
  else
    charge(c, claim.ask, now, now)
    record[#record + 1] = '- 0'
  end
end
for _, c in pairs(counters) do
  save(c, now)
  longest = math.max(longest, span(c, now))
end

local result = states()
if holds then
  local ttl = longest + 3 * GRACE
  redis.call('SET', reservation, 'held ' .. text(ttl) .. ' ' .. table.concat(record, ' ') .. '\n' .. result, 'PX', text(ttl))
  redis.call('ZADD', leases, text(now + lease), call)
  keep(leases, ttl)
else
  redis.call('SET', reservation, 'ended ' .. text(now + ENDED) .. '\n' .. result, 'PX', text(ENDED))
end
return 'admitted ' .. generation .. ' -\n' .. result
