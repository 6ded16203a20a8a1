"""What the lanes complain of: doubts are told, a mistake of ours ends the run."""

import traceback
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import structlog

from tests.simulation.ledger import Mistake

if TYPE_CHECKING:
    from tests.simulation.world import World


MISTAKES = {"lane failed", "not taken in"}
"""A keeper, or the console, met an exception that nobody meant."""


class Listener:
    """In place of `services.runtime.keeper.Complaints`."""

    def __init__(self, world: "World") -> None:
        self._world = world

    def is_new(self, text: str) -> bool:
        """Whether to log `text`: never, it is noted here."""
        self._world.tell(f"doubt: {text}")
        self._world.doubts[text] += 1
        return False


@contextmanager
def hearing(world: "World") -> Iterator[None]:
    """Keep the logs from the terminal; an exception that somebody went on behind is a failure."""

    def hear(_logger: Any, method: str, entry: MutableMapping[str, Any]) -> Any:
        if entry["event"] in MISTAKES:
            world.fail(Mistake(f"{entry}\n{traceback.format_exc()}"))
        raise structlog.DropEvent

    before = structlog.get_config()
    structlog.configure(processors=[hear], cache_logger_on_first_use=False)
    try:
        yield
    finally:
        structlog.configure(**before)
