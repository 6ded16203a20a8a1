"""A city as the fault table's tests use it: lines, and what their replay makes of them."""

from dataclasses import dataclass
from pathlib import Path

from tests.integration.faults.load import CLAIMS_MIN
from tests.integration.pipeline import Pipeline
from tests.integration.year import Replayed, check, claims_in, events, write_lines

DRAIN_S_MAX = 180


@dataclass(frozen=True)
class City:
    """Lines of a year, and what `medaid replay` makes of them."""

    lines: list[bytes]
    wanted: Replayed

    @classmethod
    def generate(cls, folder: Path, persons_each: int, seed: int = 7) -> "City":
        """A year of so many persons in each city, at least `CLAIMS_MIN` claims."""
        lines = list(events(persons_each, seed))
        assert claims_in(lines) >= CLAIMS_MIN
        return cls(lines, Replayed(write_lines(folder / "year.jsonl", lines)))

    def check(self, pipeline: Pipeline, *services: str, reads_again: bool = False) -> None:
        """Wait until the services are at rest, then hold the topics against the replay; the view against the ledger by `medaid ledger verify`."""
        pipeline.wait(lambda: pipeline.is_at_rest(*services), DRAIN_S_MAX)
        check(pipeline, self.wanted, warnings="monitoring" in services, reads_again=reads_again)
        pipeline.verify()
