"""A statement's tables: the claims of a year summed up by month, category, component, district, hospital, reason and policy; its counters.

In: the partitions of a year, one after the other. Out: rows as the statement holds them, sorted by what they are of. Amounts are summed in fen, and are
yuan with two decimals in a row. Promise: every table but those of components and counters adds up to the total in each column but `persons`; the
components add up to its assistance.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from schemas.money import yuan_text
from services.ledger.statements.standing import LaneYear, Standing

Value = str | int | None
Row = Mapping[str, Value]
Key = tuple[str | None, ...]

SUMMED: Final[Mapping[str, Sequence[str]]] = {
    "total": (),
    "month": ("month",),
    "category": ("category",),
    "component": ("kind", "clause"),
    "district": ("district",),
    "hospital": ("hospital_id",),
    "reason": ("outcome", "reason"),
    "policy": ("version", "edition", "status"),
}
"""Each table of sums, and the columns that say what a row is of."""

COUNTER: Final = "counter"


class Sum:
    """What a row adds up."""

    __slots__ = ("assistance_fen", "claims", "persons", "self_pay_fen")

    def __init__(self) -> None:
        self.claims = self.persons = self.self_pay_fen = self.assistance_fen = 0

    def row(self, table: str) -> Row:
        """Its columns; a component has no self-pay of its own."""
        counted: Row = {"claims": self.claims, "persons": self.persons}
        if table == "component":
            return {**counted, "assistance": yuan_text(self.assistance_fen)}
        amounts = {"self_pay": self.self_pay_fen, "assistance": self.assistance_fen, "burden": self.self_pay_fen - self.assistance_fen}
        return {**counted, **{name: yuan_text(fen) for name, fen in amounts.items()}}


def columns_of(table: str) -> list[str]:
    """The columns of a table's rows, in their order."""
    match table:
        case "counter":
            return [COUNTER, "person_years", "limited", "used"]
        case "warning":
            return ["kind", "level", "open"]
        case _:
            return [*SUMMED[table], *Sum().row(table)]


class Tables:
    """The tables of a year, partition by partition. A person is at home in one of them, so that persons can be counted there and added up."""

    def __init__(self) -> None:
        self._sums: dict[str, dict[Key, Sum]] = {table: {} for table in SUMMED}
        self._sums["total"][()] = Sum()
        self._counters: dict[str, list[int]] = {}

    def add(self, lane: LaneYear) -> None:
        """Add what one partition tells, once."""
        persons: dict[tuple[str, Key], set[str]] = {}
        for claim in lane.claims.values():
            for table, key, assistance_fen in _cells(claim):
                found = self._sums[table].setdefault(key, Sum())
                found.claims += 1
                found.self_pay_fen += claim.self_pay_fen
                found.assistance_fen += assistance_fen
                persons.setdefault((table, key), set()).add(claim.person)
        for (table, key), some in persons.items():
            self._sums[table][key].persons += len(some)
        self._count(lane)

    def rows(self) -> dict[str, list[Row]]:
        """Every table; of the total one row."""
        tables: dict[str, list[Row]] = {}
        for table, columns in SUMMED.items():
            found = sorted(self._sums[table].items(), key=lambda cell: _order(cell[0]))
            tables[table] = [{**dict(zip(columns, key, strict=True)), **cell.row(table)} for key, cell in found]
        counters = sorted(self._counters.items())
        tables[COUNTER] = [
            dict(zip(columns_of(COUNTER), (name, years, limited, yuan_text(used_fen)), strict=True))
            for name, (years, limited, used_fen) in counters
        ]
        return tables

    def _count(self, lane: LaneYear) -> None:
        """Of each counter: in how many person-years it is used, in how many it has bound a payment, and how much of it is used together."""
        for counters in lane.counters.values():
            for name, used_fen in counters.items():
                found = self._counters.setdefault(name, [0, 0, 0])
                found[0] += used_fen > 0
                found[2] += used_fen
        for name, _ in set(lane.limited()):
            self._counters.setdefault(name, [0, 0, 0])[1] += 1


def _cells(claim: Standing) -> Iterator[tuple[str, Key, int]]:
    """Table and row of all that a claim counts in, and the assistance that counts there, fen."""
    yield "total", (), claim.assistance_fen
    yield "month", (claim.month,), claim.assistance_fen
    yield "category", (claim.category,), claim.assistance_fen
    yield "district", (claim.district,), claim.assistance_fen
    yield "hospital", (claim.hospital,), claim.assistance_fen
    yield "reason", (claim.outcome, claim.reason), claim.assistance_fen
    yield "policy", claim.policy or (None, None, None), claim.assistance_fen
    paid: dict[Key, int] = {}
    for payment in claim.payments:
        paid[payment.kind, payment.clause] = paid.get((payment.kind, payment.clause), 0) + payment.fen
    for key, fen in paid.items():
        yield "component", key, fen


def _order(key: Key) -> tuple[tuple[bool, str], ...]:
    """By the texts' code points, what has none last."""
    return tuple((text is None, text or "") for text in key)
