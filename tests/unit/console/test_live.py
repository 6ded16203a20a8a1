"""The stream of news: what it says at once, and when something has come."""

import asyncio
from pathlib import Path

from services.console.service import ConsoleService
from services.console.web.live import Live
from services.runtime.records import Record
from tests.unit.console.site import Site, site
from tests.unit.console.world import said
from tests.unit.monitoring.world import policies


def numbers(told: bytes) -> list[int]:
    """The numbers of a stream's events in what it sent."""
    return [int(line.removeprefix(b"data: ")) for line in told.splitlines() if line.startswith(b"data: ")]


async def listened(place: Site) -> tuple[list[int], list[int]]:
    """What a stream says before anything has come, and after a warning."""
    live = Live(place.room.shelf)
    stream = live.events()
    first = numbers(await anext(stream))
    event = said("raised")
    await place.outside.feed([Record(event.topic, place.lane(event.key), 0, event.key.encode(), event.value)])
    async with asyncio.timeout(10):
        after = numbers(await anext(stream))
    await stream.aclose()
    await live.close()
    return first, after


def test_a_stream_says_at_once_how_things_stand_and_rises_with_news(users_folder: Path) -> None:
    """Whoever begins to listen may have missed something since his page was made, or since his last stream."""
    with site(users_folder, lambda: [ConsoleService(policies())]) as made:
        first, after = asyncio.run(listened(made))
    assert len(first) == 1
    assert after[0] > first[0]
