"""The ledger's own form: what must hold of its records whatever the policies say.

In: records of `settlement.results.v1` in their order. Out: differences. Promise: a record that passes `read` can be folded; one fault gives the lines
about its claim or person-year and no others. Memory: a few facts of each claim.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from schemas.catalogue import RESULT_TYPES, RESULTS, SETTLEMENT_WAITING, TYPES_BY_TOPIC
from schemas.envelope import CloudEvent, read_event
from schemas.hospital import ClaimSubmitted
from schemas.money import yuan_text
from schemas.refusal import Refused
from schemas.settlement import SettlementResult
from services.ledger.verify.differences import NOTHING, Difference, Place
from services.runtime.home import home_of
from services.runtime.records import Record
from services.settlement.handlers.years import SOURCE

Tell = Callable[[Difference], None]
_RESULTS = dict.fromkeys(RESULT_TYPES, SettlementResult)
_FACTS = ("hospital_id", "claim_id", "person_id", "region", "visit_type", "district")
"""What a result says beside its claim's data, and must say as they do."""


class Entry(NamedTuple):
    """A revision as the ledger tells it, with its claim."""

    result: SettlementResult
    claim: ClaimSubmitted


@dataclass(slots=True)
class Seen:
    """A claim as its revisions so far tell it. `owed_fen`: the sum of their deltas."""

    place: Place
    sequence: int
    content: str
    revision: int = -1
    paid_fen: int = 0
    owed_fen: int = 0


class Form:
    """Checks records one by one, and at the end what only all of them show.

    Attributes:
        claims: By key.
        revisions: How many records were read.
        broken: Person-years that cannot be adjudicated, for claims of theirs are missing or of doubtful place; this has been told.
    """

    def __init__(self, tell: Tell, partitions: int | None = None) -> None:
        """Begin.

        Args:
            tell: Takes each difference.
            partitions: Of the topic; None where records come from a file, and have neither place nor key.
        """
        self.claims: dict[str, Seen] = {}
        self.revisions = 0
        self.broken: set[Place] = set()
        self._tell = tell
        self._partitions = partitions

    def add(self, record: Record) -> Entry | None:
        """Check a record. Returns: what it tells; None where it cannot be folded."""
        self.revisions += 1
        try:
            event, claim = _read(record)
        except (Refused, ValueError) as error:
            expected = f"{error.field}: {error.expected}" if isinstance(error, Refused) else "a result with its claim"
            self._tell(Difference("form", f"{record.topic}[{record.partition}]@{record.offset}", "value", "unreadable", expected))
            return None
        data, key = event.data, f"{event.data.hospital_id}/{event.data.claim_id}"
        days = {claim.first_date.year, claim.date.year}
        for name in _FACTS:
            self._must(key, name, str(getattr(data, name)), str(getattr(claim, name)))
        self._must(key, "year", str(data.year), str(data.year) if data.year in days else " or ".join(map(str, sorted(days))))
        place = Place(data.person_id, data.region, data.year)
        if any(getattr(data, name) != getattr(claim, name) for name in _FACTS[:4]) or data.year not in days:
            self.broken |= {place, *(Place(person, data.region, year) for person in (data.person_id, claim.person_id) for year in days)}
            return None
        self._check_place(record, event, key)
        self._check_amounts(data, key)
        self._check_order(data, claim, key, place)
        return Entry(data, claim)

    def add_waiting(self, record: Record) -> bool:
        """Check a reversal that waits, a year that is behind, or the end of either; True when it can be folded."""
        try:
            parts = _waiting_key(record)
            if record.value is not None:
                read_event(record.value, record.headers, TYPES_BY_TOPIC[SETTLEMENT_WAITING], None)
        except (Refused, ValueError):
            place = f"{record.topic}[{record.partition}]@{record.offset}"
            self._tell(Difference("form", place, "value", "unreadable", "a reversal that waits, a year behind, or its end"))
            return False
        return all(parts)

    def finish(self) -> None:
        """What only the whole shows: the deltas of a claim add up, the sequence of a person-year has no hole."""
        years: dict[Place, list[int]] = {}
        for key, seen in self.claims.items():
            self._must(key, "sum of deltas", yuan_text(seen.owed_fen), yuan_text(seen.paid_fen))
            years.setdefault(seen.place, []).append(seen.sequence)
        for place, sequences in years.items():
            if sorted(sequences) != list(range(1, len(sequences) + 1)) and place not in self.broken:
                self.broken.add(place)
                told = ", ".join(_runs(sorted(sequences)))
                self._tell(Difference("form", str(place), "sequence", told, f"1 to {max(sequences)}, each once"))

    def _check_place(self, record: Record, event: CloudEvent[SettlementResult], key: str) -> None:
        """Ids, type, record key and partition."""
        data = event.data
        settlement_id = f"{key}/{data.revision}"
        self._must(key, f"settlement_id of revision {data.revision}", data.settlement_id, settlement_id)
        self._must(key, f"id of revision {data.revision}", event.id, settlement_id)
        verb = "completed" if data.revision == 0 else "reversed" if data.outcome == "reversed" else "adjusted"
        self._must(key, f"type of revision {data.revision}", event.type, f"settlement.{verb}.v1")
        self._must(key, f"source of revision {data.revision}", event.source, SOURCE)
        if self._partitions is not None:
            record_key = NOTHING if record.key is None else record.key.decode(errors="replace")
            self._must(key, f"record key of revision {data.revision}", record_key, data.person_id)
            home = home_of(data.person_id, self._partitions)
            self._must(key, f"partition of revision {data.revision}", f"{RESULTS}[{record.partition}]", f"{RESULTS}[{home}]")

    def _check_amounts(self, data: SettlementResult, key: str) -> None:
        """The sums within one revision."""
        paid_fen = sum(component.amount for component in data.components)
        self._must(key, f"assistance_amount of revision {data.revision}", yuan_text(data.assistance_amount), yuan_text(paid_fen))
        burden_fen = max(0, data.self_pay - data.assistance_amount)
        self._must(key, f"personal_burden of revision {data.revision}", yuan_text(data.personal_burden), yuan_text(burden_fen))

    def _check_order(self, data: SettlementResult, claim: ClaimSubmitted, key: str, place: Place) -> None:
        """The revision against those before it."""
        seen = self.claims.setdefault(key, Seen(place, data.sequence, claim.content_hash))
        if seen.place != place:
            self._must(key, f"person-year of revision {data.revision}", str(place), str(seen.place))
            self.broken |= {place, seen.place}
        self._must(key, f"sequence of revision {data.revision}", str(data.sequence), str(seen.sequence))
        if seen.content != claim.content_hash:
            self._tell(Difference("form", key, f"claim of revision {data.revision}", "other facts", "those of the first revision"))
        if data.revision != seen.revision + 1:
            self._must(key, "revision", str(data.revision), str(seen.revision + 1))
            self.broken.add(place)
        else:
            delta_fen = data.assistance_amount - seen.paid_fen
            self._must(key, f"delta of revision {data.revision}", yuan_text(data.delta), yuan_text(delta_fen))
        seen.revision = max(seen.revision, data.revision)
        seen.paid_fen = data.assistance_amount
        seen.owed_fen += data.delta

    def _must(self, key: str, field: str, said: str, expected: str) -> None:
        if said != expected:
            self._tell(Difference("form", key, field, said, expected))


def _waiting_key(record: Record) -> list[str]:
    """Claim, person and region of a reversal that waits, its claim in two parts; region, year and person of a year behind.

    Raises:
        ValueError: It is neither.
    """
    parts = (record.key or b"").decode().split("/")
    if len(parts) == 4 or (len(parts) == 3 and parts[1].isdecimal()):
        return parts
    raise ValueError("another key")


def _read(record: Record) -> tuple[CloudEvent[SettlementResult], ClaimSubmitted]:
    """A result and its claim.

    Raises:
        Refused: It is no result.
        ValueError: Its claim is none, or of a region that no key can carry.
    """
    event = read_event(record.value, record.headers, _RESULTS, None)
    claim = ClaimSubmitted.accepted(event.data.claim)
    if claim.date < claim.first_date or "/" in claim.region:
        raise ValueError("days or region of the claim")
    return event, claim


def _runs(numbers: list[int]) -> Iterator[str]:
    """Ascending numbers, those that follow each other as one run: 1 to 3, 5."""
    first = last = numbers[0]
    for number in (*numbers[1:], 0):
        if number == last + 1:
            last = number
            continue
        yield str(first) if first == last else f"{first} to {last}"
        first = last = number
