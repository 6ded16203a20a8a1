"""Which of the commands that a view needs its user of Redis may not run: asked in a script, of Redis' own rights, without running any of them.

Out: what is refused, by command and key. The commands are read from the scripts themselves. Where scripts are refused, that is all that can be told.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from redis.exceptions import NoPermissionError, ResponseError

from services.runtime import redis_forgetting, redis_scripts
from services.runtime.errors import Doubt
from services.runtime.redis_calls import RedisCalls, Script
from services.runtime.redis_wire import Text

_CALLED: Final = re.compile(r"(?:call|write)\('([A-Z]+)',")
_SOURCES: Final = [
    *(value for name, value in vars(redis_scripts).items() if name.isupper() and isinstance(value, str)),
    *(value.source for value in vars(redis_forgetting).values() if isinstance(value, Script)),
]

QUESTION: Final = Script("""#!lua flags=no-writes
local refused = {}
for number, asked in ipairs(ARGV) do
  local words = {}
  for word in string.gmatch(asked, '%S+') do words[#words + 1] = word end
  if not redis.acl_check_cmd(unpack(words)) then refused[#refused + 1] = number end
end
return refused
""")
"""Arguments: commands with their arguments, by spaces. Returns the numbers of those that the user may not run."""


def asked_of(key: str) -> Sequence[str]:
    """Every command that a view runs, on one of its keys: in its scripts, and by itself."""
    keyed = sorted({name for source in _SOURCES for name in _CALLED.findall(source)} - {"INFO"})
    values = {"HSET": "f v", "HSETNX": "f v", "HGET": "f", "HDEL": "f", "HMGET": "f"}
    return [
        "INFO memory",
        "SCAN 0",
        f"EVAL x 1 {key}",
        f"EVALSHA {QUESTION.sha} 1 {key}",
        *(f"{name} {key} {values.get(name, '')}".strip() for name in keyed),
    ]


def told(refused: Iterable[str], key: str, root: str) -> str:
    """What is refused of `asked_of(key)`, in words: commands, or all keys under `root` where none is allowed on them."""
    names = [command.partition(" ")[0] for command in refused]
    keyed = {command.partition(" ")[0] for command in asked_of(key) if key in command}
    return f"any command on keys that begin with {root}" if keyed <= set(names) else ", ".join(names)


_IN_A_SCRIPT: Final = ("ACL failure in script", "The user executing the script can't")
"""What a script's own command is refused with: Redis 7.0 has the second form."""


def is_refusal(error: BaseException | None) -> bool:
    """Whether Redis refused a command for a right: by itself, or within a script."""
    return isinstance(error, NoPermissionError) or (isinstance(error, ResponseError) and any(words in str(error) for words in _IN_A_SCRIPT))


class NamingCalls(RedisCalls):
    """A client of a view that says which right it was that was missing.

    Attributes:
        root: What the keys of the view begin with.
        user: Who we are to Redis.
    """

    root = ""
    user = "our user"

    async def call(self, script: Script, keys: Sequence[str | bytes], arguments: Sequence[Text]) -> Any:
        """As `RedisCalls`.

        Raises:
            Doubt: Redis is away, or refuses what it names.
        """
        try:
            return await super().call(script, keys, arguments)
        except Doubt as doubt:
            if not is_refusal(doubt.__cause__):
                raise
            why = f"{str(doubt).rpartition(': ')[0]}: {self.user} may not run {await self._refused()} (ACL)"
            raise Doubt(why, doubt.kind) from doubt.__cause__

    async def _refused(self) -> str:
        """What is refused, in words, as far as we may ask."""
        key = f"{self.root}d:any"
        asked = asked_of(key)
        try:
            numbers = await super().call(QUESTION, [], asked)
        except Doubt:
            return "scripts: EVAL, EVALSHA"
        return told([asked[number - 1] for number in numbers], key, self.root) or "just now everything again"
