"""`medaid` in this process: what it says, and its exit status; logs, collector and settings are put back afterwards."""

import gc
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
import structlog

from services.cli import main


@dataclass(frozen=True)
class Said:
    """What a command did."""

    status: int
    out: str
    err: str


Medaid = Callable[..., Said]


@pytest.fixture
def medaid(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Medaid]:
    """Run a command: `medaid("replay", "year.jsonl")`."""
    for name in ("MEDAID_LANG", "MEDAID_READINGS", "MEDAID_POLICIES", "MEDAID_HEALTH_PORT"):
        monkeypatch.delenv(name, raising=False)
    handlers, thresholds = logging.root.handlers[:], gc.get_threshold()

    def run(*arguments: object) -> Said:
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        told = capfd.readouterr()
        return Said(int(ended.value.code or 0), told.out, told.err)

    yield run
    logging.root.handlers = handlers
    structlog.reset_defaults()
    gc.unfreeze()
    gc.set_threshold(*thresholds)
