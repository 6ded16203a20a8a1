"""Timelines, reversals that wait, dead letters, and what is none of these."""

import pytest

from schemas.catalogue import CLAIMS, RESULTS, SETTLEMENT_WAITING, TIMELINES, WARNINGS
from schemas.envelope import write_event
from services.console.adapters.reading import INPUTS, LETTERS
from services.console.domain import claims
from tests.unit.console.world import Kept, index_of, said, settled, waits
from tests.unit.monitoring.world import LETTERS as REFUSED_CLAIMS
from tests.unit.monitoring.world import TIME, Event, claim_of, letter, run, timeline

HEADS = "0/n/waiting"


def waiting(kept: Kept) -> list[str]:
    return [row["key"] for row in index_of(kept.documents, HEADS, "waiting")]


def test_the_newest_timeline_of_a_person_is_known_by_its_place() -> None:
    kept = Kept().see(timeline(1, run("orphan", "2025-01-01")), timeline(3, run("orphan", "2025-01-01")), timeline(2))
    assert kept.document("0/p/P1") == {"t": [3, 1]}


def test_a_reversal_waits_until_its_topic_says_that_it_is_over() -> None:
    kept = Kept().see(waits(), waits("H1/C2"))
    assert waiting(kept) == ["H1/C1", "H1/C2"]
    assert waiting(kept.see(waits(over=True))) == ["H1/C2"]
    assert waiting(kept.see(waits("H9/C9", over=True))) == ["H1/C2"], "nobody knows that one"


def test_a_year_that_waits_is_listed_until_it_is_settled_anew() -> None:
    """Its key has three parts; a tombstone of it strikes it off."""
    data = {"person_id": "P1", "region": "suzhou", "year": 2024, "readings": {}, "caused_by": {"source": "/a", "id": "1"}, "time": TIME}
    value = write_event("settlement.year.behind.v1", "/medaid/settlement", "behind/suzhou/2024/P1", TIME, data)
    kept = Kept().see(Event(SETTLEMENT_WAITING, "suzhou/2024/P1", value)).see(waits("H1/C1"))
    assert waiting(kept) == ["2024", "H1/C1"]
    assert waiting(kept.see(Event(SETTLEMENT_WAITING, "suzhou/2024/P1", None))) == ["H1/C1"]
    assert "0/k/not_understood" not in kept.documents


def test_a_reversed_claim_ends_the_waiting_though_the_tombstone_was_compacted_away() -> None:
    kept = Kept().see(waits(), settled("C1", "5.00"))
    assert waiting(kept) == ["H1/C1"], "the claim is there, its reversal not yet"
    assert waiting(kept.see(settled("C1", "5.00", verb="reversed", revision=1, delta="0.00"))) == []


def test_a_reversal_that_is_told_after_its_claim_was_reversed_does_not_wait() -> None:
    kept = Kept().see(settled("C1", "5.00"), settled("C1", "5.00", verb="reversed", revision=1, delta="0.00"))
    assert waiting(kept.see(waits())) == []
    assert waiting(kept.see(waits(region="wuxi"))) == ["H1/C1"], "that one is of another region: its claim has not come"


def test_dead_letters_are_counted_by_topic_and_reason_and_the_newest_are_listed() -> None:
    kept = Kept().see(letter(1, claim_of("C1", "5.00")), letter(2, claim_of("C1", "6.00")))
    assert kept.document("0/x") == {f"{CLAIMS}|conflicting_duplicate": [2, 1_000]}
    ring = kept.document(f"0/k/{CLAIMS}|conflicting_duplicate")
    assert ring["count"] == 2
    assert [(ring[slot]["topic"], ring[slot]["offset"]) for slot in "01"] == [(REFUSED_CLAIMS, 0), (REFUSED_CLAIMS, 1)]
    assert "5.00" not in str(ring), "no payload"


@pytest.mark.parametrize("topic", INPUTS)
def test_what_no_topic_of_ours_carries_is_noted_and_stops_nothing(topic: str) -> None:
    """Each topic: bytes that are no event. The record after it is taken in."""
    kept = Kept().see(Event(topic, "P1", b"{"), said("raised"), settled("C1", "5.00"))
    noted = kept.document("0/k/not_understood")
    assert (noted["count"], noted["0"]["topic"], noted["0"]["offset"]) == (1, topic, 0)
    assert kept.document("0/l")[WARNINGS][0] >= 0
    assert kept.document("0/a/suzhou/2025")["r:no_entitlement"] == [1]


def test_a_mistake_of_ours_is_noted_and_moves_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes late, when half of the claim's sums have moved."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    kept = Kept()
    with monkeypatch.context() as patch:
        patch.setattr(claims, "_move_person", broken)
        kept.see(settled("C1", "5.00"))
    assert kept.document("0/k/not_understood")["0"] == {"topic": RESULTS, "offset": 0, "why": "Mistake"}
    assert "0/a/suzhou/2025" not in kept.documents
    assert kept.see(settled("C2", "5.00")).document("0/a/suzhou/2025")["r:no_entitlement"] == [1]


def test_the_last_record_of_each_topic_is_known_with_its_time() -> None:
    kept = Kept().see(timeline(1), said("raised"), said("resolved", number=2))
    last = kept.document("0/l")
    assert (last[TIMELINES], last[WARNINGS]) == ([0, 1_000], [1, 1_000])


def test_every_dead_letter_topic_is_read() -> None:
    assert set(LETTERS) < set(INPUTS)
    assert {CLAIMS + ".dlq", RESULTS + ".dlq", CLAIMS + ".dlq.dlq"} < set(LETTERS)
    assert SETTLEMENT_WAITING in INPUTS
