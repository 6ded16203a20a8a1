"""The one place that makes the tests' own clients: librdkafka's, which is not what we use, and redis-py's blocking one.

Clients of aiokafka and of asyncio are reached as ours are: `reaching` and `connect` of `services/runtime`. `tests/unit/test_clients.py` refuses others.
"""

from collections.abc import Mapping
from typing import Any

import redis
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient

QUIET = {"log_level": 2}
"""What goes wrong is told by answers; librdkafka's own lines, of a server that another test has stopped, would stand among those of a command."""

Options = Mapping[str, Any]
Kafka = str | Options
"""Its address, where it is open to everybody, or all that librdkafka must be told to be let in."""


def admin(kafka: Kafka, options: Options | None = None) -> AdminClient:
    """To be held until its answers have come."""
    return AdminClient(_reaching(kafka, options))


def producer(kafka: Kafka, options: Options | None = None) -> Producer:
    return Producer(_reaching(kafka, options))


def consumer(kafka: Kafka, options: Options) -> Consumer:
    return Consumer(_reaching(kafka, options))


def _reaching(kafka: Kafka, options: Options | None) -> dict[str, Any]:
    return {**QUIET, **({"bootstrap.servers": kafka} if isinstance(kafka, str) else kafka), **(options or {})}


def aiokafka_at(bootstrap: str) -> dict[str, Any]:
    """What a client of aiokafka is made with."""
    from services.runtime.connections import Connections  # only here: every test reads this module, and few need aiokafka
    from services.runtime.kafka.clients import reaching

    return reaching(Connections(kafka_bootstrap_servers=bootstrap))


def redis_at(url: str, **options: Any) -> redis.Redis:
    """A client that waits for its answers."""
    return redis.Redis.from_url(url, **options)
