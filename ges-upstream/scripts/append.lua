-- Appends entries to the stream, each unless its attempt was appended before (callback-domain §8.2, §13.1).
--
-- KEYS   the stream, then a key for each attempt
-- ARGV   about how many entries the stream keeps ('' for all), then for each attempt: for how many milliseconds it is
--        remembered, how many texts follow, and these: name, content, name, content …
-- Answers for each attempt {1, id of its entry} or {0, error}. An attempt is remembered exactly when it was appended.

local stream, keep = KEYS[1], ARGV[1]
local before = redis.call('MGET', unpack(KEYS, 2))
local answer, now, at = {}, {}, 2

local function failed(reply)
  return type(reply) == 'table' and reply.err
end

local function append(key, first, many, remember)
  local entry = { 'XADD', stream }
  if keep ~= '' then
    entry[3], entry[4], entry[5] = 'MAXLEN', '~', keep
  end
  entry[#entry + 1] = '*'
  for n = first, first + many - 1 do entry[#entry + 1] = ARGV[n] end
  local id = redis.pcall(unpack(entry))
  if failed(id) then return { 0, id.err } end
  local set = redis.pcall('SET', key, id, 'PX', remember)
  if failed(set) then
    redis.call('XDEL', stream, id)
    return { 0, set.err }
  end
  now[key] = id
  return { 1, id }
end

for n = 2, #KEYS do
  local key, remember, many = KEYS[n], ARGV[at], tonumber(ARGV[at + 1])
  local known = before[n - 1] or now[key]
  answer[n - 1] = known and { 1, known } or append(key, at + 2, many, remember)
  at = at + 2 + many
end
return answer
