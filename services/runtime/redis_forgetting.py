"""Keys of a view dropped in small steps: its own, for it to be healed from nothing, or those that another format has left.

Formats of one view lie side by side: `<prefix>f<N>:`, and `<prefix>` alone for format 1, of before there were numbers. They share one hash `healed`: the
mark of a lane says in which run *and* format it was healed last, so that of all formats one at most has all marks, and with them an open gate. Each
format has a life of its own there; while it is `forgetting:<token>` nobody heals or writes that format, and only the bearer of the token drops its keys.
"""

from collections.abc import AsyncGenerator, Iterable, Sequence
from uuid import uuid4

from services.runtime.errors import Doubt
from services.runtime.redis_calls import RedisCalls, Script
from services.runtime.redis_scripts import FORGETTING, GATE, POLICY, REFUSE_ONLY, RUN_OF
from services.runtime.redis_wire import Text

FORGET_KEYS = 1_000
"""Keys looked at in one step."""

_FORGET = Script(
    "#!lua"
    + POLICY
    + REFUSE_ONLY
    + RUN_OF
    + GATE
    + """
if not is_open(tonumber(ARGV[2])) then return -1 end
local marks, ends = redis.call('HGETALL', KEYS[2]), redis.call('HGET', KEYS[2], ARGV[3])
for i = 1, #marks, 2 do
  if ends and marks[i] ~= ARGV[3] and string.find(marks[i + 1], ends, 1, true) then redis.call('HDEL', KEYS[2], marks[i]) end
end
redis.call('HSET', KEYS[2], ARGV[3], ARGV[4])
return redis.call('DEL', unpack(KEYS, 3))
"""
)
"""Arguments: how many lanes must be healed in the mark's format, 0 where that does not matter; the field of the life to end; `FORGETTING` and a token.
Keys: any watermark, healed, all watermarks of what is forgotten. Returns how many there were, or -1: the gate is shut."""

_DROP = Script(
    "#!lua"
    + POLICY
    + REFUSE_ONLY
    + RUN_OF
    + GATE
    + """
if redis.call('HGET', KEYS[2], ARGV[3]) ~= ARGV[4] or not is_open(tonumber(ARGV[2])) then return -1 end
if #KEYS == 2 then return redis.call('HDEL', KEYS[2], ARGV[3]) end
return redis.call('UNLINK', unpack(KEYS, 3))
"""
)
"""Arguments: as of `FORGET`. Keys: any watermark, healed, what is to be dropped; nothing else ends the forgetting. Returns how many, or -1: somebody
else has begun to forget, or has finished, or the gate is shut; who wakes late drops nothing that was healed since."""

_LIFE = "life"


def mark_of(format: int) -> str:
    """How runs of a format end."""
    return "" if format == 1 else f"-f{format}"


def life_of(format: int) -> str:
    """The field of `healed` that holds a format's life."""
    return _LIFE + mark_of(format)


def root_of(prefix: str, format: int) -> str:
    """How the keys of a format begin."""
    return prefix if format == 1 else f"{prefix}f{format}:"


def formats_of(fields: Iterable[bytes]) -> list[int]:
    """The formats that have a life in `healed`, by its fields."""
    lives = [field.decode(errors="replace") for field in fields]
    return sorted(1 if life == _LIFE else int(life.removeprefix(f"{_LIFE}-f")) for life in lives if life.startswith(_LIFE))


def is_forgetting(run: str) -> bool:
    """Whether `run` is that of a view that is being emptied."""
    return FORGETTING in run


class Forgetting:
    """One way through the keys of a format, under a token of its own."""

    def __init__(
        self, calls: RedisCalls, keys: Sequence[str], watermarks: Sequence[str], patterns: Sequence[str], arguments: Sequence[Text]
    ) -> None:
        """Arguments of the scripts, but for the token, and what to look for."""
        self._calls = calls
        self._keys = keys
        self._watermarks = watermarks
        self._patterns = patterns
        self._arguments = [*arguments, FORGETTING + uuid4().hex]

    async def run(self) -> AsyncGenerator[int, None]:
        """Drop everything, in steps; broken off, to be repeated.

        Yields:
            The number of keys dropped so far.

        Raises:
            Doubt: Redis is away, or it is not, or no longer, ours to drop.
        """
        dropped = await self._ask(_FORGET, self._watermarks)
        for pattern in self._patterns:
            cursor, is_begun = 0, False
            while cursor or not is_begun:
                cursor, keys = await self._calls.scan(cursor, pattern, FORGET_KEYS)
                is_begun = True
                dropped += await self._ask(_DROP, keys) if keys else 0
                yield dropped
        await self._ask(_DROP, [])  # a new life may begin

    async def _ask(self, script: Script, keys: Sequence[str | bytes]) -> int:
        """Ask a script.

        Raises:
            Doubt: It refuses.
        """
        count = int(await self._calls.call(script, [*self._keys, *keys], self._arguments))
        if count < 0:
            raise Doubt("redis: somebody else has begun to empty the view, or lanes of its format are at work")
        return count
