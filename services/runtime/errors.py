"""Three ways to fail, told apart by who must act.

`Refused`: the record is wrong; dead letter; its sender. `Doubt`: something is away or unknown, the lane is taken again; nobody.
`Stop`: we are wrong, or Kafka has lost records; the operator.
"""

from schemas.refusal import Refused

__all__ = ["Doubt", "Refused", "Stop", "Unreadable"]


class Doubt(Exception):
    """The outcome is unknown, or the lane may have another owner: take the lane again. Never a reason to skip a record."""


class Unreadable(Doubt):
    """Something in the view is not what this version writes: it is emptied and healed from the topics before anything else is decided."""


class Stop(Exception):
    """Going on could pay twice or lose a claim; an operator must look."""


WRITTEN_BY_US = "the view was healed by this version, which cannot read it: a mistake of ours, or a newer version wrote the topics"
"""Why a view is not emptied twice."""
