"""An operator's requests: made, told on the audit topic, found in their own, and sent at a steady rate.

Promise: what is broken off and begun again sends no request twice and leaves none out. A year that settlement has settled since needs none any more, one
whose request waits in the topic is left to it (`waiting`), and a request that is sent again all the same is a redelivery: its id is made of operator,
reason, person-year and what it leads to, so that of one id there is one content. Not here: which years need one (`reckoning.py`).
"""

import hashlib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from typing import Final, NamedTuple

import orjson

from schemas.catalogue import OPERATOR_EVENTS
from schemas.envelope import write_event
from schemas.money import yuan_text
from schemas.settlement import ReadjudicationRequested
from services.ledger.letters.audit import audit_record
from services.ledger.readjudication.chosen import Scope
from services.ledger.readjudication.totals import Totals
from services.ledger.verify.differences import Place
from services.ledger.verify.fold import Topics
from services.runtime.clock import Clock
from services.runtime.errors import Refused
from services.runtime.home import home_of
from services.runtime.records import Record, TopicPartition
from services.settlement.app import SettlementService

KIND: Final = "operator.readjudication.requested.v1"

Send = Callable[[Record], Awaitable[object]]


class Needed(NamedTuple):
    """A person-year that needs a request, and a digest of what that would lead to."""

    place: Place
    digest: bytes


class Asker(NamedTuple):
    """Who asks, as the ledger will say it, from which host, why, and when."""

    operator: str
    client: str
    reason: str
    at: datetime

    def told(self, scope: Scope, totals: Totals, editions: Sequence[str], partitions: int) -> Record:
        """What the audit, which is kept for ever, says of all requests together."""
        who = {"operator": self.operator, "client": self.client, "reason": self.reason, "region": scope.region, "year": scope.year}
        what = {"requests": totals.to_ask, "total": yuan_text(totals.to_ask_fen), "paying_back": totals.to_ask_back, "editions": editions}
        return audit_record("readjudication_asked", self.at, partitions, **who, **what)

    def record(self, needed: Needed, partitions: int) -> Record:
        """The request for a person-year, at its home."""
        person_id, region, year = needed.place
        data = {"person_id": person_id, "region": region, "year": year, "operator": self.operator, "reason": self.reason}
        digest = hashlib.blake2b(orjson.dumps(data) + needed.digest, digest_size=16).hexdigest()
        event_id = f"readjudicate/{region}/{year}/{digest}"
        value = write_event(KIND, f"/operators/{self.operator}", event_id, self.at.isoformat(timespec="milliseconds"), data)
        return Record(OPERATOR_EVENTS, home_of(person_id, partitions), 0, person_id.encode(), value)


async def waiting(topics: Topics, service: SettlementService, scope: Scope) -> frozenset[str]:
    """Whose requests lie in a lane, and settlement has not come to them. Asked before the results are read: then none falls between.

    Raises:
        Doubt: Kafka is away.
    """
    place = TopicPartition(OPERATOR_EVENTS, topics.lane)
    start, stop = (await topics.broker.committed([place]))[place], (await topics.broker.ends([place]))[place]
    found: set[str] = set()
    async for chunk in topics.broker.read(place, start, stop):
        for record in chunk.records:
            try:
                data = service.read(record).data
            except Refused:  # settlement will say so, and settle nothing
                continue
            if isinstance(data, ReadjudicationRequested) and scope.holds(data.wire()):
                found.add(data.person_id)
    return frozenset(found)


async def send_all(send: Send, records: Iterable[Record], rate: float, clock: Clock, sent: Callable[[int], None]) -> None:
    """Send `records` one after the other, at most `rate` a second; `sent` is told how many are in Kafka.

    Raises:
        Doubt: Kafka is away. The rest was not sent; the last one may have been.
        Stop: One is larger than its topic takes.
    """
    began = clock.monotonic()
    for number, record in enumerate(records):
        await clock.sleep(max(0.0, began + number / rate - clock.monotonic()))
        await send(record)
        sent(number + 1)
