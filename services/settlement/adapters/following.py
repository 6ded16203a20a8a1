"""Whether records of settlement's own topics are what it wrote: its events, each revision and sequence following the one before."""

from collections.abc import Mapping

import orjson

from schemas.catalogue import RESULTS, SETTLEMENT_WAITING, TYPES_BY_TOPIC
from services.runtime.errors import NotOurs
from services.runtime.formats import readable
from services.runtime.records import Document, Record
from services.runtime.strays import event_of
from services.settlement.adapters.claim_record import order_in
from services.settlement.adapters.documents import person_of_waiting, year_keys

SOURCE = "/medaid/settlement"


def home_told(record: Record) -> str:
    """The person of a result, of a reversal that waits, or of a year behind.

    Raises:
        NotOurs: It is no event of ours, or its key is not its person.
        ValueError, TypeError, KeyError: It cannot be understood.
    """
    if record.topic == SETTLEMENT_WAITING:
        waiting = person_of_waiting(record.key or b"")
        if record.value is not None:
            event_of(record, SOURCE, TYPES_BY_TOPIC[SETTLEMENT_WAITING])
        return waiting
    person = str(event_of(record, SOURCE, TYPES_BY_TOPIC[RESULTS])["data"]["person_id"])
    if record.key != person.encode():
        raise NotOurs("its key is not the person that it tells of")
    return person


class Following:
    """A look at results in the order of the ledger, from what a view knows on."""

    def __init__(self, documents: Mapping[str, Document]) -> None:
        self._documents = documents
        self._sequences: dict[str, int] = {}
        self._claims: dict[tuple[str, str], tuple[int, int]] = {}

    def __call__(self, record: Record) -> None:
        """Whether `record` follows.

        Raises:
            NotOurs: A revision without the one before it, or a sequence that leaves one out or comes again.
        """
        if record.topic != RESULTS:
            return
        data = orjson.loads(record.value or b"")["data"]
        year, claims = year_keys(data["person_id"], data["region"], data["year"])
        key = f"{data['hospital_id']}/{data['claim_id']}"
        sequence, revision = self._claim(claims, key) or (self._sequence(year) + 1, -1)
        if data["sequence"] != sequence:
            raise NotOurs(f"sequence {data['sequence']} where {sequence} must come")
        if data["revision"] != revision + 1:
            raise NotOurs(f"revision {data['revision']} where {revision + 1} must come")
        self._claims[claims, key] = sequence, revision + 1
        self._sequences[year] = max(sequence, self._sequence(year))

    def _sequence(self, year: str) -> int:
        """How many claims of the person-year were accepted so far."""
        if year not in self._sequences:
            with readable("a year of settlement's"):
                self._sequences[year] = int(self._documents[year].get("_sequence", b"0"))
        return self._sequences[year]

    def _claim(self, claims: str, key: str) -> tuple[int, int] | None:
        """Sequence and newest revision of a claim; None of one that is new."""
        if (claims, key) not in self._claims and key in self._documents[claims]:
            with readable("a claim of settlement's"):
                self._claims[claims, key] = order_in(self._documents[claims][key])
        return self._claims.get((claims, key))
