-- Admits calls of one tenant, one after the other: each against every claim of its chain, or it books nothing.
-- KEYS: generation marker, leases, stops of the tenant, then the reservations, counters, trees and runs that the words name
--       by their place here.
-- ARGV: what all keys of the tenant begin with, and words in one text, which costs the client less than one argument each: now or
--       '-', expected generation or '-', generation to begin with or '-', leases to sweep; then per call: place of its
--       reservation, call, lease in ms, number of claims; per claim: place of its counter, ask, limit, 'hold', 'spend' or
--       'birth', '1' where enforced, window ('none', 'life', 'calendar' or ms); a calendar's start and end follow its window;
--       and its run, as readRun reads it.
-- Returns the generation, or `lost`, and then a line per call: `admitted`, `exceeded` and the first claim that does not
--         fit, from 0, with `settled held resetMs retryMs` per claim; `gone`, released before; `moved` and what the tree and
--         the tenant's stops hold now; `unborn`, where the run is not known and the words do not say how it begins.

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

local base, stops = ARGV[1], KEYS[3]
local reservations, roots = base .. 'call:', base .. 'roots'

local function sweepLapsed()
  local lapsed = redis.call('ZRANGEBYSCORE', leases, '-inf', text(now), 'WITHSCORES', 'LIMIT', '0', sweep)
  local function inFull(_, amount) return amount end
  local function all(tokens, money) return tokens, money, false end
  for i = 1, #lapsed, 2 do
    finish(leases, reservations .. lapsed[i], lapsed[i], inFull, all, tonumber(lapsed[i + 1]), now)
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

-- What the words say of a call's run: place of its tree ('-' for no run) and of the run, id, root, the revisions of tree and
-- tenant that it was judged by ('*' for any), action, most tokens, most money, path ('-' where the run should be known, else
-- name, source, agent and subject follow), labels, ranges of counters (name, from, below), and counters to add one to; of each
-- of these how many there are.
local function readRun()
  local tree = number()
  if not tree then return nil end
  local run = {
    tree = KEYS[tree], key = KEYS[number()], id = word(), root = word(), revision = word(), tenant = word(),
    action = word(), tokens = word(), money = word(), path = word(), labels = {}, ranges = {}, adds = {},
  }
  if run.path == '-' then run.path = nil else run.birth = { word(), word(), word(), word() } end
  for i = 1, number() do run.labels[i] = word() end
  for i = 1, number() do run.ranges[i] = { name = word(), from = number(), below = number() } end
  for i = 1, number() do run.adds[i] = word() end
  run.idle = number()
  if run.idle then run.ending = word() end
  return run
end

-- By key, for the whole batch: revision and birth of trees, whether runs are born.
local trees, born = {}, {}

local function loadRun(run)
  if not trees[run.tree] then
    local v = redis.call('HMGET', run.tree, 'rev', 'b', 'l')
    trees[run.tree] = { revision = v[1] or '0', born = v[2], last = v[3] }
  end
  if born[run.key] == nil then born[run.key] = redis.call('HEXISTS', run.key, 'b') == 1 end
end

local tenantRevision

-- Ends a tree in which nothing has happened for too long, and with it what the call was judged by.
local function endIdle(run)
  local tree = trees[run.tree]
  if not run.idle or not tree.last or now - tonumber(tree.last) < run.idle then return end
  if redis.call('HSETNX', run.tree, 's:' .. run.root, run.ending) == 1 then
    tree.revision = text(redis.call('HINCRBY', run.tree, 'rev', 1))
  end
end

-- Whether what the call was judged by is no longer so.
local function hasMoved(run)
  endIdle(run)
  tenantRevision = tenantRevision or redis.call('HGET', stops, 'rev') or '0'
  local isKnown = run.revision == trees[run.tree].revision and run.tenant == tenantRevision
  if run.revision ~= '*' and not isKnown then return true end
  for _, range in ipairs(run.ranges) do
    local value = tonumber(redis.call('HGET', run.tree, range.name) or 0)
    if value < range.from or value >= range.below then return true end
  end
  return false
end

local function factsOf(run)
  local words, tree = { 'moved' }, redis.call('HGETALL', run.tree)
  words[2] = text(#tree)
  for _, held in ipairs({ tree, redis.call('HGETALL', stops) }) do
    for _, word in ipairs(held) do words[#words + 1] = word end
  end
  return table.concat(words, ' ')
end

local function beginTree(run, tree)
  tree.born = text(now)
  redis.call('HSET', run.tree, 'rev', tree.revision, 'b', tree.born)
  keep(run.tree, LIFE)
end

local function beginRun(run)
  local name, source, agent, subject = unpack(run.birth)
  born[run.key] = true
  redis.call('HSET', run.key, 'p', run.path, 'n', name, 's', source, 'a', agent, 'u', subject,
    'b', text(now), 'st', 0)
  redis.call('ZADD', base .. 'nodes:' .. run.root, text(now), run.id)
  if run.id == run.root then
    redis.call('ZADD', roots, text(now), run.root)
    redis.call('ZREMRANGEBYSCORE', roots, '-inf', text(now - LIFE - 2 * GRACE))
  end
  keep(run.key, LIFE)
  keep(base .. 'nodes:' .. run.root, LIFE)
end

-- The run's part of an admission.
local function enterRun(run)
  local tree = trees[run.tree]
  if not tree.born then beginTree(run, tree) end
  if not born[run.key] then beginRun(run) end
  redis.call('HINCRBY', run.key, 'st', 1)
  redis.call('HINCRBY', run.key, 'c:' .. run.action, 1)
  redis.call('HSET', run.key, 'l', text(now))
  redis.call('HINCRBY', run.tree, 'steps', 1)
  redis.call('HSET', run.tree, 'l', text(now))
  tree.last = text(now)
  for _, name in ipairs(run.adds) do redis.call('HINCRBY', run.tree, name, 1) end
  local isLabelled = false
  for _, label in ipairs(run.labels) do
    isLabelled = redis.call('HSETNX', run.tree, 'l:' .. label, 1) == 1 or isLabelled
  end
  if isLabelled then tree.revision = text(redis.call('HINCRBY', run.tree, 'rev', 1)) end
end

-- By key; false where there is none. Shared by the calls, and stored once behind the last of them.
local counters = {}

local function loadAll(claims)
  for _, claim in ipairs(claims) do
    if counters[claim.key] == nil then counters[claim.key] = load(claim.key, claim.window) or false end
  end
end

-- Brings the counters to the moment, each as its claim comes. Gives the first claim that does not fit, from 0, or nil.
local function refusedBy(claims, isBorn)
  local refused
  for i, claim in ipairs(claims) do
    local c = counters[claim.key] or begin(claim.key, claim.window)
    counters[claim.key], claim.counter = c, c
    if claim.mode == 'birth' and isBorn then claim.ask = 0 end
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

local function lineOf(run)
  if not run then return '-' end
  return table.concat({ run.tree, run.key, roots, run.root, run.tokens, run.money }, ' ')
end

local function reserve(call)
  local reservation, run = call.reservation, call.run
  local holds, longest, record = book(call.claims)
  local result = states(call.claims)
  if run then enterRun(run) end
  if holds or run then
    local ttl = longest + 3 * GRACE
    local held = 'held ' .. text(ttl) .. ' ' .. record .. '\n' .. lineOf(run) .. '\n' .. result
    redis.call('SET', reservation, held, 'PX', text(ttl))
    redis.call('ZADD', leases, text(now + call.lease), call.id)
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
  local result = string.match(known, ended and '\n(.*)$' or '\n[^\n]*\n(.*)$')
  return result and 'admitted ' .. result or 'gone'
end

local calls, isNew = {}, false
local place = number()
while place do
  local call = { reservation = KEYS[place], id = word(), lease = number() }
  call.claims = readClaims()
  call.run = readRun()
  call.line = told(call.reservation)
  isNew = isNew or not call.line
  calls[#calls + 1] = call
  place = number()
end

-- What the calls need is read before anything is booked: what cannot be read fails all, and nothing is half booked.
if isNew then sweepLapsed() end
for _, call in ipairs(calls) do
  if not call.line then loadAll(call.claims) end
  if not call.line and call.run then loadRun(call.run) end
end

local function answerTo(call)
  local run = call.run
  if run and not born[run.key] and not run.path then return 'unborn' end
  if run and hasMoved(run) then return factsOf(run) end
  local refused = refusedBy(call.claims, run and born[run.key])
  if not refused then return reserve(call) end
  local line = 'exceeded ' .. text(refused) .. ' ' .. states(call.claims)
  forget(call.claims)
  return line
end

local lines = { generation }
for i, call in ipairs(calls) do
  lines[i + 1] = call.line or answerTo(call)
end

for _, c in pairs(counters) do
  if c and (c.booked or (c.moved and not c.begun)) then save(c, now) end
end
return table.concat(lines, '\n')
