-- Counts what one person said of an approval. Who may say it was looked at before: that never changes.
-- KEYS: the approval, all approvals of the tenant, id of the binding's last approval, those pending of the run's tree.
-- ARGV: now or '-', id, person, `approve` or `deny`, the rest of the vote (JSON), how long it is remembered in ms.
-- Returns `counted` or `final` with the approval, or `unknown`.

local now = clock(ARGV[1])
local a = load(KEYS[1])
if not a then return { 'unknown' } end
if stateOf(a, now) ~= 'pending' then return told('final', KEYS[1], now) end

local field = 'v:' .. ARGV[3]
local said = string.match(redis.call('HGET', KEYS[1], field) or '', '^%d+ (%S+)')
if said ~= ARGV[4] then redis.call('HSET', KEYS[1], field, text(now) .. ' ' .. ARGV[4] .. ' ' .. ARGV[5]) end

local verdict
if ARGV[4] == 'deny' then
  verdict = 'denied'
else
  local votes = 0
  for _, name in ipairs(redis.call('HKEYS', KEYS[1])) do
    if string.sub(name, 1, 2) == 'v:' then votes = votes + 1 end
  end
  if votes >= a.approvers then verdict = 'approved' end
end
if verdict then
  local life = a.grant + tonumber(ARGV[6])
  redis.call('HSET', KEYS[1], 'verdict', verdict, 'until', text(now + a.grant))
  redis.call('PEXPIRE', KEYS[1], text(life))
  keep(KEYS[2], life)
  if redis.call('GET', KEYS[3]) == ARGV[2] then redis.call('PEXPIRE', KEYS[3], text(life)) end
  redis.call('ZREM', KEYS[4], ARGV[2])
end
return told('counted', KEYS[1], now)
