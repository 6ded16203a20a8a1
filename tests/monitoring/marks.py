"""Whether a row of a table shows what it says of itself."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from tests.monitoring.table import OF_STATUSES, Row, verb_of

LEVELS: Mapping[str, Sequence[str]] = {
    "impoverishment_risk": ("notice", "warning", "critical"),
    "return_to_poverty_risk": ("notice", "warning", "critical"),
    "annual_limit_near": ("notice",),
    "annual_limit_reached": ("warning",),
    "hospital_self_pay_ratio": ("warning", "critical"),
    "status_ending": ("notice",),
    "status_changed_in_stay": ("notice",),
    "overlapping_stays": ("warning",),
    "reversal_waiting": ("notice",),
    "claim_after_death": ("critical",),
    "conflicting_duplicate": ("warning",),
    "recovery_due": ("warning",),
}
"""The levels of each kind, as the contract has them."""

RANKS = ["notice", "warning", "critical"]
BEYOND = {"hospital_self_pay_ratio", "overlapping_stays", "claim_after_death"}
"""Kinds whose level begins beyond its threshold, not at it."""

DATED = {"status_ending", "status_changed_in_stay", "overlapping_stays", "claim_after_death"}
"""Kinds whose measure is a date."""


def is_shown(mark: str, case: Row, place: int, before: Row) -> bool:
    """Whether row `place` shows what `mark` says; `before` are the warnings open before it."""
    row = case["rows"][place]
    told, opened = row.get("told", []), row.get("open", before)
    match mark.split():
        case ["escalation"]:
            return any(words.startswith("escalated") for words in told)
        case ["resolution"]:
            return any(words.startswith("resolved") for words in told)
        case ["next", "episode"]:
            return any(words.startswith("raised") and int(words.split()[2]) > 1 for words in told)
        case ["late", "news"]:
            return verb_of(row) == "voided" or _day(row) <= max(_day(earlier) for earlier in case["rows"][:place])
        case ["reversal"]:
            return verb_of(row) in ("reversed", "voided")
        case [where, level]:
            return _of_level(where, level, case["kind"], told, before, opened)
    return False


def _of_level(where: str, level: str, kind: str, told: Sequence[str], before: Row, opened: Row) -> bool:
    reached = any(words.startswith((f"raised {level}", f"escalated {level}")) for words in told)
    match where:
        case "below":
            return {*_from(level, opened)} <= {*_from(level, before)}
        case "at" if kind in BEYOND:
            return {*_from(level, opened)} <= {*_from(level, before)}
        case "at" if kind in DATED:
            return reached
        case "at":
            return reached and any(_figures(value)[0] == _figures(value)[1] for value in _from(level, opened).values())
        case "above" if kind in DATED:
            return reached
        case "above" if kind == "annual_limit_reached":
            return bool(_from(level, opened))  # what is paid stops at the limit
        case "above" if kind == "hospital_self_pay_ratio":
            return reached  # its measure is rounded
        case "above":
            return reached and any(_figures(value)[0] > _figures(value)[1] for value in _from(level, opened).values())
    return False


def _from(level: str, opened: Row) -> Row:
    """The open warnings of `level` or a higher one."""
    return {name: value for name, value in opened.items() if RANKS.index(value.split()[0]) >= RANKS.index(level)}


def _figures(value: str) -> tuple[Decimal, Decimal]:
    """Measure and threshold of an open warning."""
    _level, measure, _of, threshold = value.split()
    return Decimal(measure), Decimal(threshold)


def _day(row: Row) -> str:
    """The latest date that a row names, as text; of one without, the first of all."""
    of_claim = row.get("discharge_date") or row.get("service_date") or ""
    return row["on"] if verb_of(row) in OF_STATUSES and "on" in row else of_claim
