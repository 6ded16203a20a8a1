"""Where a person or hospital is at home: Kafka's own murmur2 partitioning, so that well-behaved clients are right by themselves."""

from functools import lru_cache

from aiokafka.partitioner import murmur2


@lru_cache(maxsize=1 << 16)
def home_of(key: str, partitions: int) -> int:
    """The partition of `key` among `partitions`: (murmur2(UTF-8) & 0x7fffffff) mod partitions, as Kafka's Java client has it."""
    return int((murmur2(key.encode()) & 0x7FFFFFFF) % partitions)
