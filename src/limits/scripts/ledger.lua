-- The arithmetic of one counter, put before each of the scripts. rolling-counter.ts and calendar-counter.ts say the
-- same for memory. Numbers are whole and go out through text(): Lua may print a large one as 9.0e+15.

local function text(n) return string.format('%.0f', n) end

local function clock()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

-- Makes a key live for at least `ms` and the grace. Extends in steps of the grace, so that most changes write no expiry.
local function keep(key, ms)
  local isShort = redis.call('PTTL', key) < ms + GRACE
  if isShort then redis.call('PEXPIRE', key, text(ms + 2 * GRACE)) end
  return isShort
end

-- A counter as it is stored; its window is the last part of its key. rolling: ms, from = first slot kept, to = last slot
-- written; calendar: from = start of the period, to = its end, 0 where it was charged after its end. nil where there is none.
local function load(key, window)
  local v = redis.call('HMGET', key, 'held', 'settled', 'from', 'to')
  if not v[1] then return nil end
  return {
    key = key, window = window, ms = tonumber(window), held = tonumber(v[1]), settled = tonumber(v[2]),
    from = tonumber(v[3]), to = tonumber(v[4]), span = 0,
  }
end

local function begin(key, window)
  return {
    key = key, window = window, ms = tonumber(window), held = 0, settled = 0, from = window == 'calendar' and -1 or 0,
    to = -1, span = 0, moved = true, begun = true,
  }
end

local function width(c) return math.ceil(c.ms / SLOTS) end

local function firstSlot(c, now) return math.floor((now - c.ms + 1) / width(c)) end

-- When all that was spent in a slot has left the window.
local function endOfSlot(c, slot) return (slot + 1) * width(c) - 1 + c.ms end

local function fields(from, to)
  local names = {}
  for slot = from, to do names[#names + 1] = text(slot) end
  return names
end

-- rolling: takes out of the total what has left the window.
local function advance(c, now)
  local first = firstSlot(c, now)
  if first <= c.from then return end
  local gone = fields(c.from, math.min(first - 1, c.to))
  c.from = first
  c.to = math.max(c.to, first - 1)
  c.moved = true
  if #gone == 0 then return end
  for _, amount in ipairs(redis.call('HMGET', c.key, unpack(gone))) do
    c.settled = c.settled - tonumber(amount or 0)
  end
  c.gone = gone
end

-- Brings a counter to the moment of an admission.
local function enter(c, now, starts, ends)
  if c.ms then return advance(c, now) end
  if c.window ~= 'calendar' then return end
  if starts > c.from then
    c.settled, c.from, c.to, c.moved = 0, starts, ends, true
  elseif c.to == 0 and ends > c.from then
    c.from, c.to, c.moved = starts, ends, true
  end
end

local function chargeRolling(c, amount, at, now)
  advance(c, now)
  local slot = math.floor(at / width(c))
  if slot < firstSlot(c, now) then return end
  slot = math.max(slot, c.from)
  c.settled = c.settled + amount
  if slot > c.to then c.to, c.moved = slot, true end
  redis.call('HINCRBY', c.key, text(slot), text(amount))
end

local function chargeCalendar(c, amount, at, now)
  if c.to ~= 0 and at < c.from and now >= c.from then return end
  if at >= c.to then
    if c.to > 0 then
      c.settled, c.span = 0, 2 * (c.to - c.from)
    end
    c.from, c.to, c.moved = math.max(c.from, at), 0, true
  end
  c.settled = c.settled + amount
end

-- Books what was spent at a time, `now` or earlier.
local function charge(c, amount, at, now)
  if amount == 0 or c.window == 'none' then return end
  if c.ms then chargeRolling(c, amount, at, now)
  elseif c.window == 'life' then c.settled = c.settled + amount
  else chargeCalendar(c, amount, at, now) end
end

local function span(c, now)
  if c.ms then return c.ms + width(c) end
  if c.window == 'life' then return LIFE end
  return math.max(c.span, c.to - now, 0)
end

-- An expiry counts from the slot or period, so it is looked at when that has moved; what is only held has neither.
local function save(c, now)
  if c.moved then
    redis.call('HSET', c.key, 'held', text(c.held), 'settled', text(c.settled), 'from', text(c.from), 'to', text(c.to))
  else
    redis.call('HSET', c.key, 'held', text(c.held), 'settled', text(c.settled))
  end
  if c.gone then redis.call('HDEL', c.key, unpack(c.gone)) end
  if c.moved or c.window == 'none' or c.window == 'life' then keep(c.key, span(c, now)) end
end

local function resetMs(c, now)
  if c.settled + c.held == 0 or c.window == 'none' or c.window == 'life' then return 0 end
  if not c.ms then return math.max(0, c.to - now) end
  local newest = c.to
  if c.held > 0 then newest = math.max(newest, math.floor(now / width(c))) end
  return endOfSlot(c, newest) - now
end

-- Until settled spending has left the window so far that what is too much now would fit; 0 where waiting does not help.
local function retryMs(c, excess, now)
  if excess > c.settled or c.window == 'none' or c.window == 'life' then return 0 end
  if not c.ms then return math.max(0, c.to - now) end
  local amounts = redis.call('HMGET', c.key, unpack(fields(c.from, c.to)))
  local slot = c.from - 1
  while excess > 0 and slot < c.to do
    slot = slot + 1
    excess = excess - tonumber(amounts[slot - c.from + 1] or 0)
  end
  return endOfSlot(c, slot) - now
end

-- Calls visit(counter key, amount held, index) for each claim of a reservation that held something.
local function eachHeld(held, visit)
  local index = 0
  for key, amount in string.gmatch(held, ' (%S+) (%d+)') do
    index = index + 1
    if key ~= '-' then visit(key, tonumber(amount), index) end
  end
end

-- Something happened in a run or tree at a time; that of a lapsed lease may be older than what has happened since.
local function touch(key, at, now)
  if at < now then at = math.max(at, tonumber(redis.call('HGET', key, 'l') or 0)) end
  redis.call('HSET', key, 'l', text(at))
  return keep(key, LIFE)
end

-- Books on its run, and on its tree, what a call has used. The run is the second line of its reservation: tree, run, list of
-- roots, root, and the tokens and money that it may have used at most; or `-` where no run stands behind it.
local function settleRun(line, spent, at, now)
  local tree, run, roots, root, tokens, money = string.match(line, '^(%S+) (%S+) (%S+) (%S+) (%d+) (%d+)$')
  if not tree then return end
  local isError
  tokens, money, isError = spent(tonumber(tokens), tonumber(money))
  if tokens > 0 then redis.call('HINCRBY', run, 't', text(tokens)) end
  if money > 0 then
    redis.call('HINCRBY', run, 'm', text(money))
    redis.call('HINCRBY', tree, 'spent', text(money))
  end
  if isError then
    redis.call('HINCRBY', run, 'e', 1)
    redis.call('HINCRBY', tree, 'errors', 1)
  end
  touch(run, at, now)
  if touch(tree, at, now) then keep((string.gsub(tree, ':tree:', ':nodes:', 1)), LIFE) end
  redis.call('ZADD', roots, 'XX', 'GT', text(at), root)
end

-- Ends a reservation, booking used(index, amount held) for each claim and spent(tokens, money) on its run. A reservation is
-- stored as `held <ttl>[ <counter> <amount>]…\n<run>\n<states>` with `- 0` for a claim that holds nothing, and once it has
-- ended as `ended <remembered until>[\n<states>]`.
-- Every counter is read before anything is written: one that cannot be (it holds something else, or a cluster is moving it)
-- fails the script, and then the reservation still stands and may be ended again.
local function finish(leases, reservation, call, used, spent, at, now)
  redis.call('EXISTS', leases, reservation)
  local held, run, result = string.match(redis.call('GET', reservation) or '', '^held %d+([^\n]*)\n([^\n]*)(.*)$')
  local names, counters = { reservation }, {}
  eachHeld(held or '', function(key) names[#names + 1] = key end)
  redis.call('EXISTS', unpack(names))
  for i = 2, #names do
    counters[names[i]] = counters[names[i]] or load(names[i], string.match(names[i], '[^:]+$'))
  end
  local tree, of = string.match(run or '', '^(%S+) (%S+) ')
  if tree then
    redis.call('EXISTS', tree, of)
    redis.call('HGET', tree, 'rev')
    redis.call('HGET', of, 'b')
  end
  redis.call('ZREM', leases, call)
  if not held then return end
  eachHeld(held, function(key, amount, index)
    local c = counters[key]
    if not c then return end
    c.held = math.max(0, c.held - amount)
    charge(c, used(index, amount), at, now)
    save(c, now)
  end)
  settleRun(run, spent, at, now)
  redis.call('SET', reservation, 'ended ' .. text(now + ENDED) .. result, 'PX', text(ENDED))
end
