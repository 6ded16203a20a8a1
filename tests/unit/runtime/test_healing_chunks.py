"""What a heal holds at a time is bounded in bytes, over all topics of a step: the records of one person may have megabytes, and all lanes heal at once."""

from collections.abc import Mapping, Sequence

import orjson
import pytest

from services.runtime import ports
from services.runtime.clock import InstantClock
from services.runtime.healing import CHUNK_BYTES_MAX
from services.runtime.lanes import Lane
from services.runtime.memory import MemoryBroker, MemoryKafka
from services.runtime.memory_view import MemoryView
from services.runtime.metrics import NoMetrics
from services.runtime.records import Chunk, Document, Record, TopicPartition, Writes
from tests.unit.runtime.counting import FACTORS, PAID, SHARES, Counting, Event
from tests.unit.runtime.workbench import ANN, LANES

PAD = "x" * 1_000_000
RECORDS = 24


class Weighing(Counting):
    """Notes the bytes of each step of a heal."""

    def __init__(self) -> None:
        self.steps: list[int] = []

    def heal(self, records: Sequence[Record], documents: Mapping[str, Document]) -> Writes:
        self.steps.append(sum(len(record.value or b"") for record in records))
        return super().heal(records, documents)


@pytest.mark.parametrize("topics", [[PAID], [SHARES], [PAID, FACTORS, SHARES]], ids=len)
async def test_a_step_of_a_heal_holds_so_many_bytes_and_not_more(topics: list[str]) -> None:
    kafka, view, service = MemoryKafka(), MemoryView(LANES), Weighing()
    for topic in topics:
        for number in range(RECORDS):
            data = {"person": ANN, "group": "A", "key": f"A-{number}", "amount": 1, "paid": 1, "revision": 0, "factor": number}
            kafka.append(topic, 0, None, orjson.dumps({**data, "pad": PAD}))
        kafka.reset(Counting.name, TopicPartition(topic, 0), RECORDS)
    lane: Lane[Event] = Lane(service, 0, MemoryBroker(kafka, Counting.name, LANES), view, InstantClock(), NoMetrics())
    await lane.take()
    assert max(service.steps) <= CHUNK_BYTES_MAX + ports.CHUNK_BYTES_MAX
    assert sum(service.steps) > len(topics) * RECORDS * len(PAD)
    assert view.snapshot().watermarks[0] == {topic: RECORDS if topic in topics else 0 for topic in Counting.state_topics}


def test_a_chunk_is_cut_where_it_outgrows_its_bytes_and_the_first_record_is_always_in_it() -> None:
    records = tuple(Record("t", 0, offset, None, b"x" * 4) for offset in (3, 5, 8))
    chunk = Chunk(records, 11)
    assert chunk.first(12) == chunk
    assert chunk.first(11) == Chunk(records[:2], 8)
    assert chunk.first(1) == Chunk(records[:1], 5)
    assert Chunk((), 4).first(1) == Chunk((), 4)
    assert Chunk((records[0]._replace(value=None), *records[1:]), 11).first(8).records[0].value is None
