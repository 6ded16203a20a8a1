"""The file of a small site's own users: a line each, `name:roles:hash`, the hash of Argon2. `#` begins a comment.

The file is read again when it changes, so that whoever is taken out of it, or has another password there, is out with his next request.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import cast, get_args

import structlog
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from schemas.console import Role

log = structlog.get_logger(__name__)

_NAME = re.compile(r"[^\s:#]{1,64}")
_HASHER = PasswordHasher()
_NOBODY = _HASHER.hash("nobody has this password")


class UsersError(ValueError):
    """A line of the file that cannot be used; it is named, never quoted."""


@dataclass(frozen=True, slots=True)
class User:
    """One user."""

    name: str
    roles: Sequence[Role]
    hash: str

    @property
    def stamp(self) -> str:
        """What changes with the password, and tells nothing of it: the hash has a random salt."""
        return sha256(self.hash.encode()).hexdigest()[:16]


def check_name(name: str) -> None:
    """Whether a line can hold that name.

    Raises:
        UsersError: It cannot.
    """
    if not _NAME.fullmatch(name):
        raise UsersError("a name of 1 to 64 characters without space, colon and #")


def entry(name: str, roles: Sequence[Role], password: str) -> str:
    """The line of a user.

    Raises:
        UsersError: A name that no line can hold, or an empty password.
    """
    check_name(name)
    if not password:
        raise UsersError("a password")
    return f"{name}:{','.join(roles)}:{_HASHER.hash(password)}"


def read_users(text: str) -> Mapping[str, User]:
    """The users in a file's text.

    Raises:
        UsersError: A line is none.
    """
    users: dict[str, User] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            name, _, rest = line.strip().partition(":")
            roles, _, hashed = rest.partition(":")
            given = roles.split(",")
            if not _NAME.fullmatch(name) or not hashed or not set(given) <= set(get_args(Role)) or name in users:
                raise UsersError(f"line {number}: expected name:roles:hash, a name once, roles of {', '.join(get_args(Role))}")
            users[name] = User(name, cast(list[Role], given), hashed)
    return users


class Users:
    """The users of a file."""

    def __init__(self, path: Path) -> None:
        """Read the file.

        Raises:
            UsersError: A line cannot be used.
            OSError: The file cannot be read.
        """
        self._path = path
        self._stamp = path.stat().st_mtime_ns
        self._users = read_users(path.read_text("utf-8"))

    def find(self, name: str) -> User | None:
        """The user of this name, as the file says now."""
        self._refresh()
        return self._users.get(name)

    def known(self, name: str, password: str) -> User | None:
        """The user, if that is his password. It takes as long for an unknown name."""
        user = self.find(name)
        try:
            _HASHER.verify(user.hash if user else _NOBODY, password)
        except (VerificationError, InvalidHashError):
            return None
        return user

    def _refresh(self) -> None:
        """Read the file again if it has changed. Without it there are no users; while a line of it is wrong, those of before stay."""
        try:
            stamp = self._path.stat().st_mtime_ns
            if stamp != self._stamp:
                self._stamp = stamp
                self._users = read_users(self._path.read_text("utf-8"))
        except OSError as error:
            self._stamp, self._users = 0, {}
            log.error("users cannot be read, nobody is let in by the file", why=error.strerror)
        except UsersError as error:
            log.error("users stay as they were", why=str(error))
