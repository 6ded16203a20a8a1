"""The benchmarks at their small size: they run, and what is settled in them is what `medaid replay` says. Their figures say nothing here."""

import os
from pathlib import Path

import pytest

from schemas.catalogue import RESULTS
from tests.bench.course import Course
from tests.bench.expected import digest, replayed
from tests.bench.parts import PARTS, Bench, checked
from tests.bench.report import Section, write
from tests.bench.sizes import SMALL
from tests.bench.tasks import RIVAL
from tests.bench.workload import Workload

WORK = Workload(persons=4, claims=20)


LONG = ("others", "scale", "secured")
"""Parts that start servers or workers of their own: `make prove` has the time."""


@pytest.mark.parametrize("part", [pytest.param(part, marks=[pytest.mark.prove] if part in LONG else []) for part in PARTS])
def test_a_part_runs_and_comes_to_what_replay_says(part: str, kafka_bootstrap: str, redis_db: str, tmp_path: Path) -> None:
    if part == "race" and not RIVAL.exists() and os.environ.get("CI") != "true":
        pytest.skip("the rival is not there: make .medaid/rival/.ready")
    sections = list(PARTS[part](Bench(Course(kafka_bootstrap, redis_db, tmp_path), SMALL)))
    for section in sections:
        print(section.title, section.text)
        assert section.rows
        assert all(len(row) == len(section.head) for row in section.rows)
    report = write(sections, "small", tmp_path).read_text("utf-8")
    assert all(f"## {section.title}" in report for section in sections)


def test_what_replay_does_not_say_is_told() -> None:
    assert digest(replayed(WORK)[RESULTS]) in checked(WORK, RESULTS, [digest(replayed(WORK)[RESULTS])])
    with pytest.raises(AssertionError, match="by replay"):
        checked(WORK, RESULTS, [digest(replayed(WORK)[RESULTS][1:])])


def test_a_digest_knows_no_order_but_every_event() -> None:
    assert digest([b"a", b"b", b"b"]) == digest([b"b", b"a", b"b"]) != digest([b"a", b"b"])


def test_a_plot_is_written_where_there_is_something_to_plot(tmp_path: Path) -> None:
    write([Section("Latency", "", ("load",), [("10%",)], "ms", ["10%", "50%"], {"floor": [1.0, 2.0]})], "small", tmp_path)
    assert "<svg" in (tmp_path / "benchmarks.svg").read_text("utf-8")
