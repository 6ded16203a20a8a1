"""A year that cannot be settled anew when late truth comes is set aside alone: what else the news says is kept, and the year is made right by itself.

2024 stands under the city's file as it was (limit 300,000), 2025 under the corrected one (limit 500): P1 gets 85% of 1,000 in 2024, and 500 in 2025.
"""

from pathlib import Path

import orjson
import pytest

from schemas.catalogue import CLAIMS, IDENTITY_EVENTS, SETTLEMENT_WAITING, TIMELINES
from services.policy.library import Policies
from tests.unit.settlement.site import CITY, LOWER, REGION, Event, Site, asked, event, granted, policies, site, stay

LOST = {"category": "subsistence_allowance", "effective_date": "2024-03-10", "reason": "ordinary"}
AGENCY = f"/agencies/{REGION}/civil-affairs"
REVOKED = event(IDENTITY_EVENTS, "identity.status.revoked.v1", AGENCY, "r1", LOST)
"""Entitled until the end of March 2024: nothing of what was paid in May 2024 and 2025 was due."""

TAKEN_BACK = [("may-24", 1, "0.00", "no_entitlement")]


def taken_back(claim: str) -> Event:
    """Its hospital reverses a claim."""
    data = {"hospital_id": "H1", "claim_id": claim, "reason": "wrong bill"}
    return event(CLAIMS, "hospital.claim.reversed.v1", "/hospitals/H1", f"rev-{claim}", data)


class Story:
    """The site before the news, and its policy files with and without the one that 2024 stands under."""

    def __init__(self, work: Site, whole: Policies, cut: Policies) -> None:
        self.work, self.whole, self.cut = work, whole, cut


@pytest.fixture
async def story(tmp_path: Path) -> Story:
    work = await site(policies(tmp_path / "old", {"suzhou.yaml": CITY}))
    assert await work.settle([granted("g1", "2024-01-01"), stay("may-24", "2024-05-01")]) == [("may-24", 0, "850.00", None)]
    whole = policies(tmp_path / "whole", {"suzhou.yaml": LOWER, "earlier/suzhou.yaml": CITY})
    work.upgrade(whole)
    assert await work.settle([stay("may-25", "2025-05-01")]) == [("may-25", 0, "500.00", None)]
    return Story(work, whole, policies(tmp_path / "cut", {"suzhou.yaml": LOWER}))


def causes(work: Site) -> set[str]:
    """By which events the results told last came about."""
    return {orjson.loads(record.value or b"")["data"]["caused_by"]["id"] for record in work.told if record.topic == "settlement.results.v1"}


async def test_the_news_is_kept_and_only_the_year_that_cannot_be_settled_waits(story: Story) -> None:
    """The other year is put right, its claims settled by the new status; claims of the year behind are set aside; the letter says which year and what helps."""
    work = story.work
    await work.restart(story.cut)
    assert await work.settle([REVOKED]) == [("may-25", 1, "0.00", "no_entitlement")]
    ((reason, detail),) = work.letters()
    assert reason == "processing_failed"
    assert "the year 2024 of suzhou" in detail
    assert "put its file into earlier/" in detail
    assert "2025" not in detail
    assert "P1" not in detail
    assert await work.settle([stay("june-25", "2025-06-01")]) == [("june-25", 0, "0.00", "no_entitlement")]
    assert await work.settle([stay("june-24", "2024-06-01")]) == []
    ((reason, detail),) = work.letters()
    assert (reason, "the year 2024 of suzhou" in detail) == ("processing_failed", True)


@pytest.mark.parametrize("loses", [False, True])
async def test_once_the_file_is_back_the_year_is_put_right_when_its_lane_is_taken(story: Story, loses: bool) -> None:
    """Also when the view was lost meanwhile; by the event that it was not settled by; once."""
    work = story.work
    work.upgrade(story.cut)
    await work.settle([REVOKED])
    if loses:
        work.embedded.views["settlement"].lose()
    assert await work.restart(story.cut) == []
    if loses:
        work.embedded.views["settlement"].lose()
    assert await work.restart(story.whole) == TAKEN_BACK
    assert causes(work) == {"r1"}
    assert await work.restart(story.whole) == []
    assert await work.settle([stay("june-24", "2024-06-01")]) == [("june-24", 0, "0.00", "no_entitlement")]


async def test_a_claim_or_a_reversal_of_the_year_settles_it_first(story: Story) -> None:
    """It is not settled by counters of another status, though no lane was taken since the file came back."""
    work = story.work
    work.upgrade(story.cut)
    await work.settle([REVOKED])
    work.upgrade(story.whole)
    assert await work.settle([stay("june-24", "2024-06-01")]) == [*TAKEN_BACK, ("june-24", 0, "0.00", "no_entitlement")]
    assert await work.restart(story.whole) == []


async def test_a_reversal_settles_the_year_behind_with_it(story: Story) -> None:
    """The claims that stand are put right with the one that is taken back; without the file the reversal is set aside whole."""
    work = story.work
    await work.settle([stay("jan-24", "2024-01-20")])
    work.upgrade(story.cut)
    await work.settle([REVOKED])
    assert await work.settle([taken_back("jan-24")]) == []
    assert [reason for reason, _ in work.letters()] == ["processing_failed"]
    work.upgrade(story.whole)
    assert await work.settle([taken_back("jan-24")]) == [*TAKEN_BACK, ("jan-24", 1, "0.00", "wrong bill")]
    assert await work.restart(story.whole) == []


async def test_an_operator_s_request_ends_it_without_the_file(story: Story) -> None:
    """Under the present edition, as he asks."""
    work = story.work
    work.upgrade(story.cut)
    await work.settle([REVOKED])
    assert await work.settle([asked(2024)]) == TAKEN_BACK
    assert await work.settle([stay("june-24", "2024-06-01")]) == [("june-24", 0, "0.00", "no_entitlement")]
    assert await work.restart(story.whole) == []


async def test_more_news_of_a_year_behind_is_kept_too_and_told_once_on_kafka(story: Story) -> None:
    """The status is that of the newest timeline when the year is settled at last: granted again in April, he keeps what he got in May."""
    work = story.work
    work.upgrade(story.cut)
    await work.settle([REVOKED])
    behind = [record for record in work.told if record.topic == SETTLEMENT_WAITING]
    assert [(record.key, record.value is not None) for record in behind] == [(b"suzhou/2024/P1", True)]
    assert await work.settle([granted("g2", "2024-04-10")]) == [("may-25", 2, "500.00", None)]
    assert [reason for reason, _ in work.letters()] == ["processing_failed"]
    assert [record for record in work.told if record.topic == SETTLEMENT_WAITING] == []
    assert await work.restart(story.whole) == []
    assert [(record.key, record.value) for record in work.told if record.topic == SETTLEMENT_WAITING] == [(b"suzhou/2024/P1", None)]
    assert await work.settle([stay("june-24", "2024-06-01")]) == [("june-24", 0, "850.00", None)]


async def test_a_view_lost_while_a_year_is_behind_heals_to_the_same(story: Story) -> None:
    """What lies in Redis is what the topics say."""
    work = story.work
    work.upgrade(story.cut)
    await work.settle([REVOKED])
    view = work.embedded.views["settlement"]
    before = view.snapshot().documents
    view.lose()
    await work.restart(story.cut)
    assert view.snapshot().documents == before


async def test_a_mistake_of_ours_in_one_year_leaves_the_others_right(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever goes wrong, it concerns its year alone, and is tried again."""
    work = story.work
    for_year = Policies.for_year

    def broken(self: Policies, region: str, day: object, *rest: object) -> object:
        if str(day).startswith("2024"):
            raise ZeroDivisionError
        return for_year(self, region, day, *rest)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(Policies, "for_year", broken)
        assert await work.settle([REVOKED]) == [("may-25", 1, "0.00", "no_entitlement")]
        ((_, detail),) = work.letters()
        assert "the year 2024 of suzhou" in detail
        assert "ZeroDivisionError" in detail
    assert await work.restart(story.whole) == TAKEN_BACK


async def test_of_news_in_one_batch_each_gets_what_is_its_own(story: Story) -> None:
    """The timeline leaves the year behind, a reversal in it is set aside whole, one in another year is done; each with its own letter."""
    work = story.work
    work.upgrade(story.cut)
    assert await work.settle_together([REVOKED, taken_back("may-24"), taken_back("may-25")]) == [
        ("may-25", 1, "0.00", "no_entitlement"),
        ("may-25", 2, "0.00", "wrong bill"),
    ]
    assert sorted(
        (record.topic, orjson.loads(record.value or b"")["data"]["reason"]) for record in work.told if record.topic.endswith(".dlq")
    ) == [
        ("hospital.claims.v1.dlq", "processing_failed"),
        ("identity.timelines.v1.dlq", "processing_failed"),
    ]
    assert await work.restart(story.whole) == TAKEN_BACK
    assert await work.settle([taken_back("may-24")]) == [("may-24", 2, "0.00", "wrong bill")]


async def test_each_of_two_timelines_in_one_batch_is_told_that_the_year_could_not_follow(story: Story) -> None:
    """Revoked, and granted again in April: both are kept, in their order, and each has its letter."""
    work = story.work
    other = await site(story.whole)
    timelines: list[Event] = []
    for news in (granted("g1", "2024-01-01"), REVOKED, granted("g2", "2024-04-10")):
        await other.settle([news])
        timelines += [(record.topic, record.value or b"") for record in other.told if record.topic == TIMELINES]
    work.upgrade(story.cut)
    assert await work.settle_together(timelines[1:]) == [("may-25", 1, "0.00", "no_entitlement"), ("may-25", 2, "500.00", None)]
    assert [(reason, "the year 2024 of suzhou" in detail) for reason, detail in work.letters()] == [("processing_failed", True)] * 2
