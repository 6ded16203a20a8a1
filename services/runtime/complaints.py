"""What the lanes of a process have told: when a server is away, all of them would say the same, again and again."""

from services.runtime.clock import Clock

REPEAT_S = 60.0
"""How long the same doubt of any lane is not told again."""


class Complaints:
    """What the lanes of a process have told: when a server is away, all of them would say the same, again and again."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._told: dict[str, float] = {}

    def is_new(self, text: str) -> bool:
        """Whether `text` is to be told now."""
        now_s = self._clock.monotonic()
        self._told = {known: at_s for known, at_s in self._told.items() if now_s - at_s < REPEAT_S}
        return self._told.setdefault(text, now_s) == now_s
