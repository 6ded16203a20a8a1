"""Records that lie in the wrong partition travel to their home unchanged, their origin in headers."""

from collections.abc import Collection

from services.runtime.deadletters import KEPT_BYTES
from services.runtime.records import Output, Record

NUMBER_MIN, NUMBER_MAX = -(2**63), 2**63 - 1
"""What Kafka's numbers hold; a producer's timestamp may be any of them."""

_PREFIX = "medaid-origin-"
_TOPIC, _PARTITION, _OFFSET, _TIMESTAMP = (_PREFIX + name for name in ("topic", "partition", "offset", "timestamp"))


def copy(record: Record, topic: str, home: int) -> Output:
    """`record` on its way to partition `home` of the rerouting topic: bytes, key and headers as they came.

    Of a key only as much as a dead letter would keep: with the origin's headers besides, a huge one might not fit into a record any more.
    """
    origin = (
        (_TOPIC, record.topic.encode()),
        (_PARTITION, str(record.partition).encode()),
        (_OFFSET, str(record.offset).encode()),
        (_TIMESTAMP, str(record.timestamp_ms).encode()),
    )
    key = None if record.key is None else record.key[:KEPT_BYTES]
    return Output(topic, home, key, record.value, record.headers + origin)


def origin(record: Record, topics: Collection[str]) -> Record:
    """`record` as it first lay in one of `topics`, our inputs; any other record is itself.

    Only the last four headers count, and only on a rerouting topic: a sender's headers of these names stay what they are. Somebody else's copy with an
    origin that is none is a record of the rerouting topic.
    """
    if not record.topic.endswith(".rerouted.v1"):
        return record
    names = dict(record.headers[-4:])
    if set(names) != {_TOPIC, _PARTITION, _OFFSET, _TIMESTAMP}:
        return record
    try:
        topic = names[_TOPIC].decode()
        partition, offset, timestamp_ms = (int(names[name]) for name in (_PARTITION, _OFFSET, _TIMESTAMP))
    except (AttributeError, TypeError, ValueError):  # Kafka knows null as a header's value
        return record
    if topic not in topics or min(partition, offset) < 0 or timestamp_ms < NUMBER_MIN or max(partition, offset, timestamp_ms) > NUMBER_MAX:
        return record
    return record._replace(topic=topic, partition=partition, offset=offset, timestamp_ms=timestamp_ms, headers=record.headers[:-4])
