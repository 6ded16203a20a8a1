"""Warnings that should stand, held against what was said. Pure.

The warnings that should stand are a function of the facts. What is told is the difference to what was said:

- due and not open: `raised`, with the next episode (1 first);
- due at a higher level: `escalated`, in the same episode, so at most once a level;
- due at a lower level: `resolved`, and `raised` as the next episode: the cause at its former level is gone, and may come again;
- due at the same level with another measure or threshold: `raised` again with the same episode, an update of the open warning. At most one a
  warning and event: who keeps the newest record of each `warning_id` has level and measure of every open warning, and they are the same for
  any order of input;
- no longer due: `resolved`, with the level, measure and threshold last told.

Two kinds tell what happened, which no later fact undoes: an operator closes them. What he closed is what was measured until then; the next episode
measures what has happened since.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, NamedTuple, get_args

from schemas.codes import WarningKind, WarningLevel
from schemas.money import fen_of_sum
from services.monitoring.domain.wording import Message, closed, fallen, gone

CLOSED_BY_OPERATORS: Final[frozenset[WarningKind]] = frozenset({"conflicting_duplicate", "recovery_due"})
"""The kinds that stay open until an operator closes them. What they measure only grows: a count, or an amount in yuan."""

Verb = Literal["raised", "escalated", "resolved"]
EVIDENCE_MAX = 50
_RANK: Mapping[str, int] = {level: rank for rank, level in enumerate(get_args(WarningLevel))}


class Figure(NamedTuple):
    """A named value: an amount in yuan, a share, a count or a date, as text."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Due:
    """A warning that should stand. `detail` tells causes of one kind, subject and year apart; the message is worded only when it is told."""

    kind: WarningKind
    region: str
    subject: str
    year: int
    detail: str
    level: WarningLevel
    audience: tuple[str, ...]
    measure: Figure
    threshold: Figure
    message: Callable[[], Message]
    clause: str | None = None
    evidence: tuple[str, ...] = ()

    @property
    def warning_id(self) -> str:
        """`kind/region/subject/year[/detail]`."""
        return warning_id(self.kind, self.region, self.subject, self.year, self.detail)


def warning_id(kind: WarningKind, region: str, subject: str, year: int, detail: str) -> str:
    """`kind/region/subject/year[/detail]`."""
    return "/".join([kind, region, subject, str(year), *([detail] if detail else [])])


def region_of(warning_id: str) -> str:
    """The region of a warning."""
    return warning_id.split("/", 2)[1]


@dataclass(frozen=True, slots=True)
class Open:
    """An open warning as last told."""

    level: WarningLevel
    audience: tuple[str, ...]
    measure: Figure
    threshold: Figure
    clause: str | None

    @classmethod
    def of(cls, due: Due) -> "Open":
        """As `due` tells it."""
        return cls(due.level, due.audience, due.measure, due.threshold, due.clause)


@dataclass(frozen=True, slots=True)
class Said:
    """What was last told of a warning: its episode, how many records there were, and, unless it was resolved, the open warning.

    `closed`: how much of what it measures operators have closed so far (deliveries, fen).
    """

    episode: int = 0
    records: int = 0
    open: Open | None = None
    closed: int = 0


def after_closing(said: Said, measure: Figure) -> Said:
    """`said` once an operator has closed its episode, which measured so much."""
    amount = fen_of_sum(measure.value) if "." in measure.value else int(measure.value)
    return replace(said, closed=said.closed + amount)


@dataclass(frozen=True, slots=True)
class Statement:
    """One record about a warning. `data` lacks the cause, which the event knows."""

    verb: Verb
    warning_id: str
    said: Said
    data: Mapping[str, Any]


def tell(said: Mapping[str, Said], due: Iterable[Due], closed_by: Mapping[str, str]) -> list[Statement]:
    """What must be said so that exactly the warnings in `due` stand, by warning id; `closed_by`: those that an operator closed, and his name."""
    wanted = {warning.warning_id: warning for warning in due}
    statements: list[Statement] = []
    for warning_id in sorted(wanted.keys() | {name for name, known in said.items() if known.open}):
        statements += _differences(warning_id, said.get(warning_id, Said()), wanted.get(warning_id), closed_by.get(warning_id))
    return statements


def _differences(warning_id: str, known: Said, due: Due | None, operator: str | None) -> Iterator[Statement]:
    """What must be said of one warning."""
    standing = known.open
    if standing is None:
        if due is not None:
            yield _stated("raised", known.episode + 1, known, due)
    elif due is None:
        yield _resolved(warning_id, known, standing, closed if operator else gone, operator)
    elif _RANK[due.level] > _RANK[standing.level]:
        yield _stated("escalated", known.episode, known, due)
    elif _RANK[due.level] < _RANK[standing.level]:
        ended = _resolved(warning_id, known, standing, fallen)
        yield ended
        yield _stated("raised", known.episode + 1, ended.said, due)
    elif (due.measure, due.threshold) != (standing.measure, standing.threshold):
        yield _stated("raised", known.episode, known, due)


def _stated(verb: Verb, episode: int, known: Said, due: Due) -> Statement:
    said = Said(episode, known.records + 1, Open.of(due), known.closed)
    return Statement(verb, due.warning_id, said, _data(due.warning_id, said.episode, Open.of(due), due.evidence, due.message()))


def _resolved(warning_id: str, known: Said, standing: Open, words: Callable[[str, str], Message], operator: str | None = None) -> Statement:
    said = Said(known.episode, known.records + 1, None, known.closed)
    message = words(warning_id.partition("/")[0], standing.level)
    data = _data(warning_id, said.episode, standing, (), message)
    return Statement("resolved", warning_id, said, {**data, "closed_by": operator} if operator else data)


def _data(warning_id: str, episode: int, told: Open, evidence: tuple[str, ...], message: Message) -> dict[str, Any]:
    kind, region, subject, year, *_detail = warning_id.split("/")
    return {
        "warning_id": warning_id,
        "episode": episode,
        "kind": kind,
        "level": told.level,
        "region": region,
        "year": int(year),
        "subject": subject,
        "audience": list(told.audience),
        "measure": told.measure._asdict(),
        "threshold": told.threshold._asdict(),
        "evidence": list(evidence[:EVIDENCE_MAX]),
        "clause": told.clause,
        "message_zh": message.zh,
        "message_en": message.en,
    }
