"""Who may send a refused record again, by what the audit says was proposed and sent before. Pure.

One replay a letter: the first that the audit has stands, and only its very bytes may be sent again, by anybody, which is harmless as any redelivery is: so
a crash, or Kafka away, between telling and sending bars nobody. What takes two operators is proposed by one and sent by another, each telling the digest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from services.ledger.letters.mending import Mending

Verb = Literal["proposed", "replayed"]


@dataclass(frozen=True, slots=True)
class Told:
    """What the audit says of a letter: that `operator` proposed, or sent, a value of this digest, with the letter's headers or without."""

    verb: Verb
    operator: str
    sha256: str
    with_headers: bool
    time: str
    proposed_by: str | None = None

    def is_of(self, mended: Mending) -> bool:
        """Whether that is what is to be sent now."""
        return (self.sha256, self.with_headers) == (mended.sha256, mended.with_headers)


@dataclass(frozen=True, slots=True)
class Send:
    """It may be sent; `proposed_by` is the first of two operators."""

    proposed_by: str | None = None


@dataclass(frozen=True, slots=True)
class Propose:
    """A second operator must send it; `is_told` when this one has proposed it already."""

    is_told: bool = False


@dataclass(frozen=True, slots=True)
class Another:
    """It is another event, which its own sender must send: it differs in `changed`."""

    changed: Sequence[str]


@dataclass(frozen=True, slots=True)
class Sent:
    """Something else was sent in the letter's place."""

    first: Told


Verdict = Send | Propose | Another | Sent


def judge(mended: Mending, told: Sequence[Told], operator: str) -> Verdict:
    """What becomes of a record that `operator` wants to send. `told` is what the audit says of the letter, the oldest first."""
    if mended.changed:
        return Another(mended.changed)
    first = next((one for one in told if one.verb == "replayed"), None)
    if first is not None:
        return Send(first.proposed_by) if first.is_of(mended) else Sent(first)
    if not mended.named:
        return Send()
    proposals = [one.operator for one in told if one.verb == "proposed" and one.is_of(mended)]
    others = [one for one in proposals if _person(one) != _person(operator)]
    return Send(others[0]) if others else Propose(is_told=bool(proposals))


def _person(operator: str) -> str:
    """The name without the way in: one who may come in two ways is no second operator."""
    return operator.partition(":")[2].casefold()
