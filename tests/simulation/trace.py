"""What happened, line by line: its last lines for whoever looks into a failure, and a hash of all, which tells two runs apart."""

import hashlib
from collections import deque
from collections.abc import Callable

LAST_MAX = 40


class Trace:
    """Attributes: steps: how many lines there were; last: the newest of them."""

    def __init__(self, told: Callable[[str], None] | None) -> None:
        self.steps = 0
        self.last: deque[str] = deque(maxlen=LAST_MAX)
        self._told = told
        self._digest = hashlib.blake2b()

    def line(self, at_s: float, what: str) -> None:
        """The next line."""
        self.steps += 1
        text = f"{at_s:.6f} {what}"
        self._digest.update(text.encode())
        self.last.append(text)
        if self._told is not None:
            self._told(text)

    def written(self, value: bytes | None) -> None:
        """Bytes that were committed; they count in the hash."""
        self._digest.update(value or b"-")

    @property
    def hash(self) -> str:
        """Of everything that happened, and when."""
        return self._digest.hexdigest()
