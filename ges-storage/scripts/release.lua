-- Gives back units that were taken (RateWindows::release). A window that was opened anew since is left alone, and one
-- that nobody else has used closes. What the fields hold is told in reserve.lua.
--
-- KEYS   one hash for each service, and one for the tenant
-- ARGV   for each key: how many units, and for each of them the name of the window and its serial

local at = 1
for _, key in ipairs(KEYS) do
  local many = tonumber(ARGV[at])
  local units, fields = {}, { 'b' }
  for n = 1, many do
    local one = { name = ARGV[at + n * 2 - 1], serial = ARGV[at + n * 2] }
    units[n] = one
    if string.len(one.name) > 2 then fields[#fields + 1] = one.name end
  end
  at = at + 1 + many * 2

  local found = redis.call('HMGET', key, unpack(fields))
  if found[1] then
    local windows, order = {}, {}
    local head, rest = string.match(found[1], '^(%-?%d+ %d+)(.*)$')
    for name, count, ends, serial in string.gmatch(rest, ' (%w+):(%d+):(%-?%d+):(%d+)') do
      windows[name] = { count = tonumber(count), ends = ends, serial = serial }
      order[#order + 1] = name
    end
    for n = 2, #fields do
      local count, ends, serial = string.match(found[n] or '', '^(%d+):(%-?%d+):(%d+)$')
      if count then windows[fields[n]] = { count = tonumber(count), ends = ends, serial = serial } end
    end
    for _, unit in ipairs(units) do
      local window = windows[unit.name]
      if window and window.serial == unit.serial and window.count > 0 then window.count = window.count - 1 end
    end
    local writes, closed, texts, seen = {}, {}, {}, {}
    for n = 2, #fields do
      local name = fields[n]
      local window = windows[name]
      if window and not seen[name] then
        seen[name] = true
        if window.count == 0 then
          closed[#closed + 1] = name
        else
          writes[#writes + 1] = name
          writes[#writes + 1] = string.format('%d:%s:%s', window.count, window.ends, window.serial)
        end
      end
    end
    for _, name in ipairs(order) do
      local window = windows[name]
      if window.count > 0 then
        texts[#texts + 1] = string.format(' %s:%d:%s:%s', name, window.count, window.ends, window.serial)
      end
    end
    writes[#writes + 1] = 'b'
    writes[#writes + 1] = head .. table.concat(texts)
    redis.call('HSET', key, unpack(writes))
    if #closed > 0 then redis.call('HDEL', key, unpack(closed)) end
  end
end
return 1
