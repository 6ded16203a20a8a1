"""Single records by their places: whoever asks has an answer or a doubt within the deadline, however many others ask of a Kafka that is away."""

import asyncio
from typing import Any, cast

from services.runtime.errors import Doubt
from services.runtime.kafka.points import Points
from services.runtime.records import TopicPartition

DEADLINE_S = 0.2
PLACE = TopicPartition("identity.timelines.v1", 0)


class Away:
    """A consumer of a Kafka that never answers."""

    made: int = 0
    stopped: int = 0

    def __init__(self) -> None:
        Away.made += 1

    async def start(self) -> None:
        """Wait for ever."""
        await asyncio.Event().wait()

    async def stop(self) -> None:
        """As aiokafka has it."""
        Away.stopped += 1


async def away() -> Away:
    """One that is started, and let go where that fails, as the broker has it."""
    consumer = Away()
    try:
        await consumer.start()
    except BaseException:
        await consumer.stop()
        raise
    return consumer


async def asked_together(count: int) -> tuple[list[object], float]:
    """What so many who ask at once are answered, and how long the last of them waits, seconds."""
    points = Points(cast(Any, away), "", DEADLINE_S)
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    answers = await asyncio.gather(*(points.from_offset(PLACE, number) for number in range(count)), return_exceptions=True)
    return list(answers), loop.time() - began_s


def test_nobody_waits_longer_than_the_deadline_for_those_before_him() -> None:
    answers, took_s = asyncio.run(asked_together(20))
    assert [type(answer) for answer in answers] == [Doubt] * 20
    assert took_s < 10 * DEADLINE_S, "one after the other it would be twenty deadlines"
    assert Away.made == Away.stopped > 0, "what was begun is let go, and nothing twice"
