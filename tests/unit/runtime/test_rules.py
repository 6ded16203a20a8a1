"""What a process decides by, told: faults in the log, as a figure and on /ready; what is otherwise than at the last start."""

import asyncio
import json
from collections.abc import Mapping

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from structlog.testing import capture_logs

from services.runtime.rules import Rules, _tell, changed, tell_faults
from tests.unit.runtime.test_health import Site

RULES = Rules({"suzhou": "edition a"}, {"wuxi": ["x.yaml:1: id: a", "x.yaml:2: status: b"]}, ["a note"])


def test_every_fault_is_an_error_of_its_own_and_a_note_a_warning() -> None:
    registry = CollectorRegistry()
    with capture_logs() as told:
        tell_faults("settlement", RULES, registry)
    assert [(line["log_level"], line.get("fault"), line.get("note")) for line in told] == [
        ("error", "x.yaml:1: id: a", None),
        ("error", "x.yaml:2: status: b", None),
        ("error", None, None),
        ("warning", None, "a note"),
    ]
    figures = generate_latest(registry).decode()
    assert 'medaid_region_faulty{region="wuxi",service="settlement"} 1.0' in figures
    assert 'medaid_region_faulty{region="suzhou",service="settlement"} 0.0' in figures


@pytest.mark.parametrize(
    ("before", "level", "told"),
    [
        ({}, "info", None),
        ({"suzhou": "edition a", "wuxi": "faulty"}, "info", None),
        (
            {"suzhou": "edition b", "atlantis": "c"},
            "warning",
            {"atlantis": "c -> none", "suzhou": "edition b -> edition a", "wuxi": "none -> faulty"},
        ),
    ],
)
def test_what_is_otherwise_than_at_the_last_start_is_told(before: Mapping[str, str], level: str, told: Mapping[str, str] | None) -> None:
    with capture_logs() as lines:
        _tell("settlement", before, RULES.kept())
    (line,) = lines
    assert (line["log_level"], line.get("changed")) == (level, told)


def test_what_did_not_change_is_no_change() -> None:
    assert changed({"a": "1", "b": "2"}, {"a": "1", "b": "3"}) == {"b": ("2", "3")}


def test_a_faulty_region_is_named_on_ready_and_makes_nothing_unready() -> None:
    """Whoever restarts what is not ready, or sends nobody there, would keep the other cities from it."""

    async def answers() -> tuple[int, str]:
        site = Site()
        site.server._faulty = RULES.faulty
        site.port = await site.server.start()
        await site.join(lane0="running")
        answer = await site.get("/ready")
        await site.server.close()
        return answer

    status, body = asyncio.run(answers())
    assert (status, json.loads(body)["faulty"]) == (200, {"wuxi": ["x.yaml:1: id: a", "x.yaml:2: status: b"]})
