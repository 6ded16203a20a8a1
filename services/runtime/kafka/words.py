"""Requests that aiokafka does not have, or whose answers it does not read whole, in its own form. Each is only asked: none of them changes anything.

Not here: asking them and what the answers mean (`rights.py`, `services/doctor/`).
"""

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

from aiokafka.errors import IncompatibleBrokerVersion
from aiokafka.protocol.api import RequestStruct, Response, ResponseHeader_v0
from aiokafka.protocol.types import (
    Array,
    Boolean,
    CompactArray,
    CompactString,
    Int8,
    Int16,
    Int32,
    Int64,
    Schema,
    String,
    TaggedFields,
)

_TEXT, _COMPACT = String("utf-8"), CompactString("utf-8")
NO_TAGS: dict[int, bytes] = {}
MAX_TIMESTAMP, CONSUMER = -3, -1


class _MetadataResponse(Response):  # type: ignore[misc]  # aiokafka is untyped
    API_KEY, API_VERSION = 3, 8
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("brokers", Array(("node_id", Int32), ("host", _TEXT), ("port", Int32), ("rack", _TEXT))),
        ("cluster_id", _TEXT),
        ("controller_id", Int32),
        (
            "topics",
            Array(
                ("error_code", Int16),
                ("topic", _TEXT),
                ("is_internal", Boolean),
                (
                    "partitions",
                    Array(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", Array(Int32)),
                        ("isr", Array(Int32)),
                        ("offline_replicas", Array(Int32)),
                    ),
                ),
                ("operations", Int32),
            ),
        ),
        ("cluster_operations", Int32),
    )


class _MetadataRequest(RequestStruct):  # type: ignore[misc]
    API_KEY, API_VERSION, RESPONSE_TYPE = 3, 8, _MetadataResponse
    SCHEMA = Schema(("topics", Array(_TEXT)), ("may_create", Boolean), ("with_cluster", Boolean), ("with_topics", Boolean))


class _VersionsResponse(Response):  # type: ignore[misc]
    API_KEY, API_VERSION = 18, 3
    SCHEMA = Schema(
        ("error_code", Int16),
        ("versions", CompactArray(("key", Int16), ("min", Int16), ("max", Int16), ("tags", TaggedFields))),
        ("throttle_time_ms", Int32),
        ("tags", TaggedFields),
    )


class _VersionsRequest(RequestStruct):  # type: ignore[misc]
    FLEXIBLE_VERSION = True
    API_KEY, API_VERSION, RESPONSE_TYPE = 18, 3, _VersionsResponse
    SCHEMA = Schema(("name", _COMPACT), ("version", _COMPACT), ("tags", TaggedFields))

    def parse_response_header(self, read_buffer: BytesIO | bytes) -> ResponseHeader_v0:
        """Without tags in every version: whoever asks does not know yet what is spoken."""
        return ResponseHeader_v0.decode(read_buffer)


class _TransactionsResponse(Response):  # type: ignore[misc]
    API_KEY, API_VERSION = 65, 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "transactions",
            CompactArray(
                ("error_code", Int16),
                ("transactional_id", _COMPACT),
                ("state", _COMPACT),
                ("timeout_ms", Int32),
                ("start_ms", Int64),
                ("producer_id", Int64),
                ("producer_epoch", Int16),
                ("topics", CompactArray(("topic", _COMPACT), ("partitions", CompactArray(Int32)), ("tags", TaggedFields))),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _TransactionsRequest(RequestStruct):  # type: ignore[misc]
    FLEXIBLE_VERSION = True
    API_KEY, API_VERSION, RESPONSE_TYPE = 65, 0, _TransactionsResponse
    SCHEMA = Schema(("transactional_ids", CompactArray(_COMPACT)), ("tags", TaggedFields))


class _NewestResponse(Response):  # type: ignore[misc]
    API_KEY, API_VERSION = 2, 7
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "topics",
            CompactArray(
                ("topic", _COMPACT),
                (
                    "partitions",
                    CompactArray(
                        ("partition", Int32),
                        ("error_code", Int16),
                        ("timestamp", Int64),
                        ("offset", Int64),
                        ("leader_epoch", Int32),
                        ("tags", TaggedFields),
                    ),
                ),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _NewestRequest(RequestStruct):  # type: ignore[misc]
    FLEXIBLE_VERSION = True
    API_KEY, API_VERSION, RESPONSE_TYPE = 2, 7, _NewestResponse
    SCHEMA = Schema(
        ("replica_id", Int32),
        ("isolation_level", Int8),
        (
            "topics",
            CompactArray(
                ("topic", _COMPACT),
                (
                    "partitions",
                    CompactArray(("partition", Int32), ("leader_epoch", Int32), ("timestamp", Int64), ("tags", TaggedFields)),
                ),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class Question:
    """A request with the values of its fields, as a connection of aiokafka takes it."""

    def __init__(self, struct: type[Any], *values: Any) -> None:
        self._struct = struct
        self._values = values

    def prepare(self, versions: Mapping[int, tuple[int, int]]) -> Any:
        """The request to send, to a broker that knows these versions of each kind.

        Raises:
            IncompatibleBrokerVersion: Not this one.
        """
        lowest, highest = versions.get(self._struct.API_KEY, (0, -1))
        if not lowest <= self._struct.API_VERSION <= highest:
            raise IncompatibleBrokerVersion(f"request {self._struct.API_KEY} in version {self._struct.API_VERSION}")
        return self._struct(*self._values)


def metadata(topics: Sequence[str]) -> Question:
    """Brokers; partitions of `topics`, and what we may do with each and with the cluster, as bits by Kafka's numbers of operations. No topic is made."""
    return Question(_MetadataRequest, list(topics), False, True, True)


def versions(name: str) -> Question:
    """What the broker supports and what its cluster has agreed on; `name` is who we say that we are."""
    return Question(_VersionsRequest, name, "1", NO_TAGS)


def transactions(transactional_ids: Sequence[str]) -> Question:
    """What is known of them, where we may ask."""
    return Question(_TransactionsRequest, list(transactional_ids), NO_TAGS)


def newest(topics: Mapping[str, Sequence[int]]) -> Question:
    """The largest timestamp in each of these partitions, of which the broker asked must be the leader."""
    asked = [(topic, [(number, -1, MAX_TIMESTAMP, NO_TAGS) for number in numbers], NO_TAGS) for topic, numbers in topics.items()]
    return Question(_NewestRequest, CONSUMER, 0, asked, NO_TAGS)
