"""One person-year settled anew as settlement itself would on an operator's request: by the very function, so that no figure can differ.

In: the person with his year, as healed from the ledger, and what his newest results say. Out: the claims that change, with what changes, and whether the
year needs a request at all. Pure. Not here: what a year is worth (`policy/adjudicate.py`), revisions (`settlement/handlers/years.py`).
"""

import hashlib
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import orjson

from schemas.catalogue import RESULTS
from schemas.money import fen_from_yuan, signed_fen, yuan_text
from services.ledger.readjudication.chosen import Chosen, Told, said_by
from services.ledger.verify.differences import Place
from services.policy.library import Policies, UnknownEditionError
from services.runtime.service import Emission
from services.settlement.domain import Cause, Owed, PersonYear
from services.settlement.handlers.years import readjudicate

_ASKED: Final = Owed(Cause({"source": "", "id": ""}, ""))


class Change(NamedTuple):
    """A claim of which the next revision would say anything else than its newest: outcome, reason, category or an amount.

    Attributes:
        claim: Its key, hospital and claim.
        place: Person, region and year.
        after_fen: The assistance that it would have, fen.
        delta_fen: How much more that is than now, fen.
    """

    claim: str
    place: Place
    sequence: int
    before: Told
    after: Told
    after_fen: int
    delta_fen: int

    def line(self) -> bytes:
        """As a line of JSON."""
        place = {"claim": self.claim, "person_id": self.place.person_id, "region": self.place.region, "year": self.place.year}
        before = {**self.before._asdict(), "assistance_amount": yuan_text(self.after_fen - self.delta_fen)}
        after = {**self.after._asdict(), "assistance_amount": yuan_text(self.after_fen)}
        told = {**place, "sequence": self.sequence, "before": before, "after": after, "delta": yuan_text(self.delta_fen)}
        return orjson.dumps(told) + b"\n"


class Anew(NamedTuple):
    """A person-year settled anew.

    Attributes:
        changes: Its claims that change, in the order of acceptance.
        moves: Whether it stands under another edition than runs, and would go on under that one as long as nobody asks.
        is_needed: Whether a request leads to anything.
        digest: What the request would lead to; another where the ledger or the policy is another.
    """

    place: Place
    changes: tuple[Change, ...]
    moves: bool
    is_needed: bool
    digest: bytes


def settle_anew(policies: Policies, fold: Chosen, place: Place) -> Anew:
    """What an operator's request for a person-year would lead to.

    Raises:
        Refused: `processing_failed`, it cannot be settled.
    """
    person, key = fold.person(place), (place.region, place.year)
    year = person.years[key]
    emissions = readjudicate(policies, person, key, _ASKED, renews=True).emissions
    results = [orjson.loads(told.value or b"")["data"] for told in emissions if isinstance(told, Emission) and told.topic == RESULTS]
    changes = tuple(_change(fold, place, data) for data in results if said_by(data) != fold.told[_key(data)][1])
    moves = bool(results) and _stands_elsewhere(policies, place, year)
    digest = hashlib.blake2b(b"".join(map(orjson.dumps, results)), digest_size=16).digest()
    return Anew(place, changes, moves, bool(changes) or moves or year.is_behind, digest)


def _change(fold: Chosen, place: Place, data: Mapping[str, Any]) -> Change:
    claim = _key(data)
    paid_fen, delta_fen = fen_from_yuan(data["assistance_amount"]), signed_fen(data["delta"])
    return Change(claim, place, data["sequence"], fold.told[claim][0], Told.of(data), paid_fen, delta_fen)


def _stands_elsewhere(policies: Policies, place: Place, year: PersonYear) -> bool:
    """Whether its next claim, too, would be settled by another edition than the one running, or could not be at all."""
    days = {record.claim.date for record in year.claims.values()}
    try:
        used = [(policies.for_year(place.region, day, year.edition, year.readings, year.through), day) for day in days]
    except UnknownEditionError:
        return True
    return any(policy is not policies.nearest(place.region, day) for policy, day in used)


def _key(data: Mapping[str, Any]) -> str:
    return f"{data['hospital_id']}/{data['claim_id']}"
