"""Statements of a ledger in several partitions, over Kafka in memory: what was aborted, or passed over, counts for nothing; every partition is proved."""

import hashlib

import orjson
import pytest

from schemas.catalogue import RESULT_TYPES, RESULTS
from services.ledger.errors import Declined
from services.ledger.statements.changes import Change, year_changes
from services.ledger.statements.closing import close_year
from services.ledger.statements.document import Closed, Statement, written
from services.ledger.statements.sources import KafkaLedger
from services.runtime.errors import Stop
from services.runtime.home import home_of
from services.runtime.memory import MemoryBroker
from services.runtime.memory_kafka import MemoryKafka
from services.runtime.records import Output
from services.runtime.rulings import Skip
from tests.unit.ledger.statements.year import BEFORE, LATE, REGION, YEAR, settled

PARTITIONS = 5
RESULTS_OF = [output for output in settled(*BEFORE, *LATE) if orjson.loads(output)["type"] in RESULT_TYPES]


def output(value: bytes) -> Output:
    """A result at its person's home."""
    person = orjson.loads(value)["data"]["person_id"]
    return Output(RESULTS, home_of(person, PARTITIONS), person.encode(), value)


class World:
    """A ledger, and whoever writes it."""

    def __init__(self) -> None:
        self.kafka = MemoryKafka()

    def write(self, values: list[bytes], *, commits: bool = True) -> None:
        """In one transaction; the next one's fence aborts what was left open."""
        producer = self.kafka.init("settlement")
        for value in values:
            self.kafka.send(producer, output(value))
        if commits:
            self.kafka.commit(producer, "settlement", {})
        else:
            self.kafka.init("settlement")

    def ledger(self, *skipped: Skip) -> KafkaLedger:
        return KafkaLedger(MemoryBroker(self.kafka, "year", PARTITIONS), frozenset(skipped))

    async def close(self, *skipped: Skip) -> Statement:
        return await close_year(self.ledger(*skipped), REGION, YEAR)

    async def changes(self, statement: Statement, *skipped: Skip) -> list[Change]:
        ends = [part["end_offset"] for part in statement["ledger"]["partitions"]]
        found: list[Change] = []
        await year_changes(self.ledger(*skipped), Closed(orjson.loads(written(statement)), REGION, YEAR, ends), found.append)
        return found


@pytest.fixture
def world() -> World:
    return World()


async def test_what_was_aborted_counts_for_nothing(world: World) -> None:
    """Nor does it move an offset; each partition's digest is of what is committed there."""
    world.write(RESULTS_OF[:2])
    world.write(RESULTS_OF, commits=False)
    world.write(RESULTS_OF[2:])
    statement = await world.close()
    assert (statement["total"]["claims"], statement["total"]["persons"], statement["total"]["assistance"]) == (4, 2, "5020.00")
    parts = statement["ledger"]["partitions"]
    assert {part["partition"] for part in parts if part["results"]} == {home_of(person, PARTITIONS) for person in ("P1", "P2")}
    for part in parts:
        found = [record for record in world.kafka.records(RESULTS) if record.partition == part["partition"]]
        assert part["sha256"] == hashlib.sha256(b"".join((record.value or b"") + b"\n" for record in found)).hexdigest()
        assert part["end_offset"] == (found[-1].offset + 1 if found else 0)
    world.write(RESULTS_OF, commits=False)
    assert written(await world.close()) == written(statement)
    assert await world.changes(statement) == []


async def test_what_operators_pass_over_is_not_in_it(world: World) -> None:
    """A copy of a result that somebody else wrote; ruled after the statement was made, it is told by `changes`."""
    world.write(RESULTS_OF)
    statement = await world.close()
    stray = world.kafka.append(RESULTS, output(RESULTS_OF[0]).partition, b"P1", RESULTS_OF[0])
    with pytest.raises(Stop, match="is not as a ledger must be"):
        await world.close()
    assert written(await world.close(Skip.of(stray))) == written(statement)
    assert await world.changes(statement, Skip.of(stray)) == []
    first = world.kafka.records(RESULTS)[0]
    with pytest.raises(Stop, match=rf"does not match kafka: {RESULTS}\[{first.partition}\] up to "):
        await world.changes(statement, Skip.of(stray), Skip.of(first))


async def test_a_result_in_a_wrong_partition_is_no_ledger_s(world: World) -> None:
    world.write(RESULTS_OF[:-1])
    wrong = output(RESULTS_OF[-1])._replace(partition=(output(RESULTS_OF[-1]).partition + 1) % PARTITIONS)
    producer = world.kafka.init("settlement")
    world.kafka.send(producer, wrong)
    world.kafka.commit(producer, "settlement", {})
    with pytest.raises(Stop, match="the first in partition of revision 0"):
        await world.close()


async def test_changes_in_another_partition_are_found(world: World) -> None:
    """P2 had nothing when the year was closed: his partition's offset is 0."""
    late = [value for value in RESULTS_OF if b'"person_id":"P2"' in value]
    world.write([value for value in RESULTS_OF if value not in late])
    statement = await world.close()
    world.write(late)
    (change,) = await world.changes(statement)
    assert (change.claim, change.delta_fen, change.partition) == ("H1/4", 72_000, home_of("P2", PARTITIONS))


async def test_an_empty_ledger_has_no_statement(world: World) -> None:
    with pytest.raises(Declined, match=f"{REGION} {YEAR}: no result"):
        await world.close()
