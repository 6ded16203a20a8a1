"""The Lua scripts of `RedisView`: each method of the port is one of them, one round trip, atomic.

`#!lua` makes Redis 7 test before the script starts, not at some write in it, whether it may write at all (memory, replicas, disk): so it
runs whole or not. A Redis that may evict keys is refused in each of them (EVICTS), which costs nothing that can be measured: the run asks INFO
anyway. All else that can be wrong is tested before the first write, and the watermark is written last.

Keys (all under the view's prefix): `wm:<lane>` hash topic -> offset; `healed` hash lane -> run in which it was healed, and `life` -> a token that is
lost with the data, so that a store emptied under its process is another run too; `d:<key>` documents; `b:<bucket>` index keys with their holders.
Numbers travel as text and are compared as text.
"""

FORGETTING = "forgetting:"
"""How the life of a view begins that is being emptied, by the one whose token follows: nobody else may write or drop anything meanwhile."""

EVICTED = FORGETTING + "evicted"
"""The life of a view whose Redis could evict keys when a lane asked it: what is missing nobody can tell, so it must be emptied by a rebuild."""

_POLICY = """
local info = redis.call('INFO', 'server', 'replication', 'memory')
local policy = string.match(info, 'maxmemory_policy:([%w-]+)') or 'unknown'
local function refuse() return redis.error_reply('EVICTS ' .. policy) end
"""

_REFUSE_ONLY = "if policy ~= 'noeviction' then return refuse() end\n"

_REFUSE = """
if policy ~= 'noeviction' then
  if string.find(policy, 'allkeys', 1, true) == 1 and string.match(info, 'maxmemory:(%d+)') ~= '0' then
    redis.call('HSET', KEYS[2], 'life', '@EVICTED@')
  end
  return refuse()
end
""".replace("@EVICTED@", EVICTED)

_RUN = """
local life = redis.call('HGET', KEYS[2], 'life') or ''
local run = string.match(info, 'run_id:(%x+)') .. '-' .. string.match(info, 'master_replid:(%x+)') .. '-' .. life
"""

_CURSOR = """
local cursor = 0
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

RUN = "#!lua" + _POLICY + _REFUSE + "redis.call('HSETNX', KEYS[2], 'life', ARGV[1])" + _RUN + "return run"
"""Argument: the life that begins where there is none. Keys: any watermark, healed. Returns the run."""

FORGET = "#!lua" + _POLICY + _REFUSE_ONLY + "redis.call('DEL', unpack(KEYS))\nredis.call('HSET', KEYS[2], 'life', ARGV[1])\nreturn 1"
"""Argument: `FORGETTING` and a token. Keys: a watermark, healed, all other watermarks."""

DROP = """#!lua
if redis.call('HGET', KEYS[2], 'life') ~= ARGV[1] then return -1 end
if #KEYS == 2 then return redis.call('DEL', KEYS[2]) end
return redis.call('UNLINK', unpack(KEYS, 3))
"""
"""Argument: as of `FORGET`. Keys: any watermark, healed, what is to be dropped; nothing else ends the forgetting. Returns how many, or -1: somebody
else has begun to forget, or has finished; who wakes late drops nothing that was healed since."""

LOAD = (
    "#!lua"
    + _POLICY
    + _REFUSE
    + _RUN
    + _CURSOR
    + _SAME_WATERMARK
    + _READ
    + """
local healed, open, lanes = redis.call('HVALS', KEYS[2]), 0, take_number()
for i = 1, #healed do
  if healed[i] == run then open = open + 1 end
end
if open < lanes then return {'closed', run} end
if not same_watermark() then return {'moved', run} end
local found, held = documents(), {}
for i = 1, take_number() do
  local bucket, key, holder = take_key(), take(), take()
  if redis.call('HSETNX', bucket, key, holder) == 1 then held[i] = holder else held[i] = redis.call('HGET', bucket, key) end
end
return {'loaded', run, redis.call('HGETALL', KEYS[1]), found, held, holders()}
"""
)
"""Arguments: lanes, watermark (count, then topic, offset …), documents (count, then each: number of fields or -1, fields …),
bookings (count, then key, holder …), peeks (count, then key …). Keys: watermark, healed, documents, buckets of bookings, of peeks."""

PEEK = (
    "#!lua flags=no-writes"
    + _POLICY
    + _REFUSE_ONLY
    + _RUN
    + _CURSOR
    + _READ
    + "return {'loaded', run, redis.call('HGETALL', KEYS[1]), documents(), holders(), holders()}"
)
"""As `LOAD` from the documents on, but bookings (count, then key …) are read only."""

APPLY = (
    "#!lua"
    + _POLICY
    + _REFUSE
    + _RUN
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
