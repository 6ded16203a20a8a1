"""Three ways to fail, told apart by who must act.

`Refused`: the record is wrong; dead letter; its sender. `Doubt`: something is away or unknown, the lane is taken again; nobody.
`Stop`: we are wrong, or Kafka has lost records; the operator.
"""

from schemas.refusal import Fault, Refused

__all__ = ["Doubt", "Fault", "NotOurs", "Refused", "Stop"]


class Doubt(Exception):
    """The outcome is unknown, or the lane may have another owner: take the lane again. Never a reason to skip a record."""


class Stop(Exception):
    """Going on could pay twice or lose a claim; an operator must look."""


class NotOurs(Exception):
    """A record in a topic that one lane alone writes is not as it wrote it, or what it stands on is gone: becomes a `Stop` at its place (`strays.py`).

    The text says why, and holds nothing of what the record says of persons.
    """
