"""What a record tells the console, whatever its topic."""

from dataclasses import dataclass

from services.console.domain.claims import Told
from services.console.domain.records import AuditTold, LetterTold, NotUnderstood, TimelineTold, Waits
from services.console.domain.warnings import Acted, Said

Data = Told | TimelineTold | Said | Acted | Waits | LetterTold | AuditTold | NotUnderstood


@dataclass(frozen=True, slots=True)
class Seen:
    """What a record tells. `lane` is the partition in which it lay, `at_ms` when it was written (milliseconds since 1970)."""

    lane: int
    topic: str
    offset: int
    at_ms: int
    data: Data
    home: str = ""
