-- What all scripts of the journal share, put before each of them. runs/journal-memory.ts says the same for memory.
-- KEYS: the entry, the tree's index. An entry is a hash: s state, c its call, d digest, n step, l end of the lease, u until
-- when it is kept, f facts, o outcome, h head and b body of the answer, x attempt to undo it, p what it was before that.
-- The index has the entries of a tree by step. Times are milliseconds since the epoch.

local function text(n) return string.format('%.0f', n) end

local function clock(said)
  if tonumber(said) then return tonumber(said) end
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

-- Fields of an entry that is still kept, with the state that it is in by now; nil where there is none.
local function load(key, now)
  local v = redis.call('HMGET', key, 's', 'c', 'd', 'n', 'l', 'u', 'x', 'p')
  if not v[1] or tonumber(v[6]) <= now then return nil end
  local state, lapsed = v[1], tonumber(v[5]) <= now
  if state == 'running' and lapsed then state = 'unknown' end
  if state == 'undoing' and lapsed then state = 'undo-unknown' end
  return {
    state = state, call = v[2], digest = v[3], step = v[4], kept = tonumber(v[6]), attempt = v[7], before = v[8],
  }
end

-- Lets a key live for at least so long.
local function stay(key, ms)
  if redis.call('PTTL', key) < ms then redis.call('PEXPIRE', key, text(ms)) end
end

-- Keeps an entry, and the index with it, for at least so long from now.
local function keep(key, index, known, now, ms)
  if known < now + ms then redis.call('HSET', key, 'u', text(now + ms)) end
  stay(key, ms)
  stay(index, ms)
end
