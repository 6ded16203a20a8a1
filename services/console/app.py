"""The console, wired: the FastStream app around its lanes."""

from services.console.service import ConsoleService
from services.policy.library import load_policies, switched_from_text
from services.runtime.pump import PumpApp, build_app
from services.runtime.redis_client import connect
from services.runtime.redis_view import RedisView
from services.runtime.settings import Settings


def build(settings: Settings | None = None) -> PumpApp:
    """The app, for `medaid run console` and `faststream run services.console.app:build --factory`.

    Raises:
        WrongSetting: A variable of the environment cannot be used.
        PolicyError: A policy file or a reading in MEDAID_READINGS cannot be used.
    """
    chosen = settings or Settings.from_env()
    service = ConsoleService(load_policies(switched=switched_from_text(chosen.readings)))

    def view(lanes: int) -> RedisView:
        return RedisView(connect(chosen.redis_url), f"{chosen.prefix}medaid:{service.name}:", lanes, chosen.redis_deadline_ms / 1000)

    return build_app(service, chosen, view)
