"""Three ways to fail, told apart by who must act.

`Refused`: the record is wrong; dead letter; its sender. `Doubt`: something is away or unknown, the lane is taken again; nobody.
`Stop`: we are wrong, or Kafka has lost records; the operator.
"""

from schemas.refusal import Fault, Refused

__all__ = ["WRITTEN_BY_US", "Doubt", "Fault", "NotOurs", "Refused", "Stop", "Unreadable"]


class Doubt(Exception):
    """The outcome is unknown, or the lane may have another owner: take the lane again. Never a reason to skip a record."""


class Unreadable(Doubt):
    """Something in the view is not what this version writes: it is emptied and healed from the topics before anything else is decided."""


class Stop(Exception):
    """Going on could pay twice or lose a claim; an operator must look."""


class NotOurs(Exception):
    """A record in a topic that one lane alone writes is not as it wrote it, or what it stands on is gone: becomes a `Stop` at its place (`strays.py`).

    The text says why, and holds nothing of what the record says of persons.
    """


WRITTEN_BY_US = "the view was healed by this version, which cannot read it: a mistake of ours, or a newer version wrote the topics"
"""Why a view is not emptied twice."""
