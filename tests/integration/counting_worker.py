"""A process that runs the counting service on the Kafka and Redis of its environment: what tests start, kill and count."""

from typing import Any

from schemas.catalogue import AUDIT
from services.runtime import logging
from services.runtime.pump import PumpApp, build_app, run_app
from services.runtime.redis_client import connect
from services.runtime.redis_view import RedisView
from services.runtime.settings import Settings
from tests.unit.runtime.counting import AMOUNTS, FACTORS, PAID, SHARES, Counting

DEAD = {f"{topic}.dlq" for topic in (FACTORS, AMOUNTS, SHARES)}
OUTPUTS = DEAD | {PAID, SHARES, AUDIT}


def build(settings: Settings) -> PumpApp:
    def view(lanes: int) -> RedisView:
        return RedisView(connect(settings), f"{settings.prefix}counting:", lanes, settings.redis_deadline_ms / 1000)

    return build_app(Counting(), settings, view, outputs=OUTPUTS, payload=dict[str, Any], published={PAID: dict[str, Any]})


if __name__ == "__main__":
    from_environment = Settings.from_env()
    logging.configure(from_environment)
    run_app(build(from_environment))
