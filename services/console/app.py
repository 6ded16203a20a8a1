"""The console, wired: the FastStream app around its lanes, and the pages that are served beside them in the same process."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import structlog
from prometheus_client import CollectorRegistry

from schemas.topics import load_topics
from services.console.adapters.kafka import KafkaOutside
from services.console.adapters.register import RedisRegister
from services.console.figures import WarningsLook
from services.console.neighbours import neighbours
from services.console.service import ConsoleService
from services.console.settings import ConsoleSettings
from services.console.web.room import Room, furnish
from services.console.web.server import Server, listen, server_of
from services.console.web.serving import application
from services.console.web.users import Users, UsersError
from services.policy.library import site_policies
from services.runtime.errors import Stop
from services.runtime.looking import Look
from services.runtime.pump import PumpApp, build_app
from services.runtime.redis_client import connect
from services.runtime.redis_view import RedisView
from services.runtime.roster import Roster
from services.runtime.rules import Rules
from services.runtime.settings import Settings, WrongSetting
from services.runtime.topics import topics_of

log = structlog.get_logger(__name__)


def build(settings: Settings | None = None) -> PumpApp:
    """The app, for `medaid run console` and `faststream run services.console.app:build --factory`; settings by default from the environment.

    Raises:
        WrongSetting: A variable of the environment cannot be used.
        PolicyError: The folder in MEDAID_POLICIES, or a reading in MEDAID_READINGS, cannot be used.
    """
    chosen = ConsoleSettings.from_env() if settings is None else ConsoleSettings.model_validate(settings.model_dump())
    policies = site_policies(chosen.policies, chosen.readings, spares=True)
    service = ConsoleService(policies)
    known = neighbours(policies)
    outside = KafkaOutside(chosen, known)

    def view(lanes: int) -> RedisView:
        made = RedisView.of(chosen, service.name, service.format, lanes)
        outside.open(made, lanes)
        return made

    def looks(registry: CollectorRegistry, roster: Roster) -> Sequence[Look]:
        return [WarningsLook(registry, roster, outside, policies.known())]

    rules = Rules(policies.editions(), policies.faulty)
    app = build_app(service, chosen, view, outputs=topics_of(service.name, load_topics()), looks=looks, rules=rules)
    register = RedisRegister(connect(chosen), f"{chosen.prefix}medaid:{service.name}:s:", chosen.redis_deadline_ms / 1000)
    room = furnish(chosen, policies, outside, known, users_of(chosen), lambda: app.roster.is_ready, register)
    _hook(app, room, outside, register)
    return app


def users_of(settings: ConsoleSettings) -> Users | None:
    """The site's own users; None where there is no file of them.

    Raises:
        WrongSetting: The file cannot be used.
    """
    try:
        return Users(Path(settings.console_users)) if settings.console_users else None
    except (OSError, UsersError) as error:
        raise WrongSetting(f"MEDAID_CONSOLE_USERS: {error}") from None


def _hook(app: PumpApp, room: Room, outside: KafkaOutside, register: RedisRegister) -> None:
    """The pages are served before Kafka is waited for, and no longer once lanes are let go."""
    server: Server = server_of(application(room))
    serving: list[asyncio.Task[None]] = []

    def ended(task: asyncio.Task[None]) -> None:
        if not server.should_exit and not task.cancelled():
            app.roster.stopped(Stop(f"the console's pages are served no longer ({type(task.exception()).__name__})"))

    @app.on_startup
    async def serve() -> None:
        host = room.settings.console_host
        try:
            listening = listen(host, room.settings.console_port)
        except OSError as error:
            return app.roster.stopped(Stop(f"MEDAID_CONSOLE_HOST and MEDAID_CONSOLE_PORT: cannot listen there ({error.strerror})"))
        serving.append(asyncio.create_task(server.serve([listening]), name="console-pages"))
        serving[0].add_done_callback(ended)
        log.info("console served", host=host, port=listening.getsockname()[1])

    @app.on_shutdown
    async def close() -> None:
        server.should_exit = True
        await asyncio.gather(*serving, return_exceptions=True)
        await outside.close()
        await register.close()
