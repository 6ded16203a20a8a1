"""Making the topics, from their description in `schemas/topics.yaml`: `medaid topics create`, which may be repeated.

Promise: a topic that is there is left as it is. Another number of partitions than wanted is refused, for it would move persons to other homes; so are
settings that lose money, each named with the command that mends it.
When it returns, every partition takes records: a broker names a new partition before it leads it, and of what comes in between librdkafka 2 with
`enable.idempotence` may lose the first batch and report it as delivered, if it is refused and the one behind it is not.
"""

from collections.abc import Collection, Mapping

import structlog
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code

from schemas.topics import Topic
from services.runtime.errors import Doubt, Stop
from services.runtime.kafka.broker import AioKafkaBroker, await_topics
from services.runtime.kafka.clients import reaching, start
from services.runtime.kafka.deadline import within
from services.runtime.kafka.described import partitions_of
from services.runtime.records import TopicPartition
from services.runtime.settings import Settings
from services.runtime.topic_settings import Difference, configs_of

BROKERS_DEFAULT = -1

log = structlog.get_logger(__name__)


async def create_topics(settings: Settings, topics: Mapping[str, Topic]) -> Collection[str]:
    """Make those of `topics` that are not there; replication and min.insync.replicas are the broker's own.

    Returns:
        The names made, with the configured prefix.

    Raises:
        Doubt: Kafka is away, or could not make one just now, or does not lead each partition yet.
        Stop: One is there with another number of partitions, or with settings that lose money.
    """
    wanted = {settings.prefix + name: _new(settings.prefix + name, topic, settings.partitions) for name, topic in topics.items()}
    async with within(settings.kafka_deadline_ms / 1000, "create the topics"):
        admin = AIOKafkaAdminClient(**reaching(settings), request_timeout_ms=settings.kafka_deadline_ms)
        try:
            await start(admin, settings, settings.kafka_deadline_ms)
            found = await partitions_of(admin, wanted.keys())
            _refuse_others(found, wanted)
            missing = [topic for name, topic in wanted.items() if name not in found]
            made = await _create(admin, missing) if missing else ()
            _refuse_others(await await_topics(admin, wanted.keys()), wanted)  # again: somebody else may have made one meanwhile
        finally:
            await admin.close()
    places = [TopicPartition(name, number) for name, topic in topics.items() for number in range(topic.partitions or settings.partitions)]
    broker = AioKafkaBroker("topics", settings)  # no group of that name comes into being
    await broker.log_ends(places)  # only leaders answer
    check(await broker.differences(topics.keys()))
    return made


def check(found: Collection[Difference]) -> None:
    """Tell each difference of settings.

    Raises:
        Stop: One of them loses money.
    """
    told = [f"{one}; mend: {one.mend}" for one in found]
    if any(one.loses for one in found):
        raise Stop("topics are not set as they must be: " + "; ".join(line for line, one in zip(told, found, strict=True) if one.loses))
    for line in told:
        log.warning("a topic is set otherwise", difference=line)


def topics_of(service: str, topics: Mapping[str, Topic]) -> Collection[str]:
    """Every topic that `service` reads or writes, dead letters included: what it looks for when it starts."""
    return {name for name, topic in topics.items() if service in topic.readers or service in topic.writers}


def _new(name: str, topic: Topic, shared_partitions: int) -> NewTopic:
    """A topic for Kafka."""
    no_assignment: dict[int, list[int]] = {}  # aiokafka wants it given, though empty, with a broker's default
    return NewTopic(name, topic.partitions or shared_partitions, BROKERS_DEFAULT, no_assignment, configs_of(topic))


def _refuse_others(found: Mapping[str, int], wanted: Mapping[str, NewTopic]) -> None:
    """Look whether the topics that are there have the partitions wanted.

    Raises:
        Stop: One has not.
    """
    wrong = [
        f"{name} has {count}, wanted are {wanted[name].num_partitions}"
        for name, count in found.items()
        if count != wanted[name].num_partitions
    ]
    if wrong:
        raise Stop(f"partitions cannot be changed once there are records: {'; '.join(wrong)}")


async def _create(admin: AIOKafkaAdminClient, topics: Collection[NewTopic]) -> Collection[str]:
    """Make `topics`; one that somebody else has just made counts as made.

    Raises:
        Doubt: One could not be made.
    """
    answer = await admin.create_topics(list(topics))
    failed = {name: for_code(code) for name, code, *_ in answer.topic_errors if code and for_code(code) is not TopicAlreadyExistsError}
    if failed:
        raise Doubt("kafka: could not make " + ", ".join(f"{name} ({error.__name__})" for name, error in failed.items()), "kafka")
    return [topic.name for topic in topics]
