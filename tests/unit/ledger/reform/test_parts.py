"""A file read by several processes at once: every event once, at its own place, wherever the file is cut."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest

from services.ledger.reform.buckets import Buckets
from services.ledger.reform.gathering import Gatherer, Wanted, _gather_part

LINES = [
    orjson.dumps({"type": kind, "data": {"number": number, "filler": "x" * (number * 7 % 50)}}) + b"\n"
    for number in range(40)
    for kind in ("settlement.completed.v1", "identity.timeline.updated.v1", "monitoring.warning.raised.v1")
]


class Noting(Gatherer):
    """Notes what it is given."""

    def __init__(self, buckets: Buckets) -> None:
        super().__init__(Wanted("x", None, False), buckets.writer(0))
        self.results: list[tuple[int, int]] = []
        self.timelines: list[int] = []

    def result(self, at: int, data: Mapping[str, Any]) -> None:
        self.results.append((at, data["number"]))

    def timeline(self, data: Mapping[str, Any]) -> None:
        self.timelines.append(data["number"])


@pytest.mark.parametrize("jobs", [1, 2, 3, 7, 100])
@pytest.mark.parametrize("end", [b"", b'{"type":"settlement.completed.v1","da', b"\n\n"])
def test_every_event_once_at_its_place(tmp_path: Path, jobs: int, end: bytes) -> None:
    """Also where the last line was cut off, or is empty."""
    path = tmp_path / "ledger.jsonl"
    path.write_bytes(b"".join(LINES) + end)
    size, buckets, told = path.stat().st_size, Buckets(1, 1), list[int]()
    noting = Noting(buckets)
    for number in range(jobs):
        _gather_part(path, size * number // jobs, size * (number + 1) // jobs, noting, buckets.writer(0), told.append)
    starts = [sum(map(len, LINES[:place])) for place in range(0, len(LINES), 3)]
    assert noting.results == list(zip(starts, range(40), strict=True))
    assert noting.timelines == list(range(40))
    assert sum(told) == size
