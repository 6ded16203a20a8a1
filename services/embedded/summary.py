"""What a replay came to: counts and sums of a city's year, and the claims worth explaining. Amounts in fen."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from schemas.money import fen_from_yuan, signed_fen


@dataclass(slots=True)
class ClaimSeen:
    """A claim's newest result, as far as a summary cares."""

    key: str
    person_year: tuple[str, int]
    sequence: int
    visit_type: str
    outcome: str
    reason: str | None
    category: str | None
    revisions: int
    paid_fen: int
    kinds: tuple[str, ...]
    limited: bool
    candidates: int
    by_agency: int
    """How many revisions news of a status led to."""


@dataclass
class Summary:
    """Gathered from output events, one by one."""

    region: str
    events: int = 0
    persons: set[str] = field(default_factory=set)
    claims: dict[str, ClaimSeen] = field(default_factory=dict)
    kinds: Counter[str] = field(default_factory=Counter)
    paid_fen: int = 0
    warnings: Counter[str] = field(default_factory=Counter)
    dead_letters: Counter[str] = field(default_factory=Counter)
    stays_changed: set[str] = field(default_factory=set)

    def add(self, line: bytes) -> None:
        """Count one output event."""
        event = orjson.loads(line)
        kind, data = event["type"], event["data"]
        if kind.startswith("settlement."):
            self._result(data)
        elif kind == "monitoring.warning.raised.v1":
            self.warnings[data["kind"]] += 1
            if data["kind"] == "status_changed_in_stay":
                self.stays_changed.update(settled.rpartition("/")[0] for settled in data["evidence"])
        elif kind == "deadletter.v1":
            self.dead_letters[data["reason"]] += 1
        elif kind == "identity.timeline.updated.v1":
            self.persons.add(data["person_id"])

    def _result(self, data: Mapping[str, Any]) -> None:
        key = f"{data['hospital_id']}/{data['claim_id']}"
        known = self.claims.get(key)
        by_agency = (known.by_agency if known else 0) + data["caused_by"]["source"].startswith("/agencies/")
        self.paid_fen += signed_fen(data["delta"])
        self.persons.add(data["person_id"])
        self.claims[key] = ClaimSeen(
            key,
            (data["person_id"], data["year"]),
            data["sequence"],
            data["visit_type"],
            data["outcome"],
            data["reason"] if data["outcome"] == "not_assisted" else None,
            data["category"],
            data["revision"] + 1,
            fen_from_yuan(data["assistance_amount"]),
            tuple(component["kind"] for component in data["components"]),
            any(component["limited_by"] for component in data["components"]),
            len(data["candidates"]),
            by_agency,
        )

    def outcomes(self) -> Counter[str]:
        """Claims by the outcome of their newest result."""
        return Counter(claim.outcome for claim in self.claims.values())

    def reasons(self) -> Counter[str]:
        """Claims by why nothing is paid."""
        return Counter(claim.reason for claim in self.claims.values() if claim.reason)

    def components(self) -> Counter[str]:
        """Payments by kind, of newest results."""
        return Counter(kind for claim in self.claims.values() for kind in claim.kinds)

    def worth_explaining(self) -> dict[str, str]:
        """For each theme the city's best claim, where it has one."""
        best = {theme: max(self.claims.values(), key=rank(self), default=None) for theme, rank in THEMES.items()}
        return {theme: claim.key for theme, claim in best.items() if claim is not None and THEMES[theme](self)(claim)[0] > 0}


Rank = Callable[[ClaimSeen], tuple[int, ...]]


def _second_help(_: Summary) -> Rank:
    """Re-assistance first, then tilt; of many payments and a limit that binds."""
    worth = {"reassistance": 2, "tilt": 1}

    def rank(claim: ClaimSeen) -> tuple[int, ...]:
        return max((worth.get(kind, 0) for kind in claim.kinds), default=0), len(claim.kinds), claim.limited, claim.paid_fen

    return rank


def _changed_in_stay(summary: Summary) -> Rank:
    """A stay during which the status changed, told late: settled anew, with several categories to choose from where possible."""

    def rank(claim: ClaimSeen) -> tuple[int, ...]:
        stay = claim.visit_type == "inpatient" and claim.outcome == "assisted" and claim.by_agency > 0
        return int(stay), claim.key in summary.stays_changed, claim.candidates, claim.by_agency, claim.paid_fen

    return rank


def _shared_limit(summary: Summary) -> Rank:
    """A limit that binds although part of it was used under another category."""
    before: dict[tuple[str, int], list[ClaimSeen]] = {}
    for claim in summary.claims.values():
        if claim.paid_fen:
            before.setdefault(claim.person_year, []).append(claim)

    def rank(claim: ClaimSeen) -> tuple[int, ...]:
        others = [
            other for other in before.get(claim.person_year, []) if other.sequence < claim.sequence and other.category != claim.category
        ]
        return (len(others) if claim.limited and claim.outcome == "assisted" else 0), claim.paid_fen

    return rank


THEMES: Mapping[str, Callable[[Summary], Rank]] = {
    "second_help": _second_help,
    "changed_in_stay": _changed_in_stay,
    "shared_limit": _shared_limit,
}
