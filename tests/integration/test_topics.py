"""Making the topics on a real Kafka."""

import asyncio
import re
from collections.abc import Iterator

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, OffsetSpec, ResourceType
from structlog.testing import capture_logs

from schemas.topics import load_topics
from services.runtime.errors import Stop
from services.runtime.settings import Settings
from services.runtime.topics import create_topics
from services.settlement import app as settlement
from tests import clients

PARTITIONS = 60
"""So many that a broker leads the last ones noticeably later than it names them."""


def test_every_partition_takes_requests_when_the_topics_are_made(kafka_bootstrap: str, topic_prefix: str) -> None:
    admin = clients.admin(kafka_bootstrap)
    settings = Settings(kafka_bootstrap_servers=kafka_bootstrap, prefix=topic_prefix, partitions=PARTITIONS, kafka_deadline_ms=60_000)
    try:
        made = asyncio.run(create_topics(settings, load_topics()))
        counts = {topic_prefix + name: topic.partitions or PARTITIONS for name, topic in load_topics().items()}
        assert set(made) == counts.keys()
        asked = {TopicPartition(name, number): OffsetSpec.latest() for name, count in counts.items() for number in range(count)}
        assert {answer.result().offset for answer in admin.list_offsets(asked, request_timeout=10).values()} == {0}
    finally:
        for deleted in admin.delete_topics([topic_prefix + name for name in load_topics()]).values():
            deleted.result()


class Kafka:
    """The topics of one prefix, made as an operator makes them, and somebody who sets one otherwise."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._admin = clients.admin(settings.kafka_bootstrap_servers)

    def create(self) -> None:
        asyncio.run(create_topics(self.settings, load_topics()))

    def told(self, topic: str) -> dict[str, str]:
        """A topic's settings, as a client that is not ours reads them."""
        resource = ConfigResource(ResourceType.TOPIC, self.settings.prefix + topic)
        (answer,) = self._admin.describe_configs([resource]).values()
        return {name: entry.value for name, entry in answer.result().items()}

    def set(self, topic: str, **settings: str) -> None:
        entries = [
            ConfigEntry(name.replace("_", "."), value, incremental_operation=AlterConfigOpType.SET) for name, value in settings.items()
        ]
        resource = ConfigResource(ResourceType.TOPIC, self.settings.prefix + topic, incremental_configs=entries)
        (answer,) = self._admin.incremental_alter_configs([resource]).values()
        answer.result()

    def delete(self) -> None:
        for deleted in self._admin.delete_topics([self.settings.prefix + name for name in load_topics()]).values():
            deleted.result()


@pytest.fixture
def kafka(kafka_bootstrap: str, topic_prefix: str) -> Iterator[Kafka]:
    kafka = Kafka(Settings(kafka_bootstrap_servers=kafka_bootstrap, prefix=topic_prefix, partitions=1, kafka_deadline_ms=60_000))
    kafka.create()
    yield kafka
    kafka.delete()


def test_the_topics_are_kept_in_kafka_as_they_must_be(kafka: Kafka) -> None:
    """What Kafka itself says: the ledger is neither deleted nor compacted, and what others write is dated by Kafka."""
    for_ever = {"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"}
    for topic in ("settlement.results.v1", "monitoring.warnings.v1", "console.audit.v1", "hospital.claims.v1.dlq"):
        assert kafka.told(topic).items() >= for_ever.items(), topic
    assert kafka.told("identity.timelines.v1").items() >= {**for_ever, "cleanup.policy": "compact"}.items()
    claims = {"cleanup.policy": "delete", "retention.ms": "34560000000", "message.timestamp.type": "LogAppendTime"}
    assert kafka.told("hospital.claims.v1").items() >= claims.items()


def test_a_topic_that_would_lose_money_is_refused_when_topics_are_made_and_when_a_service_starts(
    kafka: Kafka,
) -> None:
    for topic, setting, value in (
        ("identity.timelines.v1", "retention_ms", "604800000"),
        ("identity.timelines.v1", "retention_bytes", "1073741824"),
        ("identity.timelines.v1", "cleanup_policy", "delete"),
        ("identity.timelines.v1", "max_message_bytes", "1048588"),
        ("identity.timelines.v1", "unclean_leader_election_enable", "true"),
        ("console.audit.v1", "retention_ms", "604800000"),
    ):
        right = kafka.told(topic)[setting.replace("_", ".")]
        kafka.set(topic, **{setting: value})
        named = re.escape(f"{kafka.settings.prefix}{topic}: {setting.replace('_', '.')} is {value}, wanted is")
        with pytest.raises(Stop, match=named):
            kafka.create()
        app = settlement.build(kafka.settings)
        with pytest.raises(Stop, match=named):
            asyncio.run(app.roster.prepare(load_topics()))
        assert kafka.told(topic)[setting.replace("_", ".")] == value, "nothing is altered"
        kafka.set(topic, **{setting: right})
    kafka.create()


def test_an_input_that_is_kept_longer_is_left_as_it_is_and_told(kafka: Kafka) -> None:
    kafka.set("hospital.claims.v1", retention_ms="-1")
    with capture_logs() as logs:
        kafka.create()
    (told,) = logs
    assert "hospital.claims.v1: retention.ms is -1, wanted is 34560000000; mend: kafka-configs.sh" in told["difference"]
    assert kafka.told("hospital.claims.v1")["retention.ms"] == "-1"
