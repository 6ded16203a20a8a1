"""Making the topics on a real Kafka."""

import asyncio

from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from schemas.topics import load_topics
from services.runtime.settings import Settings
from services.runtime.topics import create_topics

PARTITIONS = 60
"""So many that a broker leads the last ones noticeably later than it names them."""


def test_every_partition_takes_requests_when_the_topics_are_made(kafka_bootstrap: str, topic_prefix: str) -> None:
    admin = AdminClient({"bootstrap.servers": kafka_bootstrap})
    settings = Settings(kafka_bootstrap_servers=kafka_bootstrap, prefix=topic_prefix, partitions=PARTITIONS)
    try:
        made = asyncio.run(create_topics(settings, load_topics()))
        counts = {topic_prefix + name: topic.partitions or PARTITIONS for name, topic in load_topics().items()}
        assert set(made) == counts.keys()
        asked = {TopicPartition(name, number): OffsetSpec.latest() for name, count in counts.items() for number in range(count)}
        assert {answer.result().offset for answer in admin.list_offsets(asked, request_timeout=10).values()} == {0}
    finally:
        for deleted in admin.delete_topics([topic_prefix + name for name in load_topics()]).values():
            deleted.result()
