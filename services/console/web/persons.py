"""The page of a person: his year in a picture and in figures. Masked, it holds no id and no amount; an operator may unmask one person at a time."""

import re
from collections.abc import Callable, Sequence
from datetime import date
from typing import NamedTuple

from starlette.responses import RedirectResponse, Response

from services.console.domain.claims import Claim
from services.console.web.person_file import PersonFile, PersonYear, YearKey, person_file
from services.console.web.picture import Picture, picture_of
from services.console.web.room import Visit, audit, failure, render
from services.policy.dossier import limit_of

_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")


class Gauge(NamedTuple):
    """A counter of the year against its limit, fen; `limit` None: it only counts. A deductible is met, anything else used up."""

    name: str
    label: str
    used: int
    limit: int | None
    is_deductible: bool

    @property
    def share(self) -> int:
        """How much of the limit is used."""
        return 0 if not self.limit else min(100, 100 * self.used // self.limit)

    @property
    def state(self) -> str:
        """`low`, from 80% on `near`, then `reached`, as a warning would say; of a deductible `unmet` or `met`."""
        if not self.limit:
            return "none"
        if self.is_deductible:
            return "met" if self.used >= self.limit else "unmet"
        return "reached" if self.used >= self.limit else "near" if self.share >= 80 else "low"


async def find(visit: Visit) -> Response:
    """Go to the page of the person whose id was typed in; the audit is told first."""
    person_id = visit.form.get("person_id", "").strip()
    if not _ID.fullmatch(person_id):
        return failure(visit.room, visit.request, 404, visit.visitor)
    await audit(visit.room, "looked_up", visit.visitor.operator, visit.visitor.client, person_id=person_id)
    return RedirectResponse(f"/persons/{visit.room.masks.token('person', person_id)}", 303)


async def show(visit: Visit) -> Response:
    """The person's page."""
    room, token = visit.room, visit.path["person"]
    person_id = room.masks.open("person", token)
    if person_id is None:
        return failure(room, visit.request, 404, visit.visitor)
    person = await person_file(room.shelf, room.outside, person_id)
    key = _chosen(visit, person)
    label = _label(visit, key)
    return render(
        visit,
        "person.html",
        spoken_in=key[0] if key else None,
        token=token,
        person=person,
        chosen=key,
        is_clear=room.sessions.is_clear(visit.request, visit.visitor, token),
        picture=_picture(visit, person, key, label),
        gauges=_gauges(visit, person, key),
        claims=person.of_year(key) if key else (),
        year=person.years.get(key, PersonYear({}, 0, 0)) if key else None,
        label=label,
        warnings=sorted(person.warnings.items(), key=lambda entry: (entry[1]["verb"] == "resolved", entry[0])),
        result=lambda claim: result_words(visit, claim),
    )


async def unmask(visit: Visit) -> Response:
    """Show this one person in clear for a while, once the audit has been told."""
    token = visit.path["person"]
    person_id = visit.room.masks.open("person", token)
    if person_id is None:
        return failure(visit.room, visit.request, 404, visit.visitor)
    await audit(visit.room, "unmasked", visit.visitor.operator, visit.visitor.client, person_id=person_id)
    visit.room.sessions.unmask(visit.request, token)
    return RedirectResponse(back_to(visit, f"/persons/{token}"), 303)


async def mask(visit: Visit) -> Response:
    """Show nobody in clear any more."""
    visit.room.sessions.mask(visit.request)
    return RedirectResponse(back_to(visit, f"/persons/{visit.path['person']}"), 303)


def back_to(visit: Visit, otherwise: str) -> str:
    """The page of ours that a form was sent from."""
    back = visit.form.get("back", "")
    return back if back.startswith("/") and not back.startswith("//") and "\\" not in back else otherwise


def _chosen(visit: Visit, person: PersonFile) -> YearKey | None:
    """The region and year asked for, else the newest; of somebody without claims the region of his status and the year of its beginning."""
    region, year = visit.query.get("region", ""), visit.query.get("year", "")
    if region in visit.room.policies.current and re.fullmatch(r"[12]\d{3}", year):
        return region, int(year)
    if person.years:
        return next(iter(person.years))
    known = person.timeline.intervals if person.timeline else []
    return (known[-1].region, known[-1].from_.year) if known and known[-1].region in visit.room.policies.current else None


def _label(visit: Visit, key: YearKey | None) -> Callable[[str | None], str]:
    """How the region's policy of the year calls a category."""

    def label(category: str | None) -> str:
        if category is None or key is None or key[0] not in visit.room.policies.current:
            return category or "–"
        known = visit.room.policies.nearest(key[0], date(key[1], 12, 31)).file.categories.get(category)
        return visit.speech.label(known.label) if known else category

    return label


def _picture(visit: Visit, person: PersonFile, key: YearKey | None, label: Callable[[str | None], str]) -> Picture | None:
    if key is None:
        return None
    intervals = [interval for interval in (person.timeline.intervals if person.timeline else []) if interval.region == key[0]]
    stays = [(date.fromisoformat(claim.first), date.fromisoformat(claim.last)) for _, claim in person.of_year(key) if not claim.is_reversed]
    return picture_of(key[1], intervals, stays, label, visit.speech.pick("就医", "Visits"))


def _gauges(visit: Visit, person: PersonFile, key: YearKey | None) -> Sequence[Gauge]:
    """Every counter of the city against the limit of the category that the newest claim was settled by."""
    if key is None or key not in person.years or key[0] not in visit.room.policies.current:
        return ()
    end = date(key[1], 12, 31)
    file = visit.room.policies.nearest(key[0], end).file
    category = next((claim.category for _, claim in reversed(person.of_year(key)) if claim.category), None)
    used = person.years[key].counters
    return [
        Gauge(name, visit.speech.label(pool.label), used.get(name, 0), limit_of(file, name, category, end), pool.counts == "deductible")
        for name, pool in file.pools.items()
    ]


def result_words(visit: Visit, claim: Claim) -> str:
    """What came of a claim, in words."""
    if claim.reason is None:
        return visit.speech.pick("已救助", "assisted")
    return visit.speech.say(f"reason.{claim.reason}") if claim.reason != "reversed" else visit.speech.pick("已冲销", "reversed")
