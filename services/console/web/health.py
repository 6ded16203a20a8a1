"""The page of how medaid runs: lag and throughput by lane, the last event of each topic, dead letters, reversals that wait, the ledger's state."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import structlog
from starlette.responses import RedirectResponse, Response

from services.console.adapters.outside import Outside, Pace
from services.console.domain import places
from services.console.web.room import Room, Visit, audit, failure, render
from services.console.web.shelf import Shelf, counted
from services.runtime.errors import Doubt, Stop
from services.runtime.logging import places_of

SAMPLE_S = 10.0
"""Between two looks at how far the lanes are."""

FIRST_S = 0.5
"""Before it is asked again whether there are any lanes yet."""

WAITING_MAX = 50

log = structlog.get_logger(__name__)


class Measured(NamedTuple):
    """A lane's pace, and how many records a second it read since the look before; None at first."""

    pace: Pace
    a_second: float | None


class Paces:
    """How far every lane is, looked at again and again in the background, so that a page asks Kafka nothing."""

    def __init__(self, outside: Outside) -> None:
        self.measured: Sequence[Measured] = ()
        self._outside = outside
        self._before: Mapping[tuple[str, int], int] = {}
        self._at_s = 0.0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._sample(), name="console-paces")

    def close(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()

    async def look(self) -> None:
        """Look once. Raises: Doubt."""
        now_s = asyncio.get_running_loop().time()
        paces = await self._outside.paces()
        gone_s = now_s - self._at_s
        self.measured = [Measured(pace, self._rate(pace, gone_s)) for pace in paces]
        self._before, self._at_s = {(pace.service, pace.lane): pace.read for pace in paces}, now_s

    def _rate(self, pace: Pace, gone_s: float) -> float | None:
        known = self._before.get((pace.service, pace.lane))
        return None if known is None or gone_s <= 0 else max(0, pace.read - known) / gone_s

    async def _sample(self) -> None:
        while True:
            if self._outside.partitions:
                try:
                    await self.look()
                except (Doubt, Stop) as trouble:
                    self.measured = ()
                    log.warning("paces not known", why=str(trouble))
            await asyncio.sleep(SAMPLE_S if self._outside.partitions else FIRST_S)


@dataclass(frozen=True, slots=True)
class State:
    """What the lanes have noted: by topic the last record's time, letters by topic and reason, the ledger's form, what was not understood."""

    last: Mapping[str, int]
    letters: Mapping[tuple[str, str], tuple[int, int]]
    results: int
    faults: int
    verified: Mapping[str, Any] | None
    not_understood: int
    waiting: int


async def show(visit: Visit) -> Response:
    """The page."""
    room = visit.room
    state = await _state(room.shelf)
    return render(
        visit,
        "health.html",
        state=state,
        faulty=list(room.policies.faulty),
        measured=visit.request.app.state.paces.measured,
        waiting=await _waiting(room),
        may_verify=visit.visitor.may("verify") and room.neighbours.verify is not None,
        verifying=visit.request.app.state.verifying,
        not_verified=visit.request.app.state.not_verified,
        pseudonym=room.masks.pseudonym,
        person=lambda person_id: f"/persons/{room.masks.token('person', person_id)}",
    )


async def verify(visit: Visit) -> Response:
    """Begin to verify the ledger; one at a time in this process."""
    state, check = visit.request.app.state, visit.room.neighbours.verify
    if check is None:
        return failure(visit.room, visit.request, 404, visit.visitor)
    if state.verifying is None or state.verifying.done():
        state.not_verified = ""
        state.verifying = asyncio.create_task(_verify(visit, check), name="console-verify")
    await asyncio.sleep(0)
    return RedirectResponse("/health", 303)


async def _verify(visit: Visit, check: Callable[[], Awaitable[int]]) -> None:
    """Tell that it begins, verify, and tell what was found; what failed is told on the page, for nobody waits for this task."""
    try:
        await audit(visit.room, "verifying", visit.visitor.operator, visit.visitor.client)
        differences = await check()
        await audit(visit.room, "verified", visit.visitor.operator, visit.visitor.client, differences=differences)
    except (Doubt, Stop) as trouble:
        visit.request.app.state.not_verified = str(trouble)
        log.warning("ledger not verified", why=str(trouble))
    except Exception as error:
        visit.request.app.state.not_verified = type(error).__name__
        log.error("ledger not verified", raised=places_of(error))


async def _state(shelf: Shelf) -> State:
    """Three documents a lane."""
    lanes = shelf.lanes
    found = await shelf.read(
        {places.last(lane): None for lane in lanes}
        | {places.letters(lane): None for lane in lanes}
        | {places.heads(lane, places.WAITING): None for lane in lanes}
        | {places.ring(lane, "not_understood"): ("count",) for lane in lanes}
    )
    last: dict[str, int] = {}
    letters: dict[tuple[str, str], tuple[int, int]] = {}
    for lane in lanes:
        for topic, value in found[places.last(lane)].items():
            if topic not in ("form", "verified") and not topic.startswith(("years:", "districts:")):
                last[topic] = max(last.get(topic, 0), value[1])
        for name, (count, at_ms) in found[places.letters(lane)].items():
            topic, _, reason = name.partition("|")
            known = letters.get((topic, reason), (0, 0))
            letters[topic, reason] = known[0] + count, max(known[1], at_ms)
    forms = [found[places.last(lane)].get("form", (0, 0)) for lane in lanes]
    verified = [value for lane in lanes if (value := found[places.last(lane)].get("verified"))]
    waiting = [found[places.heads(lane, places.WAITING)].get(places.WAITING, (0, 0)) for lane in lanes]
    not_understood = counted(found[places.ring(lane, "not_understood")] for lane in lanes)
    return State(
        dict(sorted(last.items())),
        dict(sorted(letters.items(), key=lambda entry: (-entry[1][0], entry[0]))),
        sum(results for results, _ in forms),
        sum(faults for _, faults in forms),
        max(verified, key=lambda event: str(event["time"]), default=None),
        not_understood["count"],
        sum(following - first for first, following in waiting),
    )


async def _waiting(room: Room) -> Sequence[Mapping[str, Any]]:
    """The reversals that wait, the newest of each lane, at most `WAITING_MAX`."""
    shelf = room.shelf
    heads = await shelf.read({places.heads(lane, places.WAITING): None for lane in shelf.lanes})
    each = -(-WAITING_MAX // len(shelf.lanes))
    wanted: dict[str, tuple[str, ...]] = {}
    for lane in shelf.lanes:
        first, following = heads[places.heads(lane, places.WAITING)].get(places.WAITING, (0, 0))
        wanted[places.index(lane, places.WAITING)] = tuple(str(slot) for slot in range(max(first, following - each), following))
    found = await shelf.read({document: slots for document, slots in wanted.items() if slots})
    rows: list[Mapping[str, Any]] = [entry[2] for fields in found.values() for entry in fields.values()]
    return sorted(rows, key=lambda row: str(row["time"]), reverse=True)[:WAITING_MAX]
