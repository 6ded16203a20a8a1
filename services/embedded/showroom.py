"""The console of `medaid demo`: all services and the console in this process, over generated cities, while their last months go on event by event.

In: each city's year as input events. Out: pages on a free port of this machine, with a user for each role, until it is cancelled. Promise: nothing is written
to disk but the file of these users, which is gone at the end; no server is needed. Not here: generating, summing up (`showcase.py`).
"""

import asyncio
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, zip_longest
from pathlib import Path

from schemas.console import Role
from services.console.adapters.embedded import EmbeddedOutside
from services.console.adapters.register import MemoryRegister
from services.console.neighbours import neighbours
from services.console.service import ConsoleService
from services.console.settings import ConsoleSettings
from services.console.web.room import furnish
from services.console.web.server import listen, server_of
from services.console.web.serving import application
from services.console.web.users import Users, entry
from services.embedded.replay import PARTITIONS, place_of
from services.ledger.services import all_services
from services.policy.library import Policies
from services.runtime.embedded import Embedded
from services.runtime.home import home_of
from services.runtime.records import Record

USERS: Mapping[str, Role] = {"viewer": "viewer", "operator": "operator", "auditor": "auditor", "planner": "planner"}
PASSWORD = "medaid"
"""Of all four; the pages are served to this machine alone."""

HELD_SHARE = 5
"""One of so many events is held back, the last of each year, and comes while somebody looks."""

LINES_A_STEP = 500
EVENT_S = 1.0
"""Between two events that were held back."""


class Showroom:
    """The services over some cities."""

    def __init__(self, policies: Policies, cities: Sequence[Sequence[bytes]]) -> None:
        """Set up; `fill` settles what was not held back."""
        held = [-(-len(lines) // HELD_SHARE) for lines in cities]
        self._first = list(_in_turn([lines[: len(lines) - count] for lines, count in zip(cities, held, strict=True)]))
        self._held = list(_in_turn([lines[len(lines) - count :] for lines, count in zip(cities, held, strict=True)]))
        self._policies = policies
        self._known = replace(neighbours(policies), verify=None, reform=None)
        services = [*all_services(policies), ConsoleService(policies)]
        self._embedded = Embedded(services, PARTITIONS, keeps_records=True, now_ms=_now_ms)
        self._outside = EmbeddedOutside(self._embedded, PARTITIONS, self._known.inputs, _now_ms)

    @property
    def total(self) -> int:
        """How many events `fill` settles."""
        return len(self._first)

    async def fill(self, advance: Callable[[int], None]) -> None:
        """Settle all but the held events; `advance` is told how many more were."""
        await self._embedded.start()
        for begins in range(0, len(self._first), LINES_A_STEP):
            some = self._first[begins : begins + LINES_A_STEP]
            await self._outside.feed([record for line in some if (record := _record(line)) is not None])
            advance(len(some))

    async def open(self, announce: Callable[[str], None]) -> None:
        """Serve the pages while the held events come, until cancelled; `announce` is told the address."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "users"
            path.write_text("".join(entry(name, [role], PASSWORD) + "\n" for name, role in USERS.items()), "utf-8")
            room = furnish(
                ConsoleSettings(), self._policies, self._outside, self._known, Users(path), lambda: True, MemoryRegister(time.time)
            )
            listening = listen(room.settings.console_host, 0)
            server = server_of(application(room))
            serving = asyncio.create_task(server.serve([listening]))
            announce(f"http://{room.settings.console_host}:{listening.getsockname()[1]}/")
            try:
                await self._go_on()
                await serving
            finally:
                server.should_exit = True
                await serving

    async def _go_on(self) -> None:
        """Let the held events come, one after the other."""
        for line in self._held:
            await asyncio.sleep(EVENT_S)
            record = _record(line)
            if record is not None:
                await self._outside.feed([record])


def _in_turn(cities: Sequence[Sequence[bytes]]) -> Iterator[bytes]:
    """The events of all cities, one of each in turn."""
    return (line for line in chain.from_iterable(zip_longest(*cities)) if line is not None)


def _record(line: bytes) -> Record | None:
    """An event in its topic, at home; None where it fits none."""
    place = place_of(line)
    if place is None:
        return None
    topic, key = place
    return Record(topic, 0 if key is None else home_of(key, PARTITIONS), 0, None if key is None else key.encode(), line)


def _now_ms() -> int:
    return int(time.time() * 1_000)
