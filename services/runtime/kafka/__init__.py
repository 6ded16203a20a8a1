"""The port `Broker` on a real Kafka: `AioKafkaBroker`. The pump (`services/runtime/pump.py`) has the group's subscription."""

from services.runtime.kafka.broker import AioKafkaBroker

__all__ = ["AioKafkaBroker"]
