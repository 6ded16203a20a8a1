"""What a batch needs of a view before it can be decided: first what its events say, then what that tells of. Claim keys are booked in passing."""

from collections.abc import Sequence
from typing import Any

from schemas.envelope import CloudEvent
from schemas.hospital import ClaimReversed, ClaimSubmitted
from schemas.settlement import ReadjudicationRequested, YearBehind
from services.policy.library import Policies
from services.runtime.records import Want
from services.runtime.service import Documents, Holders
from services.settlement.adapters.documents import BEHIND, person_key, year_keys, years_in
from services.settlement.domain import Holder, year_of

Events = Sequence[CloudEvent[Any]]


def first(policies: Policies, events: Events) -> Want:
    """Counters and claim records for claims, whole persons for what may change their past; claim keys booked."""
    wanted = _Wanted()
    bookings: dict[str, str] = {}
    for event in events:
        data = event.data
        if isinstance(data, ClaimSubmitted):
            year = year_of(policies, data)
            bookings.setdefault(data.key, Holder.of(year, data).text())
            wanted.claim(data, year)
        else:
            wanted.whole(person_key(event.home))
    peeks = frozenset(event.data.key for event in events if isinstance(event.data, ClaimReversed))
    return Want(wanted.documents, bookings, peeks)


def more(policies: Policies, events: Events, documents: Documents, holders: Holders) -> Want | None:
    """Whole years, for every event that may change them."""
    wanted = _Wanted()
    taken_back = {event.data.key for event in events if isinstance(event.data, ClaimReversed)}
    for event in events:
        data = event.data
        if isinstance(data, ClaimSubmitted):
            holder, year = Holder.parse(holders[data.key]), year_of(policies, data)
            if BEHIND in documents[year_keys(data.person_id, data.region, year)[0]]:
                wanted.years(event.home, [(data.region, year)])  # to be settled anew first
            if holder.year != year and holder.person_id == data.person_id:
                wanted.claim(data, holder.year)
                if data.key in taken_back:  # and the booking is of a bill that was never settled: then this one may be taken back
                    wanted.years(event.home, [(data.region, year)])
        elif isinstance(data, ClaimReversed):
            if data.key in holders:
                wanted.years(event.home, [(data.region, Holder.parse(holders[data.key]).year)])
        elif isinstance(data, ReadjudicationRequested | YearBehind):
            wanted.years(event.home, [(data.region, data.year)])
        else:
            wanted.years(event.home, years_in(documents[person_key(event.home)]))
    return Want(wanted.documents) if wanted.documents else None


class _Wanted:
    """Documents and fields, gathered from several events: whole documents swallow single fields."""

    def __init__(self) -> None:
        self.documents: dict[str, tuple[str, ...] | None] = {}

    def whole(self, key: str) -> None:
        """The whole of a document."""
        self.documents[key] = None

    def fields(self, key: str, *names: str) -> None:
        """Some fields of a document."""
        known = self.documents.get(key, ())
        if known is not None:
            self.documents[key] = tuple(dict.fromkeys((*known, *names)))

    def claim(self, claim: ClaimSubmitted, year: int) -> None:
        """What settling one claim needs."""
        counters, claims = year_keys(claim.person_id, claim.region, year)
        self.fields(person_key(claim.person_id), "timeline", f"w:{claim.region}/{claim.key}")
        self.whole(counters)
        self.fields(claims, claim.key)

    def years(self, person_id: str, years: Sequence[tuple[str, int]]) -> None:
        """All of some years."""
        for region, year in years:
            for key in year_keys(person_id, region, year):
                self.whole(key)
