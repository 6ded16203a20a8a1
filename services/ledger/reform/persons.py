"""The person-years of a bucket: each person's status and claims, as the newest records have them.

In: rows. Out: persons one by one. Promise: claims stand in the order in which they were accepted, whatever years they count in, for under another policy
they may count in others. Not here: settling (`reckoning.py`).
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from schemas.hospital import ClaimSubmitted
from services.identity.domain.consequences import timeline_of
from services.ledger.errors import Declined
from services.ledger.reform.rows import FIELDS, Known, claim_in, status_in
from services.policy.entitlement import Status
from services.policy.library import Policies
from services.policy.standing import StatusEvent

_HOSPITAL, _CLAIM, _PERSON = (FIELDS.index(name) for name in ("hospital_id", "claim_id", "person_id"))
_LENGTH = len(Known._fields)


class Person(NamedTuple):
    """Somebody with claims.

    Attributes:
        claims: In the order of acceptance.
        events: The identity events behind the status; empty where they were not asked for.
    """

    person_id: str
    status: Status
    events: list[StatusEvent]
    claims: list[tuple[ClaimSubmitted, Known]]

    def status_under(self, policies: Policies) -> Status:
        """His status as those policies would have it of the same events."""
        runs = timeline_of(policies, self.events)
        return self.status._replace(intervals=tuple([run.interval for run in runs]))


def persons_in(rows: Iterable[Any], year: int | None) -> Iterator[Person]:
    """Everybody with claims.

    Args:
        rows: Of results and timelines.
        year: The calendar year that must be whole, with all claims that were ever accepted; None: each.

    Raises:
        Declined: Claims are missing.
    """
    timelines: dict[str, Any] = {}
    persons: dict[str, dict[tuple[str, str], tuple[int, Any]]] = {}
    for row in rows:
        if len(row) != _LENGTH:
            known = timelines.get(row[0])
            if known is None or known[1] <= row[1]:
                timelines[row[0]] = row
            continue
        values = row[-1]
        claims = persons.setdefault(values[_PERSON], {})
        key = (values[_HOSPITAL], values[_CLAIM])
        first_at, newest = claims.get(key, (-1, row))
        claims[key] = (row[0] if row[1] == 0 else first_at, row if row[1] >= newest[1] else newest)
    for person_id, claims in persons.items():
        told = timelines.get(person_id)
        status, events = (Status(), []) if told is None else status_in(told)
        found = [Known._make(row) for _, row in sorted(claims.values(), key=_accepted)]
        _check(claims.values(), found, year)
        yield Person(person_id, status, list(events), [(claim_in(known.values), known) for known in found])


def _accepted(claim: tuple[int, Any]) -> int:
    return claim[0]


def _check(claims: Iterable[tuple[int, Any]], found: list[Known], year: int | None) -> None:
    """Whether all that was accepted is there.

    Raises:
        Declined: It is not.
    """
    counts: dict[int, int] = {}
    highest: dict[int, int] = {}
    for known in found:
        counts[known.year] = counts.get(known.year, 0) + 1
        highest[known.year] = max(highest.get(known.year, 0), known.sequence)
    is_whole = all(counts[one] == highest[one] for one in counts if year in (None, one))
    if not is_whole or any(first_at < 0 for first_at, known in claims if year in (None, known[2])):
        raise Declined(
            "the ledger is not in order, so nothing of it can be settled anew: claims of a person-year are missing; `medaid ledger verify` tells all"
        )
