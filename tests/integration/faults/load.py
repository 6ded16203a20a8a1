"""A load of claims at a steady pace, and the evidence that a fault fell into open transactions."""

import threading
import time
from collections.abc import Sequence
from typing import Any

from schemas.catalogue import RESULTS, SETTLEMENT_REROUTED
from tests.integration.pipeline import Pipeline
from tests.integration.topics import ProvedNothing
from tests.integration.year import claims_in

CLAIMS_A_SECOND = 550
CLAIMS_MIN = 20_000


class Load(threading.Thread):
    """Publishes lines at `CLAIMS_A_SECOND`, beside whatever the test does meanwhile."""

    def __init__(self, pipeline: Pipeline, lines: Sequence[bytes], claims_a_second: float = CLAIMS_A_SECOND, **options: Any) -> None:
        """`options` are `Pipeline.publish`'s."""
        super().__init__(daemon=True)
        self.claims = claims_in(lines)
        self.share = 0.0
        self._pipeline = pipeline
        self._lines = lines
        self._options = options
        self._lines_a_second = claims_a_second * len(lines) / self.claims
        self._error: BaseException | None = None
        self._began = time.monotonic()
        self._seconds = 0.0
        self._hold_at = 1.0
        self._free = threading.Event()

    def __enter__(self) -> "Load":
        self._began = time.monotonic()
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._free.set()
        self.join()

    def run(self) -> None:
        try:
            self._pipeline.publish(self._lines, self._pace, **self._options)
        except BaseException as error:
            self._error = error
        self._seconds = time.monotonic() - self._began

    def reach(self, share: float) -> None:
        """Return when this share of the lines is published."""
        while self.share < share:
            assert self.is_alive(), f"the load ended early: {self._error!r}"
            time.sleep(0.01)

    def hold(self, share: float) -> None:
        """Let no more than this share be published until `go_on`: what a fault needs there, however slow the machine is. The pace is that of the rest."""
        self._hold_at = share
        self._free.clear()

    def go_on(self) -> None:
        """Publish what is left, or what lies before the next hold."""
        self._free.set()

    def finish(self, claims_a_second: float = 500) -> None:
        """Return when all is published, at this pace at least: by default what "under load" means."""
        self.join()
        assert self._error is None, repr(self._error)
        assert self.claims >= CLAIMS_MIN
        prove(self.claims / self._seconds >= claims_a_second, f"only {self.claims / self._seconds:.0f} claims a second were published")

    def _pace(self, sent: int) -> None:
        self.share = sent / len(self._lines)
        if self.share >= self._hold_at and not self._free.is_set():
            since = time.monotonic()
            self._free.wait()
            self._began += time.monotonic() - since
        ahead_s = sent / self._lines_a_second - (time.monotonic() - self._began)
        if ahead_s > 0.005:
            time.sleep(ahead_s)


def prove(evidence: object, what: str) -> None:
    """Demand evidence that the fault fell where it hurts. Raises: ProvedNothing."""
    if not evidence:
        raise ProvedNothing(what)


def prove_both(pipeline: Pipeline) -> None:
    """Demand that transactions were aborted, and that lanes had to heal. Raises: ProvedNothing."""
    prove(aborted(pipeline), "no transaction was aborted")
    prove(healed(pipeline), "no lane had to heal")


def aborted(pipeline: Pipeline) -> int:
    """How many records lie in settlement's topics whose transactions were aborted."""
    return sum(pipeline.aborted(topic) for topic in (RESULTS, SETTLEMENT_REROUTED))


def healed(pipeline: Pipeline, service: str = "settlement") -> int:
    """How many times a lane of the service was behind the ledger when it was taken."""
    return sum(told["service"] == service and told["healed"] > 0 for told in pipeline.told("lane taken"))
