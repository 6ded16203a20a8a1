"""Whether topics are whole at both ends: one that is kept for ever begins at offset 0, or its first records are gone; none ends before what was read.

What is left of one without its front looks like all of it: a ledger healed from there would begin its sequences anew and pay the same bills again.
"""

from collections.abc import Iterable

from services.runtime.errors import Stop
from services.runtime.ports import Broker
from services.runtime.records import Offsets, TopicPartition
from services.runtime.service import AnyService


def check_ends(committed: Offsets, ends: Offsets) -> None:
    """Hold what a group has read of its inputs against where their logs end.

    Raises:
        Stop: One is shorter.
    """
    for place, end in ends.items():
        if committed[place] > end:
            raise Stop(f"{place.topic}[{place.partition}] ends at {end}, {committed[place]} was read: Kafka has lost records")


async def check_fronts(service: AnyService, lanes: Iterable[int], broker: Broker) -> None:
    """Look at the front of every topic that `lanes` of `service` stand on, also where a view is beyond it: the next loss would need it.

    Raises:
        Doubt: Kafka is away.
        Stop: One does not begin at 0.
    """
    await check_begin(service.lasting, lanes, broker)


async def check_begin(topics: Iterable[str], lanes: Iterable[int], broker: Broker) -> None:
    """The same of any `topics` that are kept for ever.

    Raises:
        Doubt: Kafka is away.
        Stop: One does not begin at 0.
    """
    wanted = sorted(topics)
    beginnings = await broker.beginnings([TopicPartition(topic, lane) for lane in lanes for topic in wanted])
    gone = [f"{place.topic}[{place.partition}] begins at {offset}" for place, offset in beginnings.items() if offset > 0]
    if gone:
        raise Stop(
            f"{'; '.join(gone)}: kept for ever, each must begin at 0, its first records are gone (retention, delete-records, a restore in part). "
            f'Start no service before they are restored whole: deploy/RUNBOOK.md, "The front of a topic is gone"'
        )
