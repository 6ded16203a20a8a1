"""Of two reversals of one claim the first stands: the same again is nothing, another content is refused, however the two come."""

from collections.abc import Sequence

import orjson
import pytest

from schemas.catalogue import CLAIMS, RESULTS
from services.policy.library import load_policies
from tests.unit.settlement.site import Event, Site, event, granted, site, stay

Result = tuple[str, int, str, str | None]
POLICIES = load_policies()
GRANT, CLAIM = granted("g1", "2024-01-01"), stay("k1", "2024-05-01")
PAID, TAKEN_BACK = ("k1", 0, "850.00", None), ("k1", 1, "0.00", "wrong bill")
ARRIVALS = ("apart", "together", "apart, the view lost before each")


def reversal(number: str, reason: str = "wrong bill", person: str = "P1", region: str = "suzhou") -> Event:
    """A reversal of k1 in an event of its own."""
    data = {"person_id": person, "region": region, "hospital_id": "H1", "claim_id": "k1", "reason": reason}
    return event(CLAIMS, "hospital.claim.reversed.v1", "/hospitals/H1", number, data)


async def become(arrival: str, events: Sequence[Event]) -> tuple[list[Result], list[str], Site]:
    """Results and reasons of dead letters that the events lead to, when they come so."""
    work = await site(POLICIES)
    if arrival == "together":
        results = await work.settle_together([GRANT, *events])
        return results, [reason for reason, _ in work.letters()], work
    results, reasons = await work.settle([GRANT]), []
    for one in events:
        if "lost" in arrival:
            work.embedded.views["settlement"].lose()
        results += await work.settle([one])
        reasons += [reason for reason, _ in work.letters()]
    return results, reasons, work


@pytest.mark.parametrize("arrival", ARRIVALS)
@pytest.mark.parametrize(
    "events",
    [
        [CLAIM, reversal("r1"), reversal("r2", "another reason")],
        [reversal("r1"), CLAIM, reversal("r2", "another reason")],
        [reversal("r1"), reversal("r2", "another reason"), CLAIM],
    ],
    ids=["both after the claim", "one before and one after it", "both before it"],
)
async def test_another_content_is_refused_and_the_first_stands(events: Sequence[Event], arrival: str) -> None:
    """By one dead letter; the claim is taken back once, for the first reason."""
    results, reasons, work = await become(arrival, events)
    assert (results, reasons) == ([PAID, TAKEN_BACK], ["conflicting_duplicate"])
    assert await work.settle([reversal("r3", "a third")]) == []
    assert [reason for reason, _ in work.letters()] == ["conflicting_duplicate"]


@pytest.mark.parametrize("arrival", ARRIVALS)
@pytest.mark.parametrize(
    "events",
    [[CLAIM, reversal("r1"), reversal("r2")], [reversal("r1"), CLAIM, reversal("r2")], [reversal("r1"), reversal("r2"), CLAIM]],
    ids=["both after the claim", "one before and one after it", "both before it"],
)
async def test_the_same_content_again_is_nothing(events: Sequence[Event], arrival: str) -> None:
    """Also under another event id."""
    results, reasons, _ = await become(arrival, events)
    assert (results, reasons) == ([PAID, TAKEN_BACK], [])


@pytest.mark.parametrize("arrival", ARRIVALS)
@pytest.mark.parametrize("other", [{"person": "P2"}, {"region": "wuxi"}], ids=["person", "region"])
async def test_one_that_names_another_person_or_region_waits_and_its_own_second_is_refused(other: dict[str, str], arrival: str) -> None:
    """It is no second of the claim's: the claim stays paid until its own comes."""
    misnamed = [reversal("r1", **other), reversal("r2", "another reason", **other), reversal("r3", **other)]
    results, reasons, work = await become(arrival, [CLAIM, *misnamed])
    assert (results, reasons) == ([PAID], ["conflicting_duplicate"])
    assert await work.settle([reversal("r4")]) == [TAKEN_BACK]
    assert work.letters() == []


@pytest.mark.parametrize(("day", "region"), [("2022-12-31", None), ("2024-05-01", "suzhou")])
async def test_a_reversal_names_the_policy_of_its_claim_s_day(day: str, region: str | None) -> None:
    """None before the decree's first day, 2023-01-01."""
    work = await site(POLICIES)
    await work.settle([GRANT, stay("k1", day)])
    await work.settle([reversal("r1")])
    (told,) = [orjson.loads(record.value or b"")["data"] for record in work.told if record.topic == RESULTS]
    assert (told["outcome"], told["policy"] and told["policy"]["id"]) == ("reversed", region)
