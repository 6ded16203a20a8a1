"""A secret: its text is given by the environment or lies in a file, which is read again whenever the secret is asked for.

Promise: it shows itself to nobody who does not ask (`repr`, logs, errors). Not here: where it is used (`kafka/clients.py`, `redis_client.py`).
"""

import os
import stat
from pathlib import Path
from typing import Self


class WrongSetting(ValueError):
    """A variable of the environment that cannot be used; the text names it and says what was expected, never what was found."""


class Secret:
    """The text of a secret as it stands now; an empty one is none."""

    __slots__ = ("_path", "_text", "_variable")

    def __init__(self, text: str = "") -> None:
        self._text, self._path, self._variable = text, "", ""

    @classmethod
    def in_file(cls, variable: str, path: str) -> Self:
        """The secret in a file that `variable` names.

        Raises:
            WrongSetting: It cannot be read, holds nothing, or is one that everybody may read.
        """
        secret = cls()
        secret._path, secret._variable = path, variable
        secret.reveal()
        return secret

    def reveal(self) -> str:
        """Its text, without the line's end behind it.

        Raises:
            WrongSetting: Its file cannot be read any more, or holds nothing.
        """
        if not self._path:
            return self._text
        check_private(self._variable, self._path)
        text = Path(self._path).read_bytes().decode("utf-8", errors="replace").rstrip("\r\n")
        if not text:
            raise WrongSetting(f"{self._variable}: expected a file with a secret in it")
        return text

    def __bool__(self) -> bool:
        return bool(self._text or self._path)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and (self._text, self._path) == (other._text, other._path)

    def __hash__(self) -> int:
        return hash((self._text, self._path))

    def __repr__(self) -> str:
        return "Secret()"


def check_private(variable: str, path: str) -> None:
    """Whether the file that `variable` names can be read by us and not by everybody.

    Raises:
        WrongSetting: It cannot, or is.
    """
    try:
        mode = os.stat(path).st_mode
        with open(path, "rb"):
            pass
    except OSError as error:
        raise WrongSetting(f"{variable}: expected a file that can be read ({error.strerror})") from None
    if mode & (stat.S_IROTH | stat.S_IWOTH):
        raise WrongSetting(f"{variable}: expected a file that others cannot read (chmod o-rwx)")
