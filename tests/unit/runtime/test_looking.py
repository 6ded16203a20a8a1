"""Looks beside the lanes: what cannot be seen is told by no figure, once in the log, and stops nobody."""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from services.runtime.errors import Doubt, Stop
from services.runtime.looking import keep_looking
from services.runtime.looks import CertificateLook
from services.runtime.settings import Settings
from tests.integration.secured import DAY, Authority


class Seen:
    """A look that a test lets fail."""

    every_s = 7.0

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.looked = 0
        self.forgot = 0
        self.closed = False

    async def look(self) -> None:
        self.looked += 1
        if self.error is not None:
            raise self.error

    def forget(self) -> None:
        self.forgot += 1

    async def close(self) -> None:
        self.closed = True


class Turns:
    """A clock whose sleep gives others a turn."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def monotonic(self) -> float:
        return self.now_s

    async def sleep(self, seconds: float) -> None:
        self.now_s += seconds
        await asyncio.sleep(0)


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(1_000):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("never")


@pytest.mark.parametrize("error", [Doubt("redis: away", "redis"), Stop("redis may evict"), ZeroDivisionError()])
async def test_a_look_that_fails_is_told_and_repeated(error: Exception) -> None:
    seen, clock = Seen(), Turns()
    seen.error = error
    with capture_logs() as told:
        looking = asyncio.create_task(keep_looking(seen, "counting", clock))
        await until(lambda: seen.looked == 4)
        assert seen.forgot in (3, 4)
        assert (len({line["event"] for line in told}), told[0]["look"]) == (1, "Seen")
        if not isinstance(error, ZeroDivisionError):
            assert len(told) == 1, "once a minute"
        seen.error = None
        forgot = seen.forgot
        await until(lambda: seen.looked == 8)
        assert seen.forgot == forgot
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
    assert seen.closed


async def test_the_end_of_certificates_is_told_and_a_new_file_read(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "authority")
    short = authority.sign("short", until=timedelta(days=20))
    settings = Settings(
        kafka_security_protocol="SSL",
        kafka_ssl_cafile=str(authority.file),
        kafka_ssl_certfile=str(short.certificate),
        kafka_ssl_keyfile=str(short.key),
    )
    registry = CollectorRegistry()
    look = CertificateLook(registry, "settlement", settings)

    def days(variable: str) -> float | None:
        end_s = registry.get_sample_value("medaid_certificate_end_timestamp_seconds", {"service": "settlement", "variable": variable})
        return None if end_s is None else (end_s - datetime.now(UTC).timestamp()) / DAY.total_seconds()

    await look.look()
    assert (days("KAFKA_SSL_CAFILE"), days("KAFKA_SSL_CERTFILE")) == (pytest.approx(1, abs=0.1), pytest.approx(20, abs=0.1))
    short.certificate.write_bytes(authority.sign("long", until=timedelta(days=300)).certificate.read_bytes())
    await look.look()
    assert days("KAFKA_SSL_CERTFILE") == pytest.approx(300, abs=0.1)
    longest, shortest = (
        authority.sign(name, until=timedelta(days=count)).certificate.read_bytes() for name, count in (("a", 90), ("b", 9))
    )
    for path in (short.certificate, authority.file):
        path.write_bytes(longest + shortest)
    await look.look()
    assert days("KAFKA_SSL_CERTFILE") == pytest.approx(9, abs=0.1), "of a chain the first that ends"
    assert days("KAFKA_SSL_CAFILE") == pytest.approx(90, abs=0.1), "of authorities the last"
    short.certificate.write_text("no certificate")
    with pytest.raises(Doubt, match="KAFKA_SSL_CERTFILE: expected a PEM file"):
        await look.look()


async def test_without_certificates_nothing_is_told_of_them() -> None:
    registry: Any = CollectorRegistry()
    await CertificateLook(registry, "settlement", Settings()).look()
    assert [sample for family in registry.collect() for sample in family.samples] == []
    assert logging.getLogger("cryptography").handlers == []
