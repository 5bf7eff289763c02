-- KEYS are hashes with w (the window), a and b (the sums). ARGV: the channel, the first line of the message,
-- then for each key: its ID, WINDOW, MILLISECONDS of it that are left, and twice KNOWN and ADDED.
local message = ARGV[2]
for i, key in ipairs(KEYS) do
  local at = 3 + (i - 1) * 7
  local window, left = tonumber(ARGV[at + 1]), ARGV[at + 2]
  local known_a, added_a = tonumber(ARGV[at + 3]), tonumber(ARGV[at + 4])
  local known_b, added_b = tonumber(ARGV[at + 5]), tonumber(ARGV[at + 6])
  local old = redis.call('HMGET', key, 'w', 'a', 'b')
  local current, a, b = tonumber(old[1] or ''), tonumber(old[2] or '') or 0, tonumber(old[3] or '') or 0
  if not current or window > current then
    -- The first of a window, or of what Redis has lost.
    if window == 0 then
      local time = redis.call('TIME')
      window = time[1] * 1000 + math.floor(time[2] / 1000)
    end
    a, b = known_a + added_a, known_b + added_b
    redis.call('DEL', key)
  elseif window == current then
    a, b = math.max(a, known_a) + added_a, math.max(b, known_b) + added_b
  else
    window, a, b = current, a + added_a, b + added_b
  end
  local w = string.format('%.0f', window)
  local text_a, text_b = string.format('%.17g', a), string.format('%.17g', b)
  redis.call('HSET', key, 'w', w, 'a', text_a, 'b', text_b)
  local rest = redis.call('PTTL', key)
  if rest < 0 then
    redis.call('PEXPIRE', key, left)
    rest = left
  end
  message = message .. '\nsum ' .. ARGV[at] .. ' ' .. w .. ' ' .. rest .. ' ' .. text_a .. ' ' .. text_b
end
redis.call('PUBLISH', ARGV[1], message)
return message
