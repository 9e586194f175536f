-- Undoes what a take has written, as if it had never been: what it counted first is no longer counted, and what it
-- counted on counts as long as before. What somebody else has written over stays.
--
-- KEYS: for each writing the counter, and beside it a hash of notes; all with one hash tag.
-- ARGV: how long notes are kept, in milliseconds; then for each writing: what is counted, the score that was written,
--       the one before it or ''.

local NOTES_MAX = 1024

local function note(member, score)
  return member .. string.format('%.17g', tonumber(score))
end

for place = 1, #KEYS, 2 do
  local key, notes = KEYS[place], KEYS[place + 1]
  local argument = (place - 1) / 2 * 3 + 1
  local member, written, former = ARGV[argument + 1], ARGV[argument + 2], ARGV[argument + 3]
  local held = redis.call('ZSCORE', key, member)
  if held and tonumber(held) == tonumber(written) then
    -- What it was written over may have been undone meanwhile, and said so in a note. A note is read once: only one
    -- writing can be over another.
    for _ = 1, NOTES_MAX do
      local before = former ~= '' and redis.call('HGET', notes, note(member, former))
      if not before then
        break
      end
      redis.call('HDEL', notes, note(member, former))
      former = before
    end
    if former == '' then
      redis.call('ZREM', key, member)
    else
      redis.call('ZADD', key, former, member)
    end
  elseif held then
    -- Somebody has written over it. If that is undone too, it must not come back.
    redis.call('HSET', notes, note(member, written), former)
    redis.call('PEXPIRE', notes, ARGV[1])
  end
end
return 0
