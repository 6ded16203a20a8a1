"""A statement as a document: JSON of a fixed form and order, and read back. docs/statements.md says what each part means and how to check it by other means.

Promise: the same tables and proof give the same bytes. No instant, no host, no version of this program is in it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson
from pydantic import Field, ValidationError

from schemas.catalogue import RESULTS, WARNINGS
from schemas.fields import Id, Model, Number, Year
from services.ledger.errors import Declined, Misnamed
from services.ledger.statements.standing import LaneYear
from services.ledger.statements.tables import Row

FORM: Final = "medaid.year.v1"
FILE: Final = "statement.json"

Statement = Mapping[str, Any]


class Proof(NamedTuple):
    """Which results of one partition a statement sums up; `sha256` of their values, a line feed behind each."""

    partition: int
    end_offset: int
    results: int
    sha256: str

    @classmethod
    def of(cls, partition: int, lane: LaneYear) -> "Proof":
        """What proves the results that `lane` has folded."""
        return cls(partition, lane.end_offset, lane.results, lane.sha256)


def statement(
    region: str,
    year: int,
    tables: Mapping[str, Sequence[Row]],
    proofs: Sequence[Proof],
    warnings: Sequence[Row],
    warning_ends: Mapping[int, int],
) -> Statement:
    """The whole document."""
    return {
        "statement": FORM,
        "region": region,
        "year": year,
        "total": tables["total"][0],
        **{table: rows for table, rows in tables.items() if table != "total"},
        "warning": warnings,
        "ledger": {
            "topic": RESULTS,
            "results": sum(proof.results for proof in proofs),
            "sha256": digest(proofs),
            "partitions": [proof._asdict() for proof in proofs],
        },
        "warnings": {
            "topic": WARNINGS,
            "partitions": [{"partition": proof.partition, "end_offset": warning_ends.get(proof.partition, 0)} for proof in proofs],
        },
    }


def digest(proofs: Sequence[Proof]) -> str:
    """SHA-256 of a line a partition, in their order: its number, a space, its results' SHA-256, a line feed."""
    return sha256("".join(f"{proof.partition} {proof.sha256}\n" for proof in proofs).encode()).hexdigest()


def written(document: Statement) -> bytes:
    """The bytes of a document."""
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


class _Partition(Model):
    partition: Number = Field(description="of the ledger")
    end_offset: Number = Field(description="behind its last result that counts")


class _Ledger(Model):
    partitions: list[_Partition] = Field(min_length=1, description="from 0 on")


class _Closed(Model):
    region: Id = Field(description="the city")
    year: Year = Field(description="the calendar year")
    ledger: _Ledger = Field(description="which results")


@dataclass(frozen=True, slots=True)
class Closed:
    """A statement that was made before.

    Attributes:
        end_offsets: By partition, from 0 on: the offset behind the last result that it sums up.
    """

    document: Statement
    region: str
    year: int
    end_offsets: Sequence[int]


def read_statement(path: Path) -> Closed:
    """The statement in a file.

    Raises:
        Misnamed: There is no such file.
        Declined: It holds no statement, or one of another form.
    """
    try:
        document = orjson.loads(path.read_bytes())
    except OSError as error:
        raise Misnamed(f"{path}: cannot be read: {error.strerror}") from None
    except orjson.JSONDecodeError:
        raise Declined(f"{path}: no JSON; expected the {FILE} of `medaid year close`") from None
    form = document.get("statement") if isinstance(document, dict) else None
    if form != FORM:
        raise Declined(f"{path}: statement: expected {FORM}, the {FILE} of `medaid year close`")
    try:
        known = _Closed.model_validate(document, extra="ignore")
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        raise Declined(f"{path}: {'.'.join(map(str, fault['loc']))}: {fault['msg']}; it was changed since it was made") from None
    parts = known.ledger.partitions
    if [part.partition for part in parts] != list(range(len(parts))):
        raise Declined(
            f"{path}: ledger.partitions: expected each of 0 to {len(parts) - 1} once, in order; it was changed since it was made"
        )
    return Closed(document, known.region, known.year, [part.end_offset for part in parts])
