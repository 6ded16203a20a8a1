"""Reversals that wait for a claim: told once, ended by the claim's result, whichever topic is read first and whatever was compacted."""

import asyncio
from itertools import permutations

import orjson
import pytest

from schemas.catalogue import SETTLEMENT_WAITING, dead_letters_of
from tests.unit.monitoring.world import Event, Watching, result, told, waiting

WAITS = "reversal_waiting/suzhou/P1/2025/H1/C1"


def test_a_reversal_without_a_claim_is_told_to_the_fund_with_its_cause() -> None:
    watching = Watching()
    (said,) = watching.see(waiting("C1", time="2025-07-01T10:00:00+08:00"))
    assert (said["verb"], said["warning_id"], said["level"], said["audience"]) == ("raised", WAITS, "notice", ["healthcare-security"])
    assert (said["caused_by"], said["time"]) == ({"source": "/hospitals/H1", "id": "R-C1"}, "2025-07-01T10:00:00+08:00")
    assert "2025-07-01" in said["message_zh"]
    assert "H1/C1" in said["message_en"]


def test_its_year_is_that_of_the_reversal_in_china() -> None:
    watching = Watching()
    watching.see(waiting("C1", time="2025-12-31T16:00:00Z"))
    assert list(watching.standing) == ["reversal_waiting/suzhou/P1/2026/H1/C1"]


def test_it_ends_with_the_result_of_its_claim_not_with_another() -> None:
    watching = Watching()
    watching.see(waiting("C1"), result("C2", "1.00"), result("C1", "1.00", person_id="P2"), result("C3", "1.00", region="wuxi"))
    assert list(watching.standing) == [WAITS]
    assert told(watching.see(result("C1", "1.00", sequence=2))) == [("resolved", "reversal_waiting", "notice", 1)]
    assert watching.see(waiting("C1", over=True), result("C1", "1.00", sequence=2, revision=1, verb="reversed")) == []


def test_a_claim_of_another_region_is_none_that_it_fits() -> None:
    for events in ([waiting("C1"), result("C1", "1.00", region="wuxi")], [result("C1", "1.00", region="wuxi"), waiting("C1")]):
        watching = Watching()
        watching.see(*events)
        assert list(watching.standing) == [WAITS]


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_any_order_of_topics_ends_the_same(order: tuple[int, ...]) -> None:
    """A tombstone that is read before what it ends, or instead of it after a compaction, included."""
    events: list[Event] = [
        waiting("C1"),
        waiting("C1", over=True),
        result("C1", "1.00"),
        result("C1", "1.00", revision=1, verb="reversed"),
    ]
    watching = Watching()
    watching.see(*(events[place] for place in order))
    assert watching.standing == {}


def test_the_same_word_read_again_tells_nothing() -> None:
    watching = Watching()
    watching.see(waiting("C1"))
    assert watching.see(waiting("C1")) == []


def test_a_region_without_a_policy_is_not_watched() -> None:
    watching = Watching()
    assert watching.see(waiting("C1", region="hangzhou")) == []


@pytest.mark.parametrize("spoiled", [b"{", b"null"])
def test_what_is_none_of_ours_goes_to_the_dead_letters_and_stops_nobody(spoiled: bytes) -> None:
    watching = Watching()
    watching.embedded.publish(SETTLEMENT_WAITING, "P1", spoiled)
    watching.embedded.publish(SETTLEMENT_WAITING, "P1", (waiting("C9").value or b"").replace(b'"refund"', b"7"))
    watching.embedded.publish(SETTLEMENT_WAITING, "P1", waiting("C1").value)
    asyncio.run(watching.embedded.settle())
    found = watching.embedded.drain()
    letters = [orjson.loads(record.value or b"") for record in found if record.topic == dead_letters_of(SETTLEMENT_WAITING)]
    assert [letter["data"]["offset"] for letter in letters] == [0, 1]
    assert letters[1]["data"]["faults"][0]["path"] == "data.reversal"
    assert len(found) == 3
