"""The ledger verified: its own form, a fresh adjudication, and settlement's view in Redis; one lane at a time.

In: Kafka and Redis, a file of output events, or Redis alone. Out: each difference as it is found, and a summary. Promise: it writes nowhere, and is right
while the services run. A lane's view follows results, reversals and timelines together, so that its watermark is where all of them can be compared.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from services.ledger.verify.anew import check_anew, check_held
from services.ledger.verify.bookings import without_reason
from services.ledger.verify.contents import holder_apart
from services.ledger.verify.differences import Difference, Summary
from services.ledger.verify.fold import Fold, Topics, place_of
from services.ledger.verify.form import Form, Tell
from services.ledger.verify.held import DOCUMENTS_A_LOOK, Comparison, Held, batches
from services.policy.library import Policies
from services.runtime.errors import Doubt
from services.runtime.fronts import check_fronts
from services.runtime.ports import Broker
from services.runtime.records import Record, Want, Watermark
from services.runtime.redis_forgetting import is_forgetting
from services.runtime.rulings import rulings
from services.settlement.adapters.documents import decode
from services.settlement.app import SettlementService
from services.settlement.domain import Holder, PersonYear

STILL_MAX, LOOK_S = 15, 0.2
"""A view behind the ledger is waited for as long as it moves; so many looks without a move are granted to all lanes together, seconds apart."""

CHUNK_RECORDS = 500


@dataclass
class Verification:
    """What was found so far.

    Attributes:
        say: Takes each difference.
        step: Told how many records were read, for progress.
        patience: Looks left for views that are behind and do not move.
    """

    policies: Policies
    say: Tell
    step: Callable[[int], None] = lambda _: None
    summary: Summary = field(default_factory=Summary)
    patience: int = STILL_MAX

    def tell(self, difference: Difference) -> None:
        """Count a difference and pass it on."""
        self.summary.differences += 1
        self.say(difference)

    def count(self, fold: Fold) -> None:
        """Sum up what the ledger told."""
        claims = fold.form.claims.values()
        self.summary.persons += len({seen.place.person_id for seen in claims})
        self.summary.years += len({seen.place for seen in claims})
        self.summary.claims += len(claims)
        self.summary.revisions += fold.form.revisions
        self.summary.paid_fen += sum(seen.owed_fen for seen in claims)

    def count_held(self, year: PersonYear) -> None:
        """Sum up what a person-year in Redis tells."""
        self.summary.years += 1
        self.summary.claims += len(year.claims)
        self.summary.revisions += sum(record.revision + 1 for record in year.claims.values())
        self.summary.paid_fen += sum(record.assistance_fen for record in year.claims.values())


async def verify_kafka(verification: Verification, broker: Broker, held: Held) -> None:
    """The whole ledger against the whole view.

    Raises:
        Doubt: Kafka or Redis is away, or a view was lost meanwhile.
        Stop: The ledger, or another topic that settlement stands on, has lost its front.
    """
    await check_fronts(SettlementService(verification.policies), range(broker.partitions), broker)
    skipped = (await rulings(broker)).skipped
    booked: dict[str, str] = {}
    misheld: set[str] = set()
    for lane in range(broker.partitions):
        topics = Topics(broker, lane, skipped)
        comparison, fold = await _verify_lane(verification, topics, held)
        unsettled = {key: holder for key, holder in comparison.booked.items() if fold.holders.get(key) != holder}
        booked |= await without_reason(topics, unsettled)
        misheld |= comparison.misheld
        verification.count(fold)
    for key, holder in booked.items():
        if key not in misheld:  # told where the key belongs
            verification.tell(holder_apart(key, None, holder))


async def _verify_lane(verification: Verification, topics: Topics, held: Held) -> tuple[Comparison, Fold]:
    """One lane: fold the ledger to its end, find out where the view stands, compare there."""
    service = SettlementService(verification.policies)
    fold = Fold(service, Form(verification.tell, topics.broker.partitions), verification.step)
    await topics.bring(fold, await topics.ends())
    at = await _caught_up(verification, topics.lane, held, fold)
    ends = await topics.log_ends()
    is_behind = _check_watermark(verification, topics.lane, at, fold, ends)
    mirrored = Fold(service, Form(lambda _: None)) if is_behind else fold
    await topics.bring(mirrored, {topic: min(offset, ends.get(topic, 0)) for topic, offset in at.items()})
    comparison = Comparison(held, topics, mirrored, verification.tell)
    await comparison.run()
    if is_behind:
        await topics.bring(fold, await topics.ends())
    fold.form.finish()
    await check_anew(verification.policies, fold, lambda: topics.results(fold), verification.tell)
    return comparison, fold


def _check_watermark(verification: Verification, lane: int, at: Watermark, fold: Fold, ends: Watermark) -> bool:
    """Hold a watermark against the ledger: not beyond its end, not behind it for long. True when it is behind."""
    behind = [(topic, reached) for topic, reached in fold.reached.items() if at.get(topic, 0) < reached]
    beyond = [(topic, ends.get(topic, 0)) for topic, offset in at.items() if offset > ends.get(topic, 0)]
    for topic, offset in behind + beyond:
        verification.tell(Difference("watermark", f"lane {lane}", topic, str(offset), str(at.get(topic, 0))))
    return bool(behind)


async def _caught_up(verification: Verification, lane: int, held: Held, fold: Fold) -> Watermark:
    """The view's watermark once it has come to where the fold stands, or the one at which it stays behind.

    Raises:
        Doubt: Redis is away, or the view is being emptied.
    """
    at: Watermark | None = None
    while True:
        seen = await held.peek(lane, Want())
        if is_forgetting(seen.run):
            raise Doubt("redis: the view is being emptied; verify when it is rebuilt")
        now = seen.watermark or {}
        if all(now.get(topic, 0) >= reached for topic, reached in fold.reached.items()):
            return now
        if now == at:
            if verification.patience == 0:
                return now
            verification.patience -= 1
        at = now
        await asyncio.sleep(LOOK_S)


async def verify_file(verification: Verification, read: Callable[[], AsyncIterator[Record]]) -> None:
    """The results and timelines of a file of output events, all of them settled.

    Args:
        verification: What is found goes there.
        read: The file's results and timelines from the beginning; asked for again where claims differ.
    """
    fold = Fold(SettlementService(verification.policies), Form(verification.tell), verification.step)
    chunk: list[Record] = []
    async for record in read():
        chunk.append(record)
        if len(chunk) == CHUNK_RECORDS:
            fold.bring(chunk)
            chunk = []
    fold.bring(chunk)
    fold.form.finish()
    await check_anew(verification.policies, fold, read, verification.tell)
    verification.count(fold)


async def verify_held(verification: Verification, held: Held) -> None:
    """What Redis holds, adjudicated anew, and whether it holds each claim's key.

    Raises:
        Doubt: Redis is away.
    """
    persons: set[str] = set()
    keys = {key async for key in held.documents() if key.startswith("y/")}
    for some in batches(sorted(keys), DOCUMENTS_A_LOOK):
        wanted = {key: [f"p/{key.split('/')[1]}", key, f"c{key[1:]}"] for key in some}
        documents = (await held.peek(0, Want(dict.fromkeys(part for parts in wanted.values() for part in parts)))).documents
        for key, parts in wanted.items():
            if not documents[key]:
                continue  # gone meanwhile
            try:
                place = place_of(key)
                year = check_held(
                    verification.policies, decode(place.person_id, {p: documents[p] for p in parts}, {}), place, verification.tell
                )
            except (LookupError, ValueError, TypeError):
                verification.tell(Difference("anew", key, "document", f"{len(documents[key])} fields", "no person-year that can be read"))
                continue
            persons.add(place.person_id)
            verification.count_held(year)
            await _check_holders(verification, held, year, place.year)
    verification.summary.persons = len(persons)


async def _check_holders(verification: Verification, held: Held, year: PersonYear, calendar_year: int) -> None:
    """Whether each claim's key is held for it."""
    holders = (await held.peek(0, Want(peeks=frozenset(year.claims)))).holders
    for key, record in year.claims.items():
        expected = Holder.of(calendar_year, record.claim).text()
        if holders.get(key) != expected:
            verification.tell(holder_apart(key, expected, holders.get(key)))
