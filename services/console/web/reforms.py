"""The laboratory (政策试算) for planners: figures of a city's policy in a form, a run in a process beside, the report in sums.

Promise: one run at a time in this process, for at most `RUN_S`; nobody is named in what comes of it; the audit is told before it begins. The newest report is
shown to every planner, until the next one. Not here: what is reckoned (`services/ledger/reform`), the process (`services/console/neighbours.py`).
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import orjson
import structlog
from markupsafe import Markup
from starlette.responses import RedirectResponse, Response

from services.console.adapters.outside import Reform
from services.console.web.city_sums import years_of
from services.console.web.room import Visit, audit, failure, render
from services.ledger.reform.figures import choices_in, figures_in
from services.ledger.reform.given import from_patch, today
from services.ledger.reform.report.sections import sections
from services.ledger.reform.wishes import Wish
from services.policy.tree import PolicyError, reading_text, reading_value
from services.runtime.errors import Doubt, Stop
from services.runtime.logging import places_of

log = structlog.get_logger(__name__)

RUN_S: Final = 3600.0
"""How long a run may take."""

_NUMBER: Final = re.compile(r"-?[0-9]{1,10}(\.[0-9]{1,2})?")
_YEAR: Final = re.compile(r"[12][0-9]{3}")


@dataclass(frozen=True, slots=True)
class Running:
    """A run: whose, since when, and what is tried."""

    operator: str
    since: datetime
    wish: Wish
    task: asyncio.Task[None]


class Laboratory:
    """The runs of this process, of which there is one at a time."""

    def __init__(self) -> None:
        self.running: Running | None = None
        self.report: Mapping[str, Any] | None = None
        self.failed = ""

    @property
    def is_busy(self) -> bool:
        """Whether something is being reckoned."""
        return self.running is not None and not self.running.task.done()

    def begin(self, visit: Visit, wish: Wish, reform: Reform, changed: Sequence[str]) -> None:
        """Begin a run; the former report is gone."""
        self.report, self.failed = None, ""
        task = asyncio.create_task(self._run(visit, wish, reform, changed), name="console-reform")
        self.running = Running(visit.visitor.operator, visit.room.now(), wish, task)

    def cancel(self) -> None:
        """End the run."""
        if self.running is not None:
            self.running.task.cancel()

    async def _run(self, visit: Visit, wish: Wish, reform: Reform, changed: Sequence[str]) -> None:
        """Tell the audit, run, keep what comes of it; what failed is told on the page, for nobody waits for this task."""
        told = {"region": wish.region, "year": wish.year, "changed": list(changed)}
        try:
            await audit(visit.room, "policy_tried", visit.visitor.operator, visit.visitor.client, **told)
            async with asyncio.timeout(RUN_S):
                self.report = orjson.loads(await reform(orjson.dumps(wish.model_dump())))
        except TimeoutError:
            self.failed = f"not done after {RUN_S / 60:.0f} minutes"
        except (Doubt, Stop) as trouble:
            self.failed = str(trouble)
            log.warning("policy not tried", why=str(trouble))
        except Exception as error:
            self.failed = type(error).__name__
            log.error("policy not tried", raised=places_of(error))


async def first(visit: Visit) -> Response:
    """The first city."""
    return RedirectResponse(f"/reforms/{visit.room.policies.regions()[0]}", 303)


async def show(visit: Visit, faults: Sequence[str] = (), status: int = 200) -> Response:
    """The form of a city, whatever is being reckoned, and the newest report."""
    room, region = visit.room, visit.path["region"]
    if region not in room.policies.current:
        return failure(room, visit.request, 404, visit.visitor)
    laboratory: Laboratory = visit.request.app.state.laboratory
    years = await years_of(room.shelf, region)
    number = _year(visit.form or visit.query) or (years[0] if years else room.now().year)
    case = today(room.policies, region)
    policy = case.policy_of(date(number, 12, 31))
    report = laboratory.report
    return render(
        visit,
        "reforms.html",
        status,
        region=region,
        number=number,
        years=years or [number],
        figures=figures_in(case, date(number, 12, 31)),
        choices=choices_in(policy),
        text_of=reading_text,
        sent=visit.form,
        faults=faults,
        can_run=room.neighbours.reform is not None,
        laboratory=laboratory,
        report=report,
        body=Markup(sections(report["reforms"][0], visit.speech)) if report else "",
    )


async def run(visit: Visit) -> Response:
    """Begin to reckon what the form says; refused where a figure cannot stand in the policy, or something is being reckoned."""
    room, region = visit.room, visit.path["region"]
    laboratory: Laboratory = visit.request.app.state.laboratory
    if region not in room.policies.current or room.neighbours.reform is None:
        return failure(room, visit.request, 404, visit.visitor)
    if laboratory.is_busy:
        return await show(visit, [visit.speech.pick("正在试算，一次只能算一个。", "Something is being reckoned; one at a time.")], 409)
    wish, faults = _wish(visit, region)
    if not faults:
        try:
            from_patch(today(room.policies, region), wish.patch())
        except PolicyError as error:
            faults = str(error).splitlines()
    if faults:
        return await show(visit, faults, 400)
    laboratory.begin(visit, wish, room.neighbours.reform, [*wish.figures, *wish.readings])
    await asyncio.sleep(0)
    return RedirectResponse(f"/reforms/{region}?year={wish.year}", 303)


async def cancel(visit: Visit) -> Response:
    """End what is being reckoned."""
    visit.request.app.state.laboratory.cancel()
    await asyncio.sleep(0)
    return RedirectResponse(f"/reforms/{visit.path['region']}", 303)


def _wish(visit: Visit, region: str) -> tuple[Wish, list[str]]:
    """What of the form differs from today, and what in it cannot be used."""
    case, number = today(visit.room.policies, region), _year(visit.form) or visit.room.now().year
    day = date(number, 12, 31)
    figures: dict[str, str | None] = {}
    faults: list[str] = []
    for figure in figures_in(case, day):
        value = visit.form.get(f"figure:{figure.path}", figure.value or "").strip()
        if value and not _NUMBER.fullmatch(value):
            faults.append(f"{figure.path}: {visit.speech.pick('一个数，最多两位小数', 'a number with at most two decimals')}")
        elif value != (figure.value or ""):
            figures[figure.path] = value or None
    readings = {
        choice.name: reading_value(value)
        for choice in choices_in(case.policy_of(day))
        if (value := visit.form.get(f"reading:{choice.name}", reading_text(choice.value))) != reading_text(choice.value)
    }
    if not faults and not figures and not readings:
        faults.append(visit.speech.pick("没有改动任何数字或解读。", "No figure and no reading is changed."))
    return Wish(region=region, year=number, name=f"{region} {number}", figures=figures, readings=readings), faults


def _year(asked: Mapping[str, str]) -> int | None:
    """The year that a form or address names."""
    text = asked.get("year", "")
    return int(text) if _YEAR.fullmatch(text) else None
