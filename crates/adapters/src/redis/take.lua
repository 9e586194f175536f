-- Takes one from each of some counters that one server keeps, or from none when one of them has no room.
--
-- A counter is a sorted set: what is counted, and the instant (in milliseconds) at which it stops to count. The whole
-- part of a score is that instant; its fraction, in 1024ths, tells two writings within one millisecond apart, so that
-- one can be undone and the other stays.
--
-- KEYS: the counters, no two alike; on a cluster all with one hash tag.
-- ARGV: now, a mark from 0 to 1023, how much longer than its members a counter is kept, how long what was taken is
--       young; then for each counter: what is counted, when it stops to count, how much there may be.
-- Answers {n, instant, firm} when the n-th counter is the first without room, and has room again at that instant; firm
-- is 0 when it would have room but for what is young, which may be given back at once. Otherwise answers
-- {0, and for each counter: the former score of what is counted or '', its score now}.

local now, mark, slack, youth = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])

local function argument(i, n)
  return ARGV[3 * i + n + 1]
end

-- What has stopped to count goes first, from each: neither may be left from before when another one has no room.
local gone = string.format('(%.0f', now + 1)
for _, key in ipairs(KEYS) do
  redis.call('ZREMRANGEBYSCORE', key, '-inf', gone)
end

local held, count = {}, {}
for i, key in ipairs(KEYS) do
  count[i] = redis.call('ZCARD', key)
  held[i] = count[i] > 0 and redis.call('ZSCORE', key, argument(i, 1))
  local surplus = count[i] - tonumber(argument(i, 3))
  if not held[i] and surplus >= 0 then
    -- As many must go as are too many, this one included.
    local last_to_go = redis.call('ZRANGE', key, surplus, surplus, 'WITHSCORES')[2]
    local young = redis.call('ZCOUNT', key, string.format('(%.0f', tonumber(argument(i, 2)) - youth), '+inf')
    return {i, math.floor(tonumber(last_to_go or argument(i, 2))), young <= surplus and 1 or 0}
  end
end

local answer = {0}
for i, key in ipairs(KEYS) do
  local ends, fraction = tonumber(argument(i, 2)), mark
  local former = tonumber(held[i] or '-1')
  if math.floor(former) == ends then
    -- Written within the same millisecond: the fractions go on, so that no two of them are alike.
    fraction = ((former - ends) * 1024 + 1) % 1024
  end
  local written = string.format('%.17g', ends + fraction / 1024)
  redis.call('ZADD', key, written, argument(i, 1))

  -- A key outlives its members, never the other way round: how long it is kept is only ever prolonged.
  local kept = ends - now + slack
  if count[i] == 0 or redis.call('PTTL', key) < kept then
    redis.call('PEXPIRE', key, string.format('%.0f', kept))
  end
  answer[2 * i] = held[i] or ''
  answer[2 * i + 1] = written
end
return answer
