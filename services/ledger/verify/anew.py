"""A fresh adjudication of person-years from the claims that their results carry, held against the results.

In: persons with a year, as healed from the ledger or read from Redis. Out: differences. Promise: adjudicated as settlement would settle the year again,
under the edition that it stands under.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import orjson

from schemas.catalogue import RESULTS
from schemas.money import yuan_text
from services.ledger.verify.differences import NOTHING, Difference, Place, apart, flat
from services.ledger.verify.fold import Fold
from services.ledger.verify.form import Tell
from services.policy.adjudicate import adjudicate
from services.policy.library import Policies, UnknownEditionError
from services.policy.result import FIGURES, figures_data, figures_hash
from services.runtime.records import Record
from services.settlement.domain import Person, PersonYear

Figures = dict[str, Any]
Newest = Callable[[], AsyncIterator[Record]]
"""The results once more, from their beginning to where the fold stands."""


def settled_anew(policies: Policies, person: Person, place: Place, tell: Tell) -> dict[str, Figures]:
    """Adjudicate a year anew, and tell where its counters differ.

    Returns:
        The new figures of each claim whose newest result has others.

    Raises:
        LookupError: Claims of the year are missing.
    """
    year = person.years[place.region, place.year]
    records = year.whole()
    if place.region not in policies.current:
        tell(Difference("anew", str(place), "policy", place.region, NOTHING))
        return {}
    claims = [(record.claim, record.reversed_for is not None) for record in records]
    try:
        settlements = list(
            adjudicate(lambda day: policies.for_year(place.region, day, year.edition, year.readings, year.through), person.status, claims)
        )
    except UnknownEditionError:
        tell(Difference("anew", str(place), "edition", str(year.edition), "no file of that edition is here"))
        return {}
    counters = {
        name: fen for settlement in settlements for name, fen in settlement.counters.items()
    }  # two files of a year may name them otherwise
    for name, said, other in apart(_yuan(year.counters), _yuan(counters)):
        tell(Difference("anew", str(place), f"counters.{name}", said, other))
    pairs = zip(records, settlements, strict=True)
    return {
        record.claim.key: figures_data(settlement, record.reversed_for)
        for record, settlement in pairs
        if figures_hash(settlement, record.reversed_for) != record.figures
    }


async def check_anew(policies: Policies, fold: Fold, newest: Newest, tell: Tell) -> None:
    """Hold every person-year of `fold` against a fresh adjudication; those whose form is broken are left out, that was told."""
    suspects: dict[str, Figures] = {}
    for place in fold.places():
        if place in fold.form.broken:
            continue
        try:
            suspects |= settled_anew(policies, fold.person(place), place, tell)
        except LookupError:
            tell(Difference("anew", str(place), "sequence", "claims not in its order", "impossible"))
    if not suspects:
        return
    said: dict[str, Figures] = {}
    async for record in newest():
        data = _data(record)
        key = f"{data.get('hospital_id')}/{data.get('claim_id')}"
        if key in suspects:
            said[key] = {name: data.get(name) for name in FIGURES}
    for key, figures in suspects.items():
        for name, ledger, other in apart(_told(said[key]), _told(figures)):
            tell(Difference("anew", key, name, ledger, other))


def check_held(policies: Policies, person: Person, place: Place, tell: Tell) -> PersonYear:
    """The same for a person-year that Redis holds, of whose figures it keeps the assistance and a hash."""
    year = person.years[place.region, place.year]
    try:
        suspects = settled_anew(policies, person, place, tell)
    except LookupError as error:
        tell(Difference("anew", str(place), "claims", str(len(year.claims)), str(error)))
        return year
    for key, figures in suspects.items():
        held, anew = yuan_text(year.claims[key].assistance_fen), str(figures["assistance_amount"])
        if held != anew:
            tell(Difference("anew", key, "assistance_amount", held, anew))
        else:
            tell(Difference("anew", key, "figures", "a hash of other figures", orjson.dumps(figures).decode()))
    return year


def _yuan(counters: Mapping[str, int]) -> dict[str, str]:
    return {name: yuan_text(fen) for name, fen in counters.items()}


def _told(figures: Figures) -> dict[str, str]:
    """Figures by their paths; the edition is not among what makes a revision."""
    policy = figures["policy"]
    if isinstance(policy, dict):
        policy = {name: value for name, value in policy.items() if name != "edition"}
    return dict(flat({**figures, "policy": policy}))


def _data(record: Record) -> Mapping[str, Any]:
    """The data of a result; nothing of a record that is none, which was told."""
    try:
        data = orjson.loads(record.value or b"{}")["data"]
    except (orjson.JSONDecodeError, LookupError, TypeError):
        return {}
    return data if isinstance(data, dict) and record.topic == RESULTS else {}
