"""What every service looks at for its metrics: how far its lanes are behind, what its view takes of Redis, when its certificates end."""

from collections.abc import Sequence
from pathlib import Path

from prometheus_client import CollectorRegistry

from services.runtime import figures
from services.runtime.errors import Doubt
from services.runtime.kafka.lag import Lags
from services.runtime.looking import Look
from services.runtime.roster import Roster
from services.runtime.settings import Settings

LAG_S, MEMORY_S, CERTIFICATES_S = 15.0, 60.0, 600.0
"""Between two looks."""


def looks_of(registry: CollectorRegistry, roster: Roster, settings: Settings) -> Sequence[Look]:
    """All of them."""
    return LagLook(registry, roster), MemoryLook(registry, roster), CertificateLook(registry, roster.service.name, settings)


class LagLook:
    """How far the lanes of this process are behind their inputs."""

    every_s = LAG_S

    def __init__(self, registry: CollectorRegistry, roster: Roster) -> None:
        self._roster = roster
        self._points = roster.broker.points()
        self._lags = Lags(roster.broker, roster.service.inputs, lambda: self._points)
        self._records, self._seconds = figures.LAG_RECORDS.gauge(registry), figures.LAG_SECONDS.gauge(registry)

    async def look(self) -> None:
        """As the port has it."""
        lags = await self._lags.of(tuple(self._roster.pulses)) if self._roster.pulses else ()
        self.forget()  # of lanes that others have by now
        for lag in lags:
            self._records.labels(self._roster.service.name, lag.lane).set(lag.records)
            self._seconds.labels(self._roster.service.name, lag.lane).set(lag.seconds)

    def forget(self) -> None:
        """As the port has it."""
        self._records.clear()
        self._seconds.clear()

    async def close(self) -> None:
        """As the port has it."""
        await self._points.close()


class MemoryLook:
    """How much of Redis the service's view takes; the process that has lane 0 looks."""

    every_s = MEMORY_S

    def __init__(self, registry: CollectorRegistry, roster: Roster) -> None:
        self._roster = roster
        self._view, self._used, self._max = (
            figure.gauge(registry) for figure in (figures.REDIS_VIEW, figures.REDIS_USED, figures.REDIS_MAX)
        )

    async def look(self) -> None:
        """As the port has it."""
        memory = await self._roster.view.memory() if self._roster.view is not None and 0 in self._roster.pulses else None
        self.forget()
        if memory is not None:
            service = self._roster.service.name
            for format, size in memory.views.items():
                self._view.labels(service, format).set(size)
            self._used.labels(service).set(memory.used)
            self._max.labels(service).set(memory.max)

    def forget(self) -> None:
        """As the port has it."""
        for gauge in (self._view, self._used, self._max):
            gauge.clear()

    async def close(self) -> None:
        """Nothing is held."""


class CertificateLook:
    """When the certificates end that settings name. Files that are changed are read again."""

    every_s = CERTIFICATES_S

    def __init__(self, registry: CollectorRegistry, service: str, settings: Settings) -> None:
        self._service = service
        names = ("kafka_ssl_cafile", "kafka_ssl_certfile", "redis_cafile", "redis_certfile")
        self._files = {name.upper(): path for name in names if (path := getattr(settings, name))}
        self._ends = figures.CERTIFICATE.gauge(registry)

    async def look(self) -> None:
        """As the port has it.

        Raises:
            Doubt: A file cannot be read.
        """
        ends = {variable: end_of(variable, path) for variable, path in self._files.items()}
        self.forget()
        for variable, end_s in ends.items():
            self._ends.labels(self._service, variable).set(end_s)

    def forget(self) -> None:
        """As the port has it."""
        self._ends.clear()

    async def close(self) -> None:
        """Nothing is held."""


def end_of(variable: str, path: str) -> float:
    """When what a file holds is of no use any more, Unix time in seconds: the first of a chain ends, the last of several authorities.

    Raises:
        Doubt: The file that `variable` names cannot be read.
    """
    from cryptography.x509 import load_pem_x509_certificates  # only where there are certificates

    try:
        ends = [found.not_valid_after_utc.timestamp() for found in load_pem_x509_certificates(Path(path).read_bytes())]
    except (OSError, ValueError) as error:
        raise Doubt(f"{variable}: expected a PEM file of certificates ({type(error).__name__})") from error
    return max(ends) if variable.endswith("CAFILE") else min(ends)
