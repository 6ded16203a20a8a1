"""Where lanes stand in their inputs, as Kafka tells it: lines for `medaid lanes status`."""

from collections.abc import Sequence
from typing import NamedTuple

from schemas.catalogue import AUDIT
from schemas.topics import load_topics
from services.runtime.kafka import AioKafkaBroker
from services.runtime.losses import losses_of
from services.runtime.records import TopicPartition
from services.runtime.rulings import Rulings, rulings
from services.runtime.service import AnyService
from services.runtime.settings import Settings
from services.runtime.topics import topics_of


class Standing(NamedTuple):
    """A line, and whether it tells of what stops a lane."""

    line: str
    stops: bool


async def standings(settings: Settings, services: Sequence[AnyService]) -> list[Standing]:
    """A line for each input of each lane, and one for each record that is skipped.

    Raises:
        Doubt: Kafka is away.
        Stop: A topic is missing.
    """
    found: list[Standing] = []
    settings_of: dict[str, Standing] = {}
    ruled = Rulings()
    for service in services:
        broker = AioKafkaBroker(service.name, settings)
        try:
            await broker.prepare({*service.inputs, AUDIT})
            ruled = await rulings(broker)
            found += await _of_service(service, broker, ruled)
            for one in await broker.differences(topics_of(service.name, load_topics())):
                settings_of[str(one)] = Standing(f"setting  {one}; mend: {one.mend}", bool(one.loses))
        finally:
            await broker.close()
    found += settings_of.values()
    for skipped, ruling in sorted(ruled.skips.items()):
        found.append(Standing(f"skipped  {'/'.join(map(str, skipped[:3]))}  by {'/'.join(map(str, ruling))}", False))
    return found


async def _of_service(service: AnyService, broker: AioKafkaBroker, ruled: Rulings) -> list[Standing]:
    places = [TopicPartition(topic, number) for topic in service.inputs for number in range(broker.partitions)]
    committed, beginnings, ends = await broker.committed(places), await broker.beginnings(places), await broker.ends(places)
    missing = {loss.partition: loss for loss in losses_of(committed, beginnings)}
    found: list[Standing] = []
    for place in places:
        line = f"{service.name}  {place.topic}/{place.partition}  read up to {committed[place]} of {ends[place]}, begins at {beginnings[place]}"
        loss, known = missing.get(place), ruled.losses.get((service.name, place), ())
        is_open = loss is not None and ruled.accepted(service.name, *loss) is None
        if is_open:
            line += f"  LOST {beginnings[place] - committed[place]}"
        elif known:
            line += f"  loss up to {known[-1].stop} accepted"
        found.append(Standing(line, is_open))
    return found
