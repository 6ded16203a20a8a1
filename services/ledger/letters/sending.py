"""A refused record sent again to Kafka: judged by what the audit says of its letter, told there, and sent once what was told stands.

Not here: what may be sent (`mending.py`, `approval.py`), what would be refused again (`resending.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.ledger.errors import Declined
from services.ledger.letters.approval import Another, Propose, Send, Sent, Verdict, judge
from services.ledger.letters.audit import audit_record
from services.ledger.letters.mending import Mending, evidence
from services.ledger.letters.source import kafka_told
from services.runtime.kafka.sending import send
from services.runtime.settings import Settings


@dataclass(frozen=True, slots=True)
class Clerk:
    """Who sends, as the audit calls him, from which host, to how many partitions, and when."""

    operator: str
    client: str
    partitions: int
    at: datetime


async def send_again(settings: Settings, letter_id: str, mended: Mending, clerk: Clerk) -> str:
    """Send a record in the place of the one refused under `letter_id`, if that may be. Returns: where it lies now.

    Raises:
        Declined: It may not be, or must be sent by a second operator, which is told now.
        Doubt: Kafka is away: it may have been told, or written; the same may be sent again.
        Stop: It is larger than its topic takes.
    """
    verdict = await _judged(settings, letter_id, mended, clerk)
    if isinstance(verdict, Propose):
        if not verdict.is_told:
            await _tell(settings, "proposed", letter_id, mended, clerk, named=list(mended.named))
        raise Declined(
            f"{letter_id}: not sent, but proposed by {clerk.operator}: it takes two operators because of {', '.join(mended.named)}; another one sends it with "
            f"the same command, the same file and his --operator (sha256 {mended.sha256})"
        )
    record = mended.record
    more = {"place": f"{record.topic}/{record.partition}", "mended": mended.is_mended, "proposed_by": verdict.proposed_by}
    await _tell(settings, "replayed", letter_id, mended, clerk, **more)
    await _judged(settings, letter_id, mended, clerk)  # somebody else may have been first, at the same time
    return await send(settings, record)


async def _judged(settings: Settings, letter_id: str, mended: Mending, clerk: Clerk) -> Send | Propose:
    """What becomes of it.

    Raises:
        Declined: It may not be sent.
    """
    verdict: Verdict = judge(mended, await kafka_told(settings, letter_id), clerk.operator)
    if isinstance(verdict, Another):
        raise Declined(
            f"{letter_id}: not sent, it is another event, which its own sender must send: it differs in {', '.join(verdict.changed)}"
        )
    if isinstance(verdict, Sent):
        first = verdict.first
        raise Declined(f"{letter_id}: not sent, {first.operator} sent another content in its place at {first.time} (sha256 {first.sha256})")
    return verdict


async def _tell(settings: Settings, verb: str, letter_id: str, mended: Mending, clerk: Clerk, /, **more: Any) -> None:
    who: Mapping[str, Any] = {"operator": clerk.operator, "client": clerk.client, "letter": letter_id}
    await send(settings, audit_record(verb, clerk.at, clerk.partitions, **who, **evidence(mended), **more))
