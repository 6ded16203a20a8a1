"""A person-year stays under the edition of its newest result: neither an upgrade nor an unrelated event re-prices it, and nothing else is held back."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from schemas.catalogue import IDENTITY_EVENTS
from services.policy.library import load_policies
from services.policy.tree import PolicyError
from tests.unit.settlement.site import CITY, LOWER, REGION, asked, event, granted, policies, site, stay


async def test_a_corrected_figure_waits_for_an_operator_and_survives_a_lost_view(tmp_path: Path) -> None:
    """Under the old edition until asked; afterwards under the new one, also when the view was lost, though no figure had changed."""
    work = await site(policies(tmp_path / "old", {"suzhou.yaml": CITY}))
    assert await work.settle([granted("g1", "2024-01-01"), stay("k1", "2024-05-01", "200.00")]) == [("k1", 0, "170.00", None)]
    work.upgrade(policies(tmp_path / "new", {"suzhou.yaml": LOWER, "earlier/suzhou.yaml": CITY}))
    assert await work.settle([stay("k2", "2024-06-01", "400.00")]) == [("k2", 0, "340.00", None)]
    assert await work.settle([asked(2024)]) == [("k1", 1, "170.00", None), ("k2", 1, "330.00", None)]
    work.embedded.views["settlement"].lose()
    assert await work.settle([stay("k3", "2024-07-01")]) == [("k3", 0, "0.00", "limit_exhausted")]


async def test_an_upgrade_without_the_earlier_file_sets_aside_and_the_corrected_bill_is_taken(tmp_path: Path) -> None:
    """`processing_failed`, the key not used up: once the file is back, the hospital's corrected bill is settled."""
    work = await site(policies(tmp_path / "old", {"suzhou.yaml": CITY}))
    await work.settle([granted("g1", "2024-01-01"), stay("k1", "2024-05-01")])
    work.upgrade(policies(tmp_path / "forgot", {"suzhou.yaml": LOWER}))
    assert await work.settle([stay("k2", "2024-06-01", "100.00")]) == []
    ((reason, detail),) = work.letters()
    assert (reason, "the year 2024 of suzhou to be settled" in detail) == ("processing_failed", True)
    work.upgrade(policies(tmp_path / "new", {"suzhou.yaml": LOWER, "earlier/suzhou.yaml": CITY}))
    assert await work.settle([stay("k2", "2024-06-01", "120.00")]) == [("k2", 0, "102.00", None)]


MENDED = CITY.replace("zh: 特困人员", "zh: 特困供养人员").replace("checked_on: 2026", "checked_on: 2025").replace("# ", "#  ", 1)


async def test_a_mended_name_lets_a_year_go_on_without_the_earlier_file(tmp_path: Path) -> None:
    """What settles is the same: no claim is set aside, none told anew, whatever comes in; the wording alone has another digest."""
    before, after = policies(tmp_path / "old", {"suzhou.yaml": CITY}), policies(tmp_path / "new", {"suzhou.yaml": MENDED})
    work = await site(before)
    await work.settle([granted("g1", "2024-01-01"), stay("k1", "2024-05-01")])
    work.upgrade(after)
    assert await work.settle([stay("k2", "2024-06-01"), granted("g2", "2024-01-02"), asked(2024)]) == [("k2", 0, "850.00", None)]
    (old,), (new,) = before.current[REGION], after.current[REGION]
    assert (old.edition == new.edition, old.wording == new.wording) == (True, False)


async def test_a_year_under_the_hash_of_a_whole_file_goes_on(tmp_path: Path) -> None:
    """As editions were until November 2026: found by the file as it was, here or in `earlier/`, and told anew by nobody but an operator who asks."""
    whole = policies(tmp_path / "old", {"suzhou.yaml": CITY})
    (then,) = whole.current[REGION]
    for folder in ({"suzhou.yaml": CITY}, {"suzhou.yaml": MENDED, "earlier/suzhou.yaml": CITY}):
        work = await site(replace(whole, current={REGION: (replace(then, edition=then.whole),)}))
        await work.settle([granted("g1", "2024-01-01"), stay("k1", "2024-05-01", "200.00")])
        work.upgrade(policies(tmp_path / str(len(folder)), folder))
        assert await work.settle([stay("k2", "2024-06-01", "400.00"), granted("g2", "2024-01-02")]) == [("k2", 0, "340.00", None)]
    work = await site(replace(whole, current={REGION: (replace(then, edition=then.whole),)}))
    await work.settle([granted("g1", "2024-01-01"), stay("k1", "2024-05-01", "200.00")])
    work.upgrade(policies(tmp_path / "lower", {"suzhou.yaml": LOWER, "earlier/suzhou.yaml": CITY}))
    assert await work.settle([stay("k2", "2024-06-01", "400.00")]) == [("k2", 0, "340.00", None)]


ON_LEDGERS = {
    "changchun": ("9e65d9fef7a7e88e", "d147b35e59bc80dd"),
    "lianyungang": ("822abac90500ee74", "59bc11e28da82945"),
    "suzhou": ("656ab7e4a4d8b28c", "df1d14a4467ab8ff"),
    "wuxi": ("2aefdb8483e46f9b", "c85baa012e10517b"),
}
"""Editions of shipped files, by default readings, that ledgers name: by the whole file, and by what settles in it."""


@pytest.mark.parametrize("region", ON_LEDGERS)
def test_the_editions_that_ledgers_name_are_found(region: str) -> None:
    """Whoever changes a shipped file leaves the former one in `cities/earlier/`; whoever changes how a digest is made, a way to find the former."""
    found = load_policies()
    day = date(2026, 6, 1)
    readings = {name: choice.default for name, choice in found.nearest(region, day).file.readings.items()}
    for edition in ON_LEDGERS[region]:
        assert found.for_year(region, day, edition, readings, day).file.id == region


async def test_two_files_of_one_year_hold_each_for_its_days(tmp_path: Path) -> None:
    """Before and after the change-over, in any order of claims; an unrelated event takes nothing back."""
    first = CITY.replace("valid_to: 2030-12-31", "valid_to: 2024-06-30")
    second = CITY.replace("valid_from: 2023-01-01", "valid_from: 2024-07-01")
    for order in ([stay("may", "2024-05-01"), stay("aug", "2024-08-01")], [stay("aug", "2024-08-01"), stay("may", "2024-05-01")]):
        work = await site(policies(tmp_path / "two", {"a.yaml": first, "b.yaml": second}))
        results = await work.settle([granted("g1", "2024-01-01"), *order])
        assert {(claim, amount) for claim, _, amount, _ in results} == {("may", "850.00"), ("aug", "850.00")}
        assert await work.settle([granted("g2", "2025-03-01")]) == []


async def test_a_counter_that_the_later_file_does_not_know_runs_on(tmp_path: Path) -> None:
    """A limit used up before the change-over stays used up for a bill of before it that comes late, and when the year is settled anew."""
    first = LOWER.replace("valid_to: 2030-12-31", "valid_to: 2024-06-30")
    second = CITY.replace("valid_from: 2023-01-01", "valid_from: 2024-07-01")
    second = second.replace("  year: {label", "  annual: {label").replace(", year]", ", annual]").replace("[year]", "[annual]")
    work = await site(policies(tmp_path / "two", {"a.yaml": first, "b.yaml": second}))
    bills = [stay("may", "2024-05-01"), stay("aug", "2024-08-01"), stay("june", "2024-06-01")]
    assert await work.settle([granted("g1", "2024-01-01"), *bills]) == [
        ("may", 0, "500.00", None),
        ("aug", 0, "850.00", None),
        ("june", 0, "0.00", "limit_exhausted"),
    ]
    assert await work.settle([granted("g2", "2024-01-02")]) == []
    assert await work.settle([stay("june-2", "2024-06-02"), stay("aug-2", "2024-08-02")]) == [
        ("june-2", 0, "0.00", "limit_exhausted"),
        ("aug-2", 0, "850.00", None),
    ]


async def test_a_corrected_list_of_hospitals_waits_and_a_future_end_applies(tmp_path: Path) -> None:
    """What is corrected in the past changes no settled claim; what ends in the future ends then, for a year that has claims too."""
    old = {"suzhou.yaml": CITY, "suzhou.designated.yaml": "H1: {from: 2024-01-01}"}
    work = await site(policies(tmp_path / "old", old))
    await work.settle([granted("g1", "2024-01-01"), stay("may", "2024-05-01")])
    earlier = {"earlier/suzhou.yaml": CITY, "earlier/suzhou.designated.yaml": "H1: {from: 2024-01-01}", "suzhou.yaml": CITY}
    work.upgrade(policies(tmp_path / "past", {**earlier, "suzhou.designated.yaml": "H1: {from: 2024-06-01}"}))
    assert await work.settle([granted("g2", "2025-01-01")]) == []
    work.upgrade(policies(tmp_path / "future", {**earlier, "suzhou.designated.yaml": "H1: {from: 2024-01-01, to: 2024-09-30}"}))
    assert await work.settle([stay("oct", "2024-10-05")]) == [("oct", 0, "0.00", "not_designated")]


async def test_a_timeline_longer_than_a_record_may_be_is_still_followed(tmp_path: Path) -> None:
    """An agency that sends its register every night under new ids does not cut its people off from later news."""
    work = await site(policies(tmp_path / "site", {"suzhou.yaml": CITY}))
    nights = [granted(f"night-{number}-{'x' * 300}", "2024-01-01") for number in range(450)]
    lost = {"category": "subsistence_allowance", "effective_date": "2024-03-01", "reason": "ordinary"}
    revoked = event(IDENTITY_EVENTS, "identity.status.revoked.v1", f"/agencies/{REGION}/civil-affairs", "r1", lost)
    assert await work.settle([*nights, revoked, stay("k1", "2024-06-01")]) == [("k1", 0, "0.00", "no_entitlement")]


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("H1: {from: 2024-01-01, till: 2024-02-01}", ":1: H1.till: no such key"),
        ("H1: {from: 2024-05-01, to: 2024-01-01}", ":1: H1: `to` a day not before `from`"),
        ("H1: 2024-01-01", ":1: H1"),
        ("H1: {}", ":1: H1.from: is missing"),
        ("H 1: {from: 2024-01-01}", ":1: H 1"),
    ],
)
def test_a_faulty_list_of_hospitals_is_refused_with_its_place(tmp_path: Path, entry: str, expected: str) -> None:
    """File, line and key."""
    with pytest.raises(PolicyError) as refused:
        policies(tmp_path, {"suzhou.yaml": CITY, "suzhou.designated.yaml": entry})
    assert expected in str(refused.value)
