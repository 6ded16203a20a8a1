"""A call that Redis refuses names the command or keys, and whose right it is; any other failure is told as before."""

from collections.abc import Sequence
from typing import Any

import pytest
from redis.exceptions import NoPermissionError, NoScriptError, ResponseError

from services.runtime.errors import Doubt
from services.runtime.redis_calls import Script
from services.runtime.redis_rights import QUESTION, NamingCalls, asked_of, is_refusal
from services.runtime.redis_wire import Text

PLACE = "redis at 10.0.0.5:6379"
KEY = "medaid:settlement:f2:d:any"


class Refusing:
    """A client whose every script is answered by an error, but for the question, which is answered by what is refused."""

    def __init__(self, error: Exception, refused: Sequence[str] | Exception) -> None:
        self._error, self._refused = error, refused

    async def call(self, script: Script, keys: Sequence[str | bytes], arguments: Sequence[Text]) -> Any:
        if script is not QUESTION:
            raise Doubt(f"{PLACE}: {type(self._error).__name__}") from self._error
        if isinstance(self._refused, Exception):
            raise Doubt(f"{PLACE}: a right is missing") from self._refused
        return [number for number, asked in enumerate(arguments, 1) if str(asked).partition(" ")[0] in self._refused]


class Calls(NamingCalls):
    """Ours over such a client."""

    root = "medaid:settlement:f2:"
    user = "user medaid-view"

    def __init__(self, client: Refusing) -> None:
        self._client = client


@pytest.fixture(autouse=True)
def over_the_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.runtime.redis_calls.RedisCalls.call", lambda self, *asked: self._client.call(*asked))


KEYED = sorted({command.partition(" ")[0] for command in asked_of(KEY) if KEY in command})
OLDER = ResponseError("The user executing the script can't run this command or subcommand script: c8d2efcd, on @user_script:40.")
IN_SCRIPT = ResponseError("ACL failure in script: this user has no permissions to run the command or its subcommand")


@pytest.mark.parametrize(
    ("error", "refused", "told"),
    [
        (IN_SCRIPT, ["HSET"], "HSET"),
        (OLDER, ["HSET"], "HSET"),
        (IN_SCRIPT, ["INFO", "HSETNX"], "INFO, HSETNX"),
        (NoPermissionError("no permissions to access one of the keys"), KEYED, "any command on keys that begin with medaid:settlement:f2:"),
        (NoPermissionError("no permissions to run evalsha"), NoPermissionError("the same"), "scripts: EVAL, EVALSHA"),
        (IN_SCRIPT, [], "just now everything again"),
    ],
    ids=["a command", "as Redis 7.0 says it", "two", "keys", "scripts", "given back meanwhile"],
)
async def test_what_is_refused_is_named(error: Exception, refused: Sequence[str] | Exception, told: str) -> None:
    calls = Calls(Refusing(error, refused))
    with pytest.raises(Doubt) as doubt:
        await calls.call(Script("return 1"), [], [])
    assert str(doubt.value) == f"{PLACE}: user medaid-view may not run {told} (ACL)"
    assert doubt.value.__cause__ is error


async def test_what_is_no_matter_of_rights_is_told_as_it_was() -> None:
    calls = Calls(Refusing(ConnectionError("away"), []))
    with pytest.raises(Doubt, match=r"6379: ConnectionError$"):
        await calls.call(Script("return 1"), [], [])


def test_what_counts_as_a_refusal() -> None:
    assert is_refusal(IN_SCRIPT)
    assert is_refusal(NoPermissionError("x"))
    assert not is_refusal(NoScriptError("no such script"))
    assert not is_refusal(None)
