"""The Lua scripts of `RedisView`: each method of the port is one of them, one round trip, atomic.

`#!lua` makes Redis 7 test before the script starts, not at some write in it, whether it may write at all (memory, replicas, disk): so it
runs whole or not. A Redis that may evict keys is refused in each of them (EVICTS): the run asks INFO anyway,
and a section more costs some 10 µs. All else that can be wrong is tested before the first write, and the watermark is written last.

Keys: under the view's prefix and its format's (`redis_forgetting.py`) `wm:<lane>` hash topic -> offset; `d:<key>` documents; `b:<bucket>` index keys with
their holders. Under the prefix alone, shared by all formats, `healed`: hash lane -> run in which it was healed last, and for each format `life` -> a
token that is lost with the data, so that a store emptied under its process is another run too. A run ends with its format's mark: a lane healed in one
format is healed in no other, and the gate of a format opens once every lane was healed in it last. Numbers travel as text and are compared as text.

The first argument of each script is the mark of the format.
"""

FORGETTING = "forgetting:"
"""How the life of a view begins that is being emptied, by the one whose token follows: nobody else may write or drop anything meanwhile."""

EVICTED = FORGETTING + "evicted"
"""The life of a view whose Redis could evict keys when a lane asked it: what is missing nobody can tell, so it must be emptied by a rebuild."""

POLICY = """
local info = redis.call('INFO', 'server', 'replication', 'memory')
local policy = string.match(info, 'maxmemory_policy:([%w-]+)') or 'unknown'
local function refuse() return redis.error_reply('EVICTS ' .. policy) end
"""

REFUSE_ONLY = "if policy ~= 'noeviction' then return refuse() end\n"

_REFUSE = """
if policy ~= 'noeviction' then
  if string.find(policy, 'allkeys', 1, true) == 1 and string.match(info, 'maxmemory:(%d+)') ~= '0' then
    redis.call('HSET', KEYS[2], 'life' .. ARGV[1], '@EVICTED@')
    local fields = redis.call('HKEYS', KEYS[2])
    for i = 1, #fields do
      if string.sub(fields[i], 1, 4) == 'life' then redis.call('HSET', KEYS[2], fields[i], '@EVICTED@') end
    end
  end
  return refuse()
end
""".replace("@EVICTED@", EVICTED)

RUN_OF = """
local life = redis.call('HGET', KEYS[2], 'life' .. ARGV[1]) or ''
local store = string.match(info, 'run_id:(%x+)') .. '-' .. string.match(info, 'master_replid:(%x+)') .. '-'
local run = store .. life .. ARGV[1]
"""

GATE = """
local function is_open(lanes)
  local marks, healed = redis.call('HVALS', KEYS[2]), 0
  for i = 1, #marks do
    if marks[i] == run then healed = healed + 1 end
  end
  return healed >= lanes
end
"""

_CURSOR = """
local cursor = 1
local function take() cursor = cursor + 1; return ARGV[cursor] end
local function take_number() return tonumber(take()) end
local key_cursor = 2
local function take_key() key_cursor = key_cursor + 1; return KEYS[key_cursor] end
"""

_SAME_WATERMARK = """
local function same_watermark()
  local count = take_number()
  local same = redis.call('HLEN', KEYS[1]) == count
  for _ = 1, count do
    local topic, offset = take(), take()
    if same and redis.call('HGET', KEYS[1], topic) ~= offset then same = false end
  end
  return same
end
"""

_READ = """
local PART = 4000  -- unpack's stack holds some 8,000 values
local function fields(key, count)
  if count < 0 then return redis.call('HGETALL', key) end
  local values = {}
  for first = 1, count, PART do
    local last = math.min(first + PART - 1, count)
    local part = redis.call('HMGET', key, unpack(ARGV, cursor + first, cursor + last))
    if count <= PART then values = part else for i = 1, #part do values[first + i - 1] = part[i] end end
  end
  cursor = cursor + count
  return values
end
local function documents()
  local found = {}
  for i = 1, take_number() do found[i] = fields(take_key(), take_number()) end
  return found
end
local function holders()
  local found = {}
  for i = 1, take_number() do found[i] = redis.call('HGET', take_key(), take()) end
  return found
end
"""

RUN = "#!lua" + POLICY + _REFUSE + "redis.call('HSETNX', KEYS[2], 'life' .. ARGV[1], ARGV[2])" + RUN_OF + "return run"
"""Argument: the life that begins where there is none. Keys: any watermark, healed. Returns the run."""

LOAD = (
    "#!lua"
    + POLICY
    + _REFUSE
    + RUN_OF
    + GATE
    + _CURSOR
    + _SAME_WATERMARK
    + _READ
    + """
local lane = take()
if not is_open(take_number()) then
  local mark = redis.call('HGET', KEYS[2], lane) or ''
  local is_of_another = mark ~= run and string.sub(mark, 1, #store) == store
  return {is_of_another and 'moved' or 'closed', run}
end
if not same_watermark() then return {'moved', run} end
local found, held = documents(), {}
for i = 1, take_number() do
  local bucket, key, holder = take_key(), take(), take()
  if redis.call('HSETNX', bucket, key, holder) == 1 then held[i] = holder else held[i] = redis.call('HGET', bucket, key) end
end
return {'loaded', run, redis.call('HGETALL', KEYS[1]), found, held, holders()}
"""
)
"""Arguments: lane, lanes, watermark (count, then topic, offset …), documents (count, then each: number of fields or -1, fields …),
bookings (count, then key, holder …), peeks (count, then key …). Keys: watermark, healed, documents, buckets of bookings, of peeks."""

PEEK = (
    "#!lua flags=no-writes"
    + POLICY
    + REFUSE_ONLY
    + RUN_OF
    + _CURSOR
    + _READ
    + "return {'loaded', run, redis.call('HGETALL', KEYS[1]), documents(), holders(), holders()}"
)
"""As `LOAD` from the documents on, but bookings (count, then key …) are read only."""

APPLY = (
    "#!lua"
    + POLICY
    + _REFUSE
    + RUN_OF
    + _CURSOR
    + _SAME_WATERMARK
    + """
local PART = 4000  -- unpack's stack holds some 8,000 values; even, so that field and value stay together
local function write(command, key, count)
  for first = 1, count, PART do
    redis.call(command, key, unpack(ARGV, cursor + first, cursor + math.min(first + PART - 1, count)))
  end
  cursor = cursor + count
end
local lane, healed_in = take(), take()
if string.find(life, 'forgetting:', 1, true) == 1 or healed_in ~= '' and healed_in ~= run then return 0 end
if not same_watermark() then return 0 end
for i = 2, #KEYS do redis.call('HLEN', KEYS[i]) end  -- raises where one is no hash
local watermark_count = take_number()
local watermark_at = cursor
cursor = cursor + watermark_count
for _ = 1, take_number() do
  local key = take_key()
  write('HSET', key, take_number())
  write('HDEL', key, take_number())
end
for _ = 1, take_number() do
  local bucket, key, holder = take_key(), take(), take()
  redis.call('HSET', bucket, key, holder)
end
cursor = watermark_at
redis.call('DEL', KEYS[1])
write('HSET', KEYS[1], watermark_count)
if healed_in ~= '' then redis.call('HSET', KEYS[2], lane, run) end
return 1
"""
)
"""Arguments: lane, run to be healed in or nothing, watermark that must stand (count of topics, then topic, offset …), watermark to write
(count of texts, then topic, offset …), documents (count, then each: count of texts, field, value …, count of fields to delete, fields …),
bookings as in `LOAD`. Keys: watermark, healed, documents, buckets. Returns 1, or 0 with nothing written."""

EXCHANGE = """#!lua
local before = redis.call('HGETALL', KEYS[1])
redis.call('DEL', KEYS[1])
if #ARGV > 0 then redis.call('HSET', KEYS[1], unpack(ARGV)) end
return before
"""
"""Arguments: field, value …, of some hundred regions at most. Key: a hash. Returns what it held before."""
