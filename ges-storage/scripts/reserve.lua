-- Takes one unit of every window named, or of none (RateWindows::reserve).
--
-- KEYS   one hash for each service asked about, and one for the tenant
-- ARGV   now, serial of what is opened now, then for each key: how many windows, and for each of them
--        its place in the question, its name, its limit, its end if it is opened now
-- Names of one or two letters are windows of the service or tenant: all of them together are the field "b". Any other
-- name is the digest of a value that is counted by day, and a field of its own.
--   b      "<end of the last value> <expiry of the key> <name>:<count>:<end>:<serial> …"
--   digest "<count>:<end>:<serial>"
-- Answers {1, serial, …} in the order asked, or {0, place, end} of the window that stays full longest.

local HOUR = 3600000
local now, serial = tonumber(ARGV[1]), ARGV[2]
local at = 3
local taken, worst, groups = {}, nil, {}

local function unpack_window(text)
  local count, ends, of = string.match(text, '^(%d+):(%-?%d+):(%d+)$')
  return count and { count = tonumber(count), ends = ends, serial = of }
end

local function text_of(number)
  return string.format('%.0f', number)
end

for index, key in ipairs(KEYS) do
  local many = tonumber(ARGV[at])
  local asked, fields = {}, { 'b' }
  for n = 1, many do
    local first = at + 1 + (n - 1) * 4
    local one = { place = tonumber(ARGV[first]), name = ARGV[first + 1], limit = tonumber(ARGV[first + 2]), ends = ARGV[first + 3] }
    asked[n] = one
    one.of_value = string.len(one.name) > 2
    if one.of_value then fields[#fields + 1] = one.name end
  end
  at = at + 1 + many * 4

  local group = { key = key, windows = {}, packed = {}, values = {}, values_end = 0, expires = 0 }
  local found = redis.call('HMGET', key, unpack(fields))
  if found[1] then
    local values_end, expires, rest = string.match(found[1], '^(%-?%d+) (%d+)(.*)$')
    group.values_end, group.expires = tonumber(values_end), tonumber(expires)
    for name, window in string.gmatch(rest, ' (%w+):(%S+)') do
      local known = unpack_window(window)
      if now < tonumber(known.ends) then
        group.windows[name] = known
        group.packed[#group.packed + 1] = name
      end
    end
  end
  for n = 2, #fields do
    local known = found[n] and unpack_window(found[n])
    if known and now < tonumber(known.ends) then group.windows[fields[n]] = known end
  end
  group.fresh = now >= group.values_end

  for _, one in ipairs(asked) do
    local known = group.windows[one.name]
    local full = nil
    if known then
      if known.count < one.limit then
        known.count = known.count + 1
        taken[one.place] = known.serial
      else
        full = known.ends
      end
    elseif one.limit == 0 then
      full = one.ends
    else
      group.windows[one.name] = { count = 1, ends = one.ends, serial = serial }
      taken[one.place] = serial
      if not one.of_value then group.packed[#group.packed + 1] = one.name end
    end
    if one.of_value then group.values[one.name] = true end
    if full and (not worst or tonumber(full) > tonumber(worst.ends)
        or (tonumber(full) == tonumber(worst.ends) and one.place < worst.place)) then
      worst = { place = one.place, ends = full }
    end
  end
  groups[index] = group
end

if worst then return { 0, tostring(worst.place), worst.ends } end

for _, group in ipairs(groups) do
  local writes, last, values_end, counts_values = {}, 0, group.values_end, false
  for name in pairs(group.values) do
    local window = group.windows[name]
    writes[#writes + 1] = name
    writes[#writes + 1] = string.format('%d:%s:%s', window.count, window.ends, window.serial)
    values_end = math.max(values_end, tonumber(window.ends))
    counts_values = true
  end
  local texts = {}
  for _, name in ipairs(group.packed) do
    local window = group.windows[name]
    last = math.max(last, tonumber(window.ends))
    texts[#texts + 1] = string.format(' %s:%d:%s:%s', name, window.count, window.ends, window.serial)
  end
  -- Every value counted before has had its day: all of them go at once.
  local expires = group.expires
  if group.fresh and counts_values and group.values_end > 0 then
    redis.call('UNLINK', group.key)
    expires = 0
  end
  last = math.max(last, values_end)
  local renewed = last > expires
  if renewed then expires = last + HOUR end
  writes[#writes + 1] = 'b'
  writes[#writes + 1] = text_of(values_end) .. ' ' .. text_of(expires) .. table.concat(texts)
  redis.call('HSET', group.key, unpack(writes))
  if renewed then redis.call('PEXPIREAT', group.key, text_of(expires)) end
end

local answer = { 1 }
for place = 1, #taken do answer[place + 1] = taken[place] end
return answer
