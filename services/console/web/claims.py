"""The page of one claim, for an operator who has unmasked its person: its revisions, its explanation, and what it would have been otherwise."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from starlette.responses import RedirectResponse, Response

from schemas.times import day_from_text
from services.console.web.person_file import PersonFile, YearKey, newest_results, person_file, revisions
from services.console.web.room import Visit, failure, render
from services.policy.dossier import Instead, as_if, dossier_of, told, year_as_if
from services.policy.explain import Dossier, Explanation, explain
from services.policy.explain_lines import Section
from services.policy.explain_text import explanation
from services.policy.library import UnknownEditionError

AS_IT_WAS, NONE = "", "-"
"""In the form: the statuses as they were, and none at all."""


@dataclass(frozen=True, slots=True)
class Words:
    """An explanation: its sections, and what it comes to."""

    sections: Sequence[Section]
    assistance_fen: int


@dataclass(frozen=True, slots=True)
class Asked:
    """What the form asks; `fault` names a field that cannot be used."""

    category: str
    day: str
    fault: str = ""
    instead: Instead | None = None


async def show(visit: Visit) -> Response:
    """The claim's page; back to the person's while he is masked."""
    room, token = visit.room, visit.path["person"]
    person_id, claim_key = room.masks.open("person", token), room.masks.open("claim", visit.path["claim"])
    if person_id is None or claim_key is None:
        return failure(room, visit.request, 404, visit.visitor)
    if not room.sessions.is_clear(visit.request, visit.visitor, token):
        return RedirectResponse(f"/persons/{token}", 303)
    person = await person_file(room.shelf, room.outside, person_id)
    claim = person.claims.get(claim_key)
    if claim is None or claim.region not in room.policies.current:
        return failure(room, visit.request, 404, visit.visitor)
    history = await revisions(room.outside, person, claim_key)
    results = await newest_results(room.outside, person, (claim.region, claim.year))
    dossier = dossier_of(room.policies, results, person.timeline, history)
    asked = _asked(visit, claim.region)
    return render(
        visit,
        "claim.html",
        token=token,
        claim_token=visit.path["claim"],
        claim_key=claim_key,
        claim=claim,
        person_id=person_id,
        history=[told(event) for event in history],
        explained=_explained(visit, dossier, claim_key),
        categories=_categories(visit, claim.region, claim.last),
        asked=asked,
        instead=await _instead(visit, person, dossier, claim_key, asked),
    )


def _asked(visit: Visit, region: str) -> Asked | None:
    """What might have been, as the form says it; None where it asks nothing."""
    category, day_text = visit.query.get("category", AS_IT_WAS), visit.query.get("day", "")
    if category == AS_IT_WAS and not day_text:
        return None
    known = visit.room.policies.nearest(region, date.max).file.categories
    if category not in (AS_IT_WAS, NONE) and category not in known:
        return Asked(category, day_text, "category")
    try:
        day = day_from_text(day_text) if day_text else None
    except ValueError:
        return Asked(category, day_text, "day")
    held = None if category == AS_IT_WAS else "" if category == NONE else category
    return Asked(category, day_text, instead=Instead(held, day))


async def _instead(visit: Visit, person: PersonFile, dossier: Dossier, claim_key: str, asked: Asked | None) -> Words | None:
    """The explanation of what might have been."""
    if asked is None or asked.instead is None:
        return None
    try:
        other = (dossier.region, year_as_if(dossier, claim_key, asked.instead))
        year = await _other_year(visit, person, other) if other[1] != dossier.year and other in person.years else None
        return _explained(visit, as_if(dossier, claim_key, asked.instead, year), claim_key)
    except UnknownEditionError:
        return None


async def _other_year(visit: Visit, person: PersonFile, key: YearKey) -> Dossier:
    return dossier_of(visit.room.policies, await newest_results(visit.room.outside, person, key), person.timeline)


def _explained(visit: Visit, dossier: Dossier, claim_key: str) -> Words | None:
    """The explanation in words; None where the year's policy edition is not here."""
    try:
        found: Explanation = explain(visit.room.policies, dossier, claim_key)
    except UnknownEditionError:
        return None
    return Words(explanation(found, visit.speech.lang), found.settlement.assistance_fen)


def _categories(visit: Visit, region: str, day: str) -> Mapping[str, str]:
    """The categories of the region, by code."""
    file = visit.room.policies.nearest(region, date.fromisoformat(day)).file
    return {code: visit.speech.label(category.label) for code, category in file.categories.items()}
