"""Wrong passwords, and how they slow down whoever goes on: by doubling waits for one name from one address, by a pace for many names or many addresses.

Nobody is locked out by a stranger: what slows him down is counted where he is, and from an address where somebody was let in of late only his own
mistakes count. Held in memory, of each process alone, and of the newest `TRIED_MAX` only. No clock of its own.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

FREE, WAIT_S_MAX = 5, 300.0
"""So many wrong passwords for one name from one address cost nothing; each one more doubles the wait before the next is looked at, from 1 s on."""

FREE_AT_LARGE, PACE_S = 50, 1.0
"""So many for one name from anywhere, or from one address for any name; from then on strangers are looked at one a second."""

REMEMBERED_S = 900.0
"""How long after the last wrong one they count."""

TRIED_MAX = 10_000
"""Of how many names, addresses and pairs they are remembered, and where so many were let in."""

Key = tuple[str, str]


class Attempts:
    """Logins that failed, and where somebody was let in."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        """`now_s` is a clock that never goes back, seconds."""
        self._wrong: OrderedDict[Key, tuple[int, float]] = OrderedDict()
        self._let_in: OrderedDict[Key, None] = OrderedDict()
        self._now_s = now_s

    def wait_s(self, name: str, address: str) -> float:
        """How long it takes until a password of `name` from `address` is looked at; 0 where it is at once."""
        waits = [self._left_s((name, address), FREE, _doubling)]
        if (name, address) not in self._let_in:
            waits += [self._left_s(key, FREE_AT_LARGE, lambda _: PACE_S) for key in _at_large(name, address)]
        return max(waits)

    def note(self, name: str, address: str) -> None:
        """One more, wrong until `take_back` says otherwise: who sends many at once must not have them all looked at."""
        now_s = self._now_s()
        for key in ((name, address), *_at_large(name, address)):
            count, at_s = self._wrong.pop(key, (0, now_s))
            self._wrong[key] = (count + 1 if now_s - at_s < REMEMBERED_S else 1, now_s)
        _keep_newest(self._wrong)

    def take_back(self, name: str, address: str) -> None:
        """It was right: his mistakes there are forgotten."""
        self._wrong.pop((name, address), None)
        for key in _at_large(name, address):
            if key in self._wrong:
                count, at_s = self._wrong[key]
                self._wrong[key] = (count - 1, at_s)
        self._let_in.pop((name, address), None)
        self._let_in[name, address] = None
        _keep_newest(self._let_in)

    def _left_s(self, key: Key, free: int, wait_of: Callable[[int], float]) -> float:
        count, at_s = self._wrong.get(key, (0, 0.0))
        since_s = self._now_s() - at_s
        return 0.0 if count < free or since_s >= REMEMBERED_S else max(0.0, wait_of(count - free) - since_s)


def _doubling(more: int) -> float:
    return float(min(2.0 ** min(more, 20), WAIT_S_MAX))


def _at_large(name: str, address: str) -> Sequence[Key]:
    """Under which keys they count for a name from anywhere, and from an address for any name."""
    return (name, ""), ("", address)


def _keep_newest(table: OrderedDict[Key, Any]) -> None:
    while len(table) > TRIED_MAX:
        table.popitem(last=False)
