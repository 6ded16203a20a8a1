"""Three ways to fail, told apart by who must act.

`Refused`: the record is wrong; dead letter; its sender. `Doubt`: something is away or unknown, the lane is taken again; nobody.
`Stop`: we are wrong, or Kafka has lost records; the operator.
"""

from typing import Literal

from schemas.refusal import Fault, Refused

__all__ = ["WRITTEN_BY_US", "Doubt", "DoubtKind", "Fault", "NotOurs", "Refused", "Stop", "Unreadable"]

DoubtKind = Literal[
    "kafka", "redis", "fenced", "moved", "undecided", "foreign", "deleted", "rewound", "unassigned", "unreadable", "mistake", "other"
]
"""What kind of thing is away or unknown, as metrics tell it (`docs/metrics.md` says what each means)."""


class Doubt(Exception):
    """The outcome is unknown, or the lane may have another owner: take the lane again. Never a reason to skip a record."""

    kind: DoubtKind = "other"

    def __init__(self, why: str = "", kind: DoubtKind | None = None) -> None:
        super().__init__(why)
        if kind is not None:
            self.kind = kind


class Unreadable(Doubt):
    """Something in the view is not what this version writes: it is emptied and healed from the topics before anything else is decided."""

    kind = "unreadable"


class Stop(Exception):
    """Going on could pay twice or lose a claim; an operator must look."""


class NotOurs(Exception):
    """A record in a topic that one lane alone writes is not as it wrote it, or what it stands on is gone: becomes a `Stop` at its place (`strays.py`).

    The text says why, and holds nothing of what the record says of persons.
    """


WRITTEN_BY_US = "the view was healed by this version, which cannot read it: a mistake of ours, or a newer version wrote the topics"
"""Why a view is not emptied twice."""
