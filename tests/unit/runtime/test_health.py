"""Health tells each lane's state: live while nothing is dead or frozen, ready when every lane settles what comes."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from services.runtime.clock import InstantClock
from services.runtime.errors import Stop
from services.runtime.health import CONNECTIONS_MAX, REQUEST_BYTES_MAX, HealthServer
from services.runtime.kafka import AioKafkaBroker
from services.runtime.metrics import NoMetrics
from services.runtime.prometheus import Figures
from services.runtime.pulse import DEAF_S, FROZEN_S, Pulse, State
from services.runtime.roster import Roster
from services.runtime.settings import Settings
from tests.unit.runtime.counting import Counting


@dataclass
class Site:
    """A health server over a roster whose lanes a test puts there."""

    clock: InstantClock = field(default_factory=InstantClock)
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    port: int = 0

    def __post_init__(self) -> None:
        settings = Settings()
        no_view: Any = None
        self.roster = Roster(Counting(), settings, AioKafkaBroker("counting", settings), no_view, self.clock, lambda lane: NoMetrics())
        self.server = HealthServer(self.roster, self.registry, "127.0.0.1", 0)

    async def join(self, **lanes: State) -> None:
        """Get lanes: `lane0="running"`."""
        self.roster.consumer = Paused
        await self.roster.on_partitions_assigned([])
        for name, state in lanes.items():
            self.roster.pulses[int(name.removeprefix("lane"))] = Pulse(self.clock, state=state, waiting=False)

    def hear(self) -> None:
        """Kafka answers every lane."""
        for pulse in self.roster.pulses.values():
            pulse.heard(pulse.polled_ms + 1)

    async def ask(self, request: str) -> tuple[int, str]:
        """Status and body; 0 when there is no answer."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(request.encode())
        try:
            answer = (await reader.read()).decode()
        except ConnectionError:
            answer = ""
        writer.close()
        head, _, body = answer.partition("\r\n\r\n")
        return int(head.split(" ")[1]) if head else 0, body

    async def get(self, page: str) -> tuple[int, str]:
        return await self.ask(f"GET {page} HTTP/1.1\r\nHost: x\r\n\r\n")

    async def statuses(self) -> tuple[int, int]:
        """Of /live and /ready."""
        return (await self.get("/live"))[0], (await self.get("/ready"))[0]


class Paused:
    """A consumer to which nothing was assigned."""

    def pause(self, *places: object) -> None:
        assert not places


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    new = Site()
    new.port = await new.server.start()
    yield new
    await new.server.close()


async def test_a_process_outside_its_group_is_live_and_not_ready(site: Site) -> None:
    assert await site.statuses() == (200, 503)


async def test_a_process_without_lanes_is_ready_to_take_some(site: Site) -> None:
    await site.join()
    assert await site.statuses() == (200, 200)


@pytest.mark.parametrize(("state", "expected"), [("running", (200, 200)), ("taking", (200, 503)), ("doubt", (200, 503))])
async def test_every_lane_must_be_taken(site: Site, state: State, expected: tuple[int, int]) -> None:
    await site.join(lane0="running", lane1=state)
    assert await site.statuses() == expected


async def test_a_lane_that_waits_for_the_others_is_not_ready(site: Site) -> None:
    await site.join(lane0="running")
    site.roster.pulses[0].waiting = True
    assert await site.statuses() == (200, 503)
    assert json.loads((await site.get("/ready"))[1])["lanes"] == {"0": {"state": "running", "waiting": True, "deaf": False, "doubt": ""}}


async def test_a_frozen_lane_is_not_live_and_an_idle_one_is(site: Site) -> None:
    await site.join(lane0="running", lane1="running")
    await site.clock.sleep(FROZEN_S)
    site.hear()
    assert await site.statuses() == (200, 200)
    await site.clock.sleep(1)
    site.roster.pulses[0].beat()
    assert await site.statuses() == (503, 503)
    site.roster.pulses[1].beat()
    assert await site.statuses() == (200, 200)


async def test_a_lane_at_rest_whose_kafka_is_away_is_live_and_not_ready(site: Site) -> None:
    await site.join(lane0="running")
    site.hear()
    for polled_ms, ready in ((1, 200), (2, 200), (2, 200), (2, 503), (3, 200)):
        await site.clock.sleep(DEAF_S / 2 + 0.1)
        site.roster.pulses[0].heard(polled_ms)
        assert await site.statuses() == (200, ready)


async def test_long_deadlines_make_a_lane_frozen_later(site: Site) -> None:
    await site.join(lane0="running")
    site.roster.pulses[0].deadline_s = FROZEN_S
    await site.clock.sleep(2 * FROZEN_S)
    site.hear()
    assert await site.statuses() == (200, 200)


async def test_a_process_that_needs_an_operator_is_neither_and_says_why(site: Site) -> None:
    await site.join(lane0="running")
    site.roster.stopped(Stop("records were lost"))
    assert await site.statuses() == (503, 503)
    assert json.loads((await site.get("/live"))[1])["stop"] == "records were lost"


async def test_metrics_are_served(site: Site) -> None:
    Figures(site.registry).of_lane("counting", 2).taken(3)
    status, body = await site.get("/metrics")
    assert status == 200
    assert 'medaid_records_healed_total{lane="2",service="counting"} 3.0' in body


async def test_bad_requests_get_no_service(site: Site) -> None:
    assert (await site.get("/nowhere"))[0] == 404
    assert (await site.ask("POST /live HTTP/1.1\r\n\r\n"))[0] == 405
    assert (await site.ask(f"GET /live HTTP/1.1\r\nX: {'x' * REQUEST_BYTES_MAX}\r\n\r\n"))[0] == 0
    assert (await site.get("/live"))[0] == 200


async def test_a_thousand_that_send_nothing_keep_nobody_out(site: Site) -> None:
    """Whoever restarts a process that is not live must get his answer; the oldest of the silent ones are cut."""
    silent = [await asyncio.open_connection("127.0.0.1", site.port) for _ in range(1_000)]
    assert (await site.get("/live"))[0] == 200
    first, last = silent[0][0], silent[-1][0]
    assert await first.read() == b""
    assert not last.at_eof()
    assert len(site.server._open) <= CONNECTIONS_MAX
    for _, writer in silent:
        writer.close()
