"""The part of the ledger that is to be settled anew: one region and year, of all persons or of one, as settlement's view would hold it.

In: records of results, years behind and timelines, of one lane or of a file. Out: a fold of the chosen ones alone, with what the newest result of each
claim says. Memory: the claims of that region and year, and their persons. Not here: settling anew (`anew.py`).
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import orjson

from schemas.catalogue import RESULTS, SETTLEMENT_WAITING
from services.ledger.verify.fold import Fold
from services.ledger.verify.form import Form
from services.policy.result import FIGURES
from services.runtime.home import home_of
from services.runtime.records import Record
from services.settlement.adapters.documents import person_key
from services.settlement.app import SettlementService

_SAID = [name for name in FIGURES if name != "policy"]


class Scope(NamedTuple):
    """Which person-years: of a region and calendar year, of all persons or of one."""

    region: str
    year: int
    person_id: str | None = None

    def lanes(self, partitions: int) -> Sequence[int]:
        """The partitions in which their results lie."""
        return range(partitions) if self.person_id is None else [home_of(self.person_id, partitions)]

    def holds(self, data: Mapping[str, Any]) -> bool:
        """Whether what `data` tells of is among them."""
        is_theirs = self.person_id in (None, data.get("person_id"))
        return is_theirs and (data.get("region"), data.get("year")) == (self.region, self.year)

    def is_behind(self, key: bytes) -> bool:
        """Whether `key` is that of one of them which is behind (region, year, person); of a reversal that waits, whose key has four parts, nothing is
        settled anew.
        """
        parts = key.decode(errors="replace").split("/")
        return len(parts) == 3 and parts[:2] == [self.region, str(self.year)] and self.person_id in (None, parts[2])

    def __str__(self) -> str:
        """Without the person."""
        return f"{self.region} {self.year}"


class Told(NamedTuple):
    """What a result says of a claim in words: the outcome, why nothing is paid, the category settled by, the edition (None: no policy in force)."""

    outcome: str
    reason: str | None
    category: str | None
    edition: str | None

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "Told":
        """From the data of a result."""
        policy = data["policy"]
        return cls(data["outcome"], data["reason"], data["category"], policy and policy["edition"])


def said_by(data: Mapping[str, Any]) -> bytes:
    """A hash of what a result says of its claim, whatever the policy calls itself: outcome, category and every amount."""
    figures = {name: data[name] for name in _SAID}
    return hashlib.blake2b(orjson.dumps(figures, option=orjson.OPT_SORT_KEYS), digest_size=8).digest()


class Chosen(Fold):
    """What healing settlement's view would give, of the chosen person-years alone. Results come before timelines.

    Attributes:
        told: Of each claim what its newest result tells, and a hash of all that it says.
    """

    def __init__(self, service: SettlementService, form: Form, scope: Scope, step: Callable[[int], None] = lambda _: None) -> None:
        """Begin with nothing; `step` is told how many records were read."""
        super().__init__(service, form)
        self.told: dict[str, tuple[Told, bytes]] = {}
        self._scope = scope
        self._read = step
        self._same: dict[Told, Told] = {}

    def bring(self, records: Sequence[Record]) -> None:
        """Fold those of consecutive records of a topic that are about the chosen."""
        super().bring([record for record in records if self._is_chosen(record)])
        self._read(len(records))

    def _is_chosen(self, record: Record) -> bool:
        """Whether a record is about the chosen; a result that cannot be read may be, and the form tells of it."""
        if record.topic == SETTLEMENT_WAITING:
            return self._scope.is_behind(record.key or b"")
        with suppress(orjson.JSONDecodeError, LookupError, TypeError, AttributeError):
            data = orjson.loads(record.value or b"")["data"]
            return self._scope.holds(data) if record.topic == RESULTS else person_key(data["person_id"]) in self.documents
        return record.topic == RESULTS

    def _is_sound(self, record: Record) -> bool:
        is_sound = super()._is_sound(record)
        if is_sound and record.topic == RESULTS:
            data = orjson.loads(record.value or b"")["data"]
            told = Told.of(data)
            self.told[f"{data['hospital_id']}/{data['claim_id']}"] = self._same.setdefault(told, told), said_by(data)
        return is_sound
