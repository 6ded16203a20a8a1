"""What the doctor says: a finding is one thing that was looked at, how it is, and how to mend it. No secret and no person stands in one."""

from enum import StrEnum
from typing import NamedTuple

from schemas.foreign import visible


class Level(StrEnum):
    """How it is: as it must be; as nobody should leave it; or so that services cannot run, or money is in danger."""

    OK = "ok"
    WARN = "warn"
    FAIL = "FAIL"


class Finding(NamedTuple):
    """One.

    Attributes:
        level: How it is.
        check: What was looked at: the server or part and the thing, such as `redis.eviction`; stable, for programs.
        what: What was found, in words.
        mend: What to do about it; empty where it is ok.
    """

    level: Level
    check: str
    what: str
    mend: str = ""

    @property
    def line(self) -> str:
        """For a terminal."""
        mend = f"; mend: {self.mend}" if self.mend else ""
        return visible(f"{self.level:<4} {self.check}: {self.what}{mend}")


def ok(check: str, what: str) -> Finding:
    """Nothing is to be done."""
    return Finding(Level.OK, check, what)


def warn(check: str, what: str, mend: str) -> Finding:
    """It works, and should be otherwise."""
    return Finding(Level.WARN, check, what, mend)


def fail(check: str, what: str, mend: str) -> Finding:
    """It does not work, or money is in danger."""
    return Finding(Level.FAIL, check, what, mend)
