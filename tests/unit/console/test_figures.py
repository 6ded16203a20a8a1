"""Open warnings as Prometheus is told of them: as many as the indexes hold, by kind and level."""

import asyncio
from collections.abc import Mapping
from typing import Any

from prometheus_client import CollectorRegistry

from services.console.figures import WarningsLook
from services.runtime.memory_view import MemoryView
from services.runtime.records import Document, Want
from tests.unit.console.world import Kept, said
from tests.unit.monitoring.world import action

LANES = 2
LIMIT, STAYS = "annual_limit_near/suzhou/{}/2025/year", "overlapping_stays/wuxi/{}/2024/H1/1,H1/2"


class Shown:
    """The console's documents, as a site's process reads them, and a roster with some lanes."""

    partitions = LANES

    def __init__(self, view: MemoryView, *lanes: int) -> None:
        self._view = view
        self.pulses = dict.fromkeys(lanes)

    async def documents(self, want: Want) -> Mapping[str, Document]:
        return (await self._view.peek(0, want)).documents


async def counted(kept: Kept, *lanes: int) -> dict[tuple[str, ...], float]:
    registry, shown = CollectorRegistry(), Shown(kept.embedded.views["console"], *lanes)
    look: Any = WarningsLook(registry, shown, shown, ["suzhou", "wuxi"])  # type: ignore[arg-type]
    await look.look()
    return {tuple(sample.labels[name] for name in ("region", "kind", "level", "state")): sample.value for sample in samples(registry)}


def samples(registry: CollectorRegistry) -> list[Any]:
    return [sample for family in registry.collect() for sample in family.samples]


def story() -> Kept:
    persons = [f"P{number}" for number in range(1, 7)]
    limits = [LIMIT.format(person) for person in persons]
    return Kept(LANES).see(
        *(said("raised", warning) for warning in limits),
        *(said("raised", STAYS.format(person), level="warning") for person in persons[:2]),
        action("acknowledged", limits[0]),
        action("closed", limits[1]),
        said("resolved", limits[2], 2),
        said("escalated", limits[3], 2, level="critical"),
    )


def test_what_stands_is_counted_over_all_lanes() -> None:
    assert asyncio.run(counted(story(), 0)) == {
        ("suzhou", "annual_limit_near", "notice", "open"): 2,
        ("suzhou", "annual_limit_near", "notice", "acknowledged"): 1,
        ("suzhou", "annual_limit_near", "critical", "open"): 1,
        ("wuxi", "overlapping_stays", "warning", "open"): 2,
    }


def test_the_process_with_lane_0_tells_it() -> None:
    assert asyncio.run(counted(story(), 1)) == {}
