"""A person as the console knows him: his one document, and from the ledger what a page needs besides, read by its place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from schemas.catalogue import RESULTS, TIMELINES, TYPES_BY_TOPIC
from schemas.envelope import read_event
from schemas.identity import TimelineUpdated
from services.console.adapters.outside import Outside
from services.console.domain import places
from services.console.domain.claims import Claim, from_row
from services.console.web.shelf import Fields, Shelf
from services.policy.dossier import Result
from services.runtime.errors import Doubt
from services.runtime.records import TopicPartition

YearKey = tuple[str, int]


@dataclass(frozen=True, slots=True)
class PersonYear:
    """Counters in fen, claims that stand, and what the fund pays."""

    counters: Mapping[str, int]
    claims: int
    assistance: int


@dataclass(frozen=True, slots=True)
class PersonFile:
    """All that is known of a person. `timeline` None: no status was ever told."""

    person_id: str
    lane: int
    timeline: TimelineUpdated | None
    years: Mapping[YearKey, PersonYear]
    claims: Mapping[str, Claim]
    warnings: Mapping[str, Any]

    @property
    def is_known(self) -> bool:
        """Whether anything is known of him."""
        return self.timeline is not None or bool(self.years)

    def of_year(self, key: YearKey) -> Sequence[tuple[str, Claim]]:
        """The claims of a year with their keys, in the order of acceptance."""
        found = [(name, claim) for name, claim in self.claims.items() if (claim.region, claim.year) == key]
        return sorted(found, key=lambda entry: entry[1].sequence)


async def person_file(shelf: Shelf, outside: Outside, person_id: str) -> PersonFile:
    """One document, and one record of identity.timelines.v1.

    Raises:
        Doubt: The timeline is just being replaced by a newer one, whose place is not known yet.
    """
    lane = shelf.lane_of(person_id)
    fields = await shelf.one(places.person(lane, person_id))
    return PersonFile(
        person_id,
        lane,
        await _timeline(outside, lane, fields),
        dict(_years(fields)),
        {name[2:]: from_row(row) for name, row in fields.items() if name.startswith("c:")},
        {name[2:]: value for name, value in sorted(fields.items()) if name.startswith("w:")},
    )


async def newest_results(outside: Outside, person: PersonFile, key: YearKey) -> Sequence[Result]:
    """The newest result of each claim of a year, in the order of the ledger. Raises: Doubt."""
    offsets = sorted(claim.offsets[-1] for _, claim in person.of_year(key))
    return [await _result(outside, person.lane, offset) for offset in offsets]


async def revisions(outside: Outside, person: PersonFile, claim_key: str) -> Sequence[Result]:
    """The newest revisions of a claim, the newest last. Raises: Doubt."""
    return [await _result(outside, person.lane, offset) for offset in person.claims[claim_key].offsets]


def _years(fields: Fields) -> Sequence[tuple[YearKey, PersonYear]]:
    found = []
    for name, value in fields.items():
        if name.startswith("y:"):
            region, year = name[2:].split("/")
            found.append(((region, int(year)), PersonYear(*value)))
    return sorted(found, key=lambda entry: (entry[0][1], entry[0][0]), reverse=True)


async def _timeline(outside: Outside, lane: int, fields: Fields) -> TimelineUpdated | None:
    if "t" not in fields:
        return None
    record = await outside.record(TopicPartition(TIMELINES, lane), fields["t"][1])
    if record is None:
        raise Doubt("the timeline known is gone, a newer one has not been read yet")
    types: Mapping[str, Any] = TYPES_BY_TOPIC[TIMELINES]
    timeline: TimelineUpdated = read_event(record.value, record.headers, types, bytes_max=None).data
    return timeline


async def _result(outside: Outside, lane: int, offset: int) -> Result:
    """A result by its place.

    Raises:
        Doubt: It is gone: an explanation without it would be another one.
    """
    record = await outside.record(TopicPartition(RESULTS, lane), offset)
    if record is None:
        raise Doubt(f"no result at {lane}/{offset} of the ledger")
    types: Mapping[str, Any] = TYPES_BY_TOPIC[RESULTS]
    return read_event(record.value, record.headers, types, bytes_max=None)
