"""Views in which documents stand that this version does not write: nothing is guessed, nobody's record is set aside, and every byte that comes out is right."""

import asyncio
import re
from datetime import date

import pytest

from services.console.service import ConsoleService
from services.embedded.replay import INTERNAL, place_of
from services.ledger.services import all_services
from services.policy.library import load_policies
from services.runtime.embedded import Embedded
from services.runtime.errors import Stop
from services.runtime.memory_view import MemoryView
from services.synthetic import generate

POLICIES = load_policies()
LINES = list(generate(POLICIES.nearest("wuxi", date(2025, 1, 1)), 25, 3))
SERVICES = ("identity", "settlement", "monitoring", "console")


def spoil(view: MemoryView, put: bytes) -> None:
    """Every value as another version would have written it: `put` for its format's number."""
    for document in view._documents.values():
        for name, value in document.items():
            document[name] = put if name == "_format" else re.sub(rb"^\d+:", put + b":", value)


class Year:
    """A generated year through all services, and what they told others."""

    def __init__(self) -> None:
        self.embedded = Embedded([*all_services(POLICIES), ConsoleService(POLICIES)], 2, keeps_records=True)
        self.told: list[tuple[str, bytes | None]] = []

    async def live(self, lines: list[bytes]) -> None:
        for line in lines:
            place = place_of(line)
            if place is not None:
                self.embedded.publish(*place, line)
                await self.embedded.settle()
                self.told += [(record.topic, record.value) for record in self.embedded.drain() if record.topic not in INTERNAL]

    def documents(self, service: str) -> object:
        return self.embedded.views[service].snapshot().documents


@pytest.fixture(scope="module")
def undisturbed() -> Year:
    async def lived() -> Year:
        year = Year()
        await year.embedded.start()
        await year.live(LINES)
        return year

    return asyncio.run(lived())


@pytest.mark.parametrize("service", SERVICES)
async def test_a_view_of_another_format_is_healed_and_changes_no_byte(undisturbed: Year, service: str) -> None:
    year = Year()
    await year.embedded.start()
    await year.live(LINES[: len(LINES) // 2])
    run = await year.embedded.views[service].run()
    spoil(year.embedded.views[service], b"99")
    await year.live(LINES[len(LINES) // 2 :])
    assert await year.embedded.views[service].run() != run, "it was emptied"
    assert year.told == undisturbed.told
    if service != "console":  # where an index has its entries depends on what was read together
        assert year.documents(service) == undisturbed.documents(service)


async def test_what_cannot_be_read_after_it_was_healed_stops_the_lane() -> None:
    """Else it would be emptied and healed for ever, and nobody told."""
    year = Year()
    await year.embedded.start()
    half, more = len(LINES) // 3, 2 * len(LINES) // 3
    await year.live(LINES[:half])
    spoil(year.embedded.views["settlement"], b"99")
    await year.live(LINES[half:more])
    spoil(year.embedded.views["settlement"], b"99")
    with pytest.raises(Stop, match="healed by this version, which cannot read it"):
        await year.live(LINES[more:])
