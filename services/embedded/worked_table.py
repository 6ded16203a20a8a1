"""A table of worked examples as people write it, and whether it has the right form. `tests/policy/cases/README.md` tells what each word means.

In: the text of a table. Out: `Table`, its cases as plain data, every scalar a text. Not here: what comes of a case (`worked.py`).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import AfterValidator, ConfigDict, Field, ValidationError, model_validator

from schemas.codes import ComponentKind, NotAssisted, Subsidy
from schemas.hospital import ClaimSubmitted
from schemas.tree import Tree
from services.policy.parts import Part
from services.policy.sources import text_of
from services.policy.tree import PolicyError, faults_in, parse

Row = dict[str, Any]


def _text(pattern: str, expected: str) -> AfterValidator:
    """A check of a text by its form, whose fault says what was expected."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(expected)
        return value

    return AfterValidator(check)


Yuan = Annotated[str, _text(r"\d+(\.\d{1,2})?", "yuan, such as 1500.00")]
Day = Annotated[str, _text(r"\d{4}-[01]\d-[0-3]\d", "a day, such as 2025-03-31")]
Number = Annotated[str, _text(r"[1-9]\d{0,3}", "a number from 1 to 9999")]

FACTS = frozenset(ClaimSubmitted.model_fields) - {"person_id", "region", "claim_id"}
"""What a row may say of its claim, by the names of the contract."""

EXPECTED = frozenset(
    {"self_pay", "deductible", "assistance_amount", "reason", "category", "components", "consultation_fee_waived", "because", "reversed"}
)
"""What a row says of the claim's result."""


class StatusRow(Part):
    """One event of an agency: just one of granted, revoked, changed, applied, voided."""

    granted: str | None = None
    revoked: str | None = None
    changed: str | None = None
    applied: str | None = None
    voided: Number | None = None
    on: Day | None = None
    to: str | None = None
    from_: Day | None = Field(default=None, alias="from")
    reason: str | None = None
    birth_date: Day | None = None
    enrolled_on: Day | None = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        said = [word for word in ("granted", "revoked", "changed", "applied", "voided") if getattr(self, word) is not None]
        if len(said) != 1:
            raise ValueError("one of granted, revoked, changed, applied, voided")
        if self.voided is None and self.on is None:
            raise ValueError("`on`, the day of it")
        if ((self.changed or self.applied) and self.to is None) or (self.applied and self.from_ is None):
            raise ValueError("`to`, the category changed to, or the last day applied for, and then `from`")
        return self


class ComponentRow(Part):
    """A payment that is expected; what is left out may be anything."""

    kind: ComponentKind
    amount: Yuan
    base: Yuan | None = None
    rate: str | None = None
    clause: str | None = None
    limited_by: str | None = None


class ClaimRow(Part):
    """A claim, and its expected result. Facts have the names of the contract."""

    model_config = ConfigDict(frozen=True, extra="allow")

    visit_type: str
    self_pay: Yuan
    assistance_amount: Yuan
    because: str
    deductible: Yuan = "0"
    reason: str | None = None
    category: str | None = None
    components: tuple[ComponentRow, ...] | None = None
    consultation_fee_waived: Yuan | None = None
    reversed: str | None = None

    @model_validator(mode="after")
    def _knows_its_facts(self) -> Self:
        if strangers := sorted((self.model_extra or {}).keys() - FACTS):
            raise ValueError(f"facts of a claim; {', '.join(strangers)} is none")
        if self.reversed is None and self.reason is not None and self.reason not in get_args(NotAssisted):
            raise ValueError(f"a reason of the contract: {', '.join(get_args(NotAssisted))}; {self.reason} is none")
        day = "discharge_date" if (self.model_extra or {}).get("discharge_date") else "service_date"
        if not (self.model_extra or {}).get(day):
            raise ValueError("`service_date`, or `discharge_date` of a stay")
        return self


class AdmissionRow(Part):
    """An admission, and what is expected of its assessment."""

    model_config = ConfigDict(frozen=True, extra="allow")

    admission_date: Day
    in_city: bool
    referred_by_primary_care: bool


class SubsidyRow(Part):
    """The newest subsidy that is expected of a year."""

    model_config = ConfigDict(frozen=True, extra="allow")

    year: Number
    subsidy: Subsidy


class Case(Part):
    """One person's years."""

    case: str
    clauses: tuple[str, ...] = ()
    readings: Mapping[str, str | bool | None] = {}
    limits: Mapping[str, tuple[Literal["exact", "passed", "shared"], ...]] = {}
    status: tuple[StatusRow, ...] = ()
    claims: tuple[ClaimRow, ...] = ()
    counters: Mapping[str, Yuan | Mapping[str, Yuan]] = {}
    subsidies: tuple[SubsidyRow, ...] = ()
    admissions: tuple[AdmissionRow, ...] = ()


class TableFile(Part):
    """A region's table."""

    city: str
    cannot_happen: Mapping[str, str] = {}
    cases: tuple[Case, ...] = Field(min_length=1)


@dataclass(frozen=True)
class Table:
    """A table of the right form; `cases` and `cannot_happen` are as they stand in the file."""

    name: str
    city: str
    cases: Sequence[Row]
    cannot_happen: Mapping[str, str]
    tree: Tree

    def fault(self, number: int, key: str, expected: str) -> str:
        """A fault of the case `number`, from 1, with file, line and key."""
        return self.tree.fault(("cases", number - 1, key), expected)


def read_table(path: Path) -> Table:
    """The table in a file.

    Raises:
        PolicyError: Any fault of its form, all of them, a line each.
    """
    tree = parse(str(path), text_of(path))
    try:
        file = TableFile.model_validate(tree.data)
    except ValidationError as error:
        raise PolicyError(faults_in(tree, error)) from None
    return Table(str(path), file.city, tree.data["cases"], file.cannot_happen, tree)
