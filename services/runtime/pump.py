"""A service as a FastStream app: subscription, lanes, health and metrics, started and stopped together.

Out: an app that runs until SIGTERM, finishes the batches in hand and ends with status 0; with 1 after one clear line when an operator must look.
Not here: the subscription (`subscription.py`), lanes (`roster.py`, `keeper.py`), who makes the view's client (each service's `app.py`).
"""

import asyncio
import gc
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from functools import partial
from typing import Any

import anyio
import structlog
import uvloop
from faststream import FastStream
from faststream.specification import AsyncAPI
from prometheus_client import CollectorRegistry, ProcessCollector

from services.runtime.clock import Clock, SystemClock
from services.runtime.errors import Stop
from services.runtime.health import HealthServer
from services.runtime.kafka import AioKafkaBroker
from services.runtime.looking import Look, keep_looking
from services.runtime.looks import looks_of
from services.runtime.needs import looked_at
from services.runtime.prometheus import Figures
from services.runtime.roster import LastingView, Roster
from services.runtime.rules import NO_RULES, Rules, tell_changes, tell_faults
from services.runtime.service import AnyService
from services.runtime.settings import Settings
from services.runtime.states import States
from services.runtime.subscription import QUIET, Subscription
from services.runtime.sweeping import keep_swept
from services.runtime.traces import ProcessTraces, traces_to

GC_THRESHOLDS = (50_000, 20, 50)
"""A batch makes many objects and no cycles; the collector's defaults would look at them after every few records."""

log = structlog.get_logger(__name__)


class PumpApp(FastStream):
    """FastStream's app, which ends with status 1 when an operator must look."""

    roster: Roster

    async def run(self, *options: Any, **more: Any) -> None:
        """As FastStream's.

        Raises:
            SystemExit: An operator must look; the reason was told.
        """
        await super().run(*options, **more)
        if self.roster.stop is not None:
            raise SystemExit(1)


def build_app(
    service: AnyService,
    settings: Settings,
    make_view: Callable[[int], LastingView],
    *,
    outputs: Collection[str] = (),
    looks: Callable[[CollectorRegistry, Roster], Sequence[Look]] = lambda registry, roster: (),
    rules: Rules = NO_RULES,
    registry: CollectorRegistry | None = None,
    clock: Clock | None = None,
    specification: AsyncAPI | None = None,
    payload: Any = Any,
    published: Mapping[str, Any] | None = None,
) -> PumpApp:
    """An app that runs `service`, for `faststream run` or `run_app`.

    Args:
        service: What to run.
        settings: Of this process.
        make_view: Makes the service's view for so many lanes, once, in the app's event loop; the app closes it.
        outputs: Topics that the service writes, besides those that it reads too; all must be there, with the same number of partitions.
        looks: What the service looks at for its metrics, besides what every service does.
        rules: What it decides by, for log, health and metrics.
        registry: Where metrics go, a new one by default.
        clock: For waiting, the machine's by default.
        specification: Of the AsyncAPI document: title, version, contact.
        payload: The type of what is read, a union of event models, for the AsyncAPI document.
        published: Topic to the type of what is written there, for the AsyncAPI document.

    Raises:
        WrongSetting: Traces are asked for, and OpenTelemetry is not installed.
    """
    registry, clock = registry or CollectorRegistry(), clock or SystemClock()
    figures, broker = Figures(registry), AioKafkaBroker(service.name, settings)
    traces = traces_to(settings.traces_endpoint, service.name)
    roster = Roster(
        service, settings, broker, make_view, clock, lambda lane: figures.of_lane(service.name, lane, service.inputs), traces.of_lane
    )
    app = PumpApp(
        Subscription(settings, roster, looked_at(service, outputs), payload, published or {}), logger=QUIET, specification=specification
    )
    app.roster, roster.exit = roster, app.exit
    registry.register(States(roster))
    ProcessCollector(registry=registry)
    watched = [*looks_of(registry, roster, settings), *looks(registry, roster)]
    beside = [partial(keep_swept, roster, clock), partial(tell_changes, rules, roster, settings.prefix, clock)]
    _keep_beside(app, [*beside, *(partial(keep_looking, look, service.name, clock) for look in watched)])
    tell_faults(service.name, rules, registry)
    return _hook(app, roster, HealthServer(roster, registry, settings.health_host, settings.health_port, rules.faulty), traces)


def run_app(app: PumpApp) -> None:
    """Run `app` in a loop of its own until SIGTERM. Raises: SystemExit, as the app's `run`."""
    anyio.run(app.run, backend_options={"loop_factory": uvloop.new_event_loop})


def _hook(app: PumpApp, roster: Roster, health: HealthServer, traces: ProcessTraces) -> PumpApp:
    """The app. Health is served before Kafka is waited for; at the end lanes are let go before the group is left, which revokes nothing."""

    @app.on_startup
    async def serve() -> None:
        try:
            port = await health.start()
        except OSError as error:
            return roster.stopped(Stop(f"MEDAID_HEALTH_HOST and MEDAID_HEALTH_PORT: cannot listen there ({error.strerror})"))
        log.info("health and metrics served", service=roster.service.name, host=health.host, port=port)

    @app.after_startup
    async def settle() -> None:
        gc.collect()
        gc.freeze()  # what was loaded by now stays
        gc.set_threshold(*GC_THRESHOLDS)

    @app.on_shutdown
    async def let_go() -> None:
        await roster.leave()

    @app.after_shutdown
    async def close() -> None:
        await roster.close()
        await health.close()
        traces.close()

    return app


def _keep_beside(app: PumpApp, works: Sequence[Callable[[], Coroutine[Any, Any, None]]]) -> None:
    """What goes on beside the lanes, from the start until they are let go."""
    tasks: list[asyncio.Task[None]] = []

    @app.after_startup
    async def begin() -> None:
        tasks.extend(asyncio.create_task(work()) for work in works)

    @app.on_shutdown
    async def end() -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
