"""What a check of the ledger finds: one difference, how it reads in a line, and what was looked at in all.

In: texts as they stand on the wire (yuan with 2 decimals). Out: lines that begin with kind, key and field in either language, for grep.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import orjson

from schemas.foreign import visible
from schemas.money import yuan_text

Kind = Literal["form", "anew", "redis", "index", "watermark"]
"""`form`: the ledger against its own rules; `anew`: against a fresh adjudication; the others: against settlement's view in Redis."""

SHOWN_MAX = 160
"""Characters of a value that a line shows."""

NOTHING = "-"
"""What stands for what is not there."""

_OTHER: Mapping[str, Mapping[Kind, str]] = {
    "en": {"form": "must be", "anew": "settled anew", "redis": "redis", "index": "redis", "watermark": "redis"},
    "zh": {"form": "应为", "anew": "重新结算", "redis": "redis", "index": "redis", "watermark": "redis"},
}
_SOURCE: Mapping[str, Mapping[str, str]] = {"en": {"ledger": "ledger", "redis": "redis"}, "zh": {"ledger": "总账", "redis": "redis"}}


class Place(NamedTuple):
    """A person-year."""

    person_id: str
    region: str
    year: int

    def __str__(self) -> str:
        """The person-year's key as lines carry it."""
        return f"{self.person_id}/{self.region}/{self.year}"


@dataclass(frozen=True, slots=True)
class Difference:
    """What the ledger says of a field of a claim, person-year, document or lane, and what the other side says."""

    kind: Kind
    key: str
    field: str
    ledger: str
    other: str

    def line(self, lang: str, source: str = "ledger") -> str:
        """As it is printed; `source` `redis` where Redis itself was adjudicated anew."""
        comma, colon = ("，", "：") if lang == "zh" else (", ", ": ")
        said, other = _shown(self.ledger), _shown(self.other)
        return visible(f"{self.kind} {self.key} {self.field}{colon}{_SOURCE[lang][source]} {said}{comma}{_OTHER[lang][self.kind]} {other}")


@dataclass(slots=True)
class Summary:
    """What was looked at, and how much of it differs. `paid_fen`: the sum of all deltas, what the fund owes."""

    persons: int = 0
    years: int = 0
    claims: int = 0
    revisions: int = 0
    paid_fen: int = 0
    differences: int = 0

    def line(self, lang: str) -> str:
        """One line."""
        paid = yuan_text(self.paid_fen)
        if lang == "zh":
            counted = f"{self.persons} 人，{self.years} 个人年度，{self.claims} 笔结算，{self.revisions} 个版本"
            return f"已核对：{counted}，基金支付 {paid} 元，{self.differences} 处差异"
        counted = f"{self.persons} persons, {self.years} person-years, {self.claims} claims, {self.revisions} revisions"
        return f"verified: {counted}, {paid} yuan paid, {self.differences} differences"


def flat(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """The leaves of JSON with their paths, as text: {"a": [1]} gives ("a[0]", "1")."""
    match value:
        case dict() if value:
            for part, inner in value.items():
                yield from flat(inner, f"{name}.{part}" if name else part)
        case list() if value:
            for number, inner in enumerate(value):
                yield from flat(inner, f"{name}[{number}]")
        case str():
            yield name, value
        case _:
            yield name, orjson.dumps(value).decode()


def apart(said: Mapping[str, str], other: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """The fields in which two sides differ: name, what the one says, what the other."""
    for name in (*said, *(name for name in other if name not in said)):
        if said.get(name) != other.get(name):
            yield name, said.get(name, NOTHING), other.get(name, NOTHING)


def _shown(text: str) -> str:
    """A value, whatever a sender wrote into it, not too long for a line."""
    shown = visible(text)
    return shown if len(shown) <= SHOWN_MAX else shown[:SHOWN_MAX] + "…"
