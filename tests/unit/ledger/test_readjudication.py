"""A year settled anew: what is told beforehand is, to the fen, what settlement publishes when it is asked; worked by hand, and of generated cities."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import orjson
import pytest

from schemas.catalogue import RESULTS
from schemas.money import signed_fen
from services.embedded.replay import PARTITIONS
from services.ledger.errors import Declined, Misnamed
from services.ledger.readjudication import reckoning as reckoning_module
from services.ledger.readjudication.anew import Anew, Change
from services.ledger.readjudication.chosen import Scope, Told
from services.ledger.readjudication.given import with_file
from services.ledger.readjudication.reckoning import Reckoning, reckon_file
from services.ledger.readjudication.totals import LARGEST, Totals
from services.ledger.verify.differences import Place
from services.ledger.verify.files import records_of
from services.policy.library import SHIPPED, Policies, Source
from services.policy.loader import load_policy
from services.policy.tree import PolicyError
from services.runtime.home import home_of
from services.runtime.memory import MemoryBroker
from services.runtime.records import Offsets, TopicPartition
from services.synthetic import generate
from tests.unit.events import claim, granted, reversed_
from tests.unit.ledger.towns import Town, city, requests

REGION = "lianyungang"
SCOPE = Scope(REGION, 2025)
LOWER = r"limit_yuan: \{C: \{2023-01-01: 2000\} -> limit_yuan: {C: {2023-01-01: 1500}"
"""The deductible of class C."""

MARGIN = [granted(), claim("1", "2025-03-02", "1800.00"), claim("2", "2025-05-20", "3000.00"), claim("3", "2025-07-01", "1000.00")]
"""连云港（五）3: a family at the margin of low income, 70% of what is beyond the year's deductible.

| claim | self-pay | deductible 2000 | paid | deductible 1500 | paid | difference |
|---|---|---|---|---|---|---|
| H1/1 | 1800.00 | 1800.00 | 0.00 (below_deductible) | 1500.00 | 300 x 70% = 210.00 | +210.00 |
| H1/2 | 3000.00 | 200.00 | 2800 x 70% = 1960.00 | 0.00 | 3000 x 70% = 2100.00 | +140.00 |
| H1/3 | 1000.00 | 0.00 | 700.00 | 0.00 | 700.00 | 0.00 |
"""
WORKER = [
    granted("needy_worker", "2024-02-01", "g3", person_id="P2").replace(b"civil-affairs", b"trade-union"),
    claim("4", "2025-07-01", "900.00", person_id="P2"),
]
"""Another person, of class B, which has no deductible: 900 x 80% = 720.00 under either figure."""


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory moves only when it is told to."""
    monkeypatch.setattr(reckoning_module, "LOOK_S", 0.0)


@pytest.fixture
def before(tmp_path: Path) -> Policies:
    """The city as shipped."""
    return city(tmp_path / "before", REGION)


@pytest.fixture
def after(tmp_path: Path) -> Policies:
    """The city with the lower deductible."""
    return city(tmp_path / "after", REGION, LOWER)


async def town(policies: Policies, lines: list[bytes]) -> Town:
    """A town that has settled these lines."""
    made = Town(policies)
    await made.embedded.start()
    return await made.settle(lines)


def told(changes: list[Change]) -> list[tuple[str, str | None, str | None, int]]:
    """Claim, reason before and after, difference in fen."""
    return [(change.claim, change.before.reason, change.after.reason, change.delta_fen) for change in changes]


async def test_a_corrected_deductible_by_hand(before: Policies, after: Policies) -> None:
    """The table of `MARGIN`: 350.00 more, nobody pays back; under the other figure again 350.00 less, and he does."""
    work = await town(before, MARGIN)
    found, changes = await work.reckon(SCOPE, after)
    assert told(changes) == [("H1/1", "below_deductible", None, 21_000), ("H1/2", None, None, 14_000)]
    totals = found.totals
    assert (totals.total_fen, totals.more_fen, totals.back_fen, totals.paying_back) == (35_000, 35_000, 0, 0)
    assert dict(totals.fen) == {("assisted", "low_income_margin"): 35_000}
    assert [change.claim for change in totals.largest] == ["H1/1", "H1/2"]

    work.upgrade(after)
    work.ask(requests(found))
    assert [(result["claim_id"], result["delta"]) for result in await work.work()] == [("1", "210.00"), ("2", "140.00"), ("3", "0.00")]
    found, changes = await work.reckon(SCOPE, before)
    assert told(changes) == [("H1/1", None, "below_deductible", -21_000), ("H1/2", None, None, -14_000)]
    assert (found.totals.total_fen, found.totals.back_fen, found.totals.paying_back) == (-35_000, -35_000, 1)


async def test_a_line_says_all_of_a_change(before: Policies, after: Policies) -> None:
    work = await town(before, MARGIN)
    _, changes = await work.reckon(SCOPE, after)
    line = orjson.loads(changes[0].line())
    editions = line["before"].pop("edition"), line["after"].pop("edition")
    assert editions == (before.current[REGION][0].edition, after.current[REGION][0].edition)
    assert line == {
        "claim": "H1/1",
        "person_id": "P1",
        "region": REGION,
        "year": 2025,
        "sequence": 1,
        "before": {"outcome": "not_assisted", "reason": "below_deductible", "category": "low_income_margin", "assistance_amount": "0.00"},
        "after": {"outcome": "assisted", "reason": None, "category": "low_income_margin", "assistance_amount": "210.00"},
        "delta": "210.00",
    }


async def test_a_year_of_which_only_the_edition_changes_is_asked_for_too(before: Policies, after: Policies) -> None:
    """Its next claim would be settled under the old figure else; no claim of it counts as changed."""
    work = await town(before, [*MARGIN, *WORKER])
    work.upgrade(after)
    found, changes = await work.reckon(SCOPE)
    assert {change.place.person_id for change in changes} == {"P1"}
    assert (found.totals.years, found.totals.changed, found.totals.moved, found.totals.to_ask) == (2, 1, 1, 2)
    work.ask(requests(found))
    assert [result["delta"] for result in await work.work() if result["person_id"] == "P2"] == ["0.00"]
    found, changes = await work.reckon(SCOPE)
    assert (found.needed, changes) == ([], [])


async def test_a_figure_dated_ahead_needs_no_request(before: Policies, tmp_path: Path) -> None:
    """It says the same of all days settled: the year goes on under it by itself."""
    work = await town(before, MARGIN)
    later = city(tmp_path / "later", REGION, LOWER.replace(": 1500}", ": 2000, 2026-01-01: 1500}"))
    assert later.current[REGION][0].edition != before.current[REGION][0].edition
    found, changes = await work.reckon(SCOPE, later)
    assert (found.needed, changes, found.totals.moved, found.totals.years) == ([], [], 0, 1)


async def test_a_year_whose_file_is_gone_can_be_asked_for(before: Policies, after: Policies) -> None:
    """Late news of it could not be settled (it is behind): the request brings it under the file that is here, news included; so one without news."""
    work = await town(before, [*MARGIN, *WORKER])
    work.upgrade(Policies(after.current))
    await work.settle([granted("extreme_poverty", "2025-01-10", "g9")])
    found, changes = await work.reckon(SCOPE)
    assert (found.totals.changed, found.totals.moved) == (1, 1)
    assert next((change.claim, change.after.category, change.after_fen) for change in changes) == ("H1/1", "extreme_poverty", 180_000)
    work.ask(requests(found))
    assert sum(signed_fen(result["delta"]) for result in await work.work()) == found.totals.total_fen == 180_000 + 104_000 + 30_000
    found, changes = await work.reckon(SCOPE)
    assert (found.needed, changes) == ([], [])


async def test_a_year_behind_of_which_nothing_changes_can_be_asked_for(before: Policies, after: Policies) -> None:
    """The file was gone when news came, and is back: no result follows, but the year is behind no longer."""
    work = await town(before, WORKER)
    work.upgrade(Policies(after.current))
    await work.settle([granted("orphan", "2025-12-01", "g9", person_id="P2")])
    work.upgrade(before)
    found, changes = await work.reckon(SCOPE)
    assert (changes, found.totals.moved, len(found.needed)) == ([], 1, 1)
    work.ask(requests(found))
    assert await work.work() == []
    found, _ = await work.reckon(SCOPE)
    assert (found.totals.years, found.needed) == (1, [])


async def test_a_mistake_of_ours_that_is_mended_is_found_under_the_same_edition(before: Policies, after: Policies) -> None:
    """The file is the same, the program reads it otherwise by now."""
    (was,), (now,) = before.current[REGION], after.current[REGION]
    work = await town(before, [*MARGIN, *WORKER])
    work.upgrade(replace(after, current={REGION: (replace(now, edition=was.edition, whole=was.whole),)}))
    found, changes = await work.reckon(SCOPE)
    assert told(changes) == [("H1/1", "below_deductible", None, 21_000), ("H1/2", None, None, 14_000)]
    assert (found.totals.changed, found.totals.moved) == (1, 0)
    work.ask(requests(found))
    assert [result["delta"] for result in await work.work()] == ["210.00", "140.00"]


async def test_news_that_is_just_being_settled_is_no_change(before: Policies, monkeypatch: pytest.MonkeyPatch) -> None:
    """Results and timelines are not read in one instant: of a timeline that is newer than the results the year is looked at again."""
    work = await town(before, MARGIN)
    early = await work.broker.ends([TopicPartition(RESULTS, lane) for lane in range(PARTITIONS)])
    await work.settle([granted("extreme_poverty", "2025-01-10", "g9")])
    looks = 0

    async def ends(broker: MemoryBroker, places: list[TopicPartition]) -> Offsets:
        nonlocal looks
        looks += any(place.topic == RESULTS for place in places)
        now = {place: broker._kafka.end(place) for place in places}
        return {place: early.get(place, end) if looks <= PARTITIONS else end for place, end in now.items()}

    monkeypatch.setattr(MemoryBroker, "ends", ends)
    found, changes = await work.reckon(SCOPE)
    assert (changes, found.totals.years) == ([], 1)


async def test_a_reversed_claim_stays_reversed(before: Policies, after: Policies) -> None:
    """Without H1/1 the deductible falls to H1/2: (3000 - 2000) x 70% = 700.00, (3000 - 1500) x 70% = 1050.00."""
    work = await town(before, [*MARGIN, reversed_("1")])
    _, changes = await work.reckon(SCOPE, after)
    assert told(changes) == [("H1/2", None, None, 35_000)]


async def test_a_year_that_cannot_be_settled_is_counted_and_not_asked_for(
    before: Policies, after: Policies, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = await town(before, [*MARGIN, *WORKER])
    for_year = Policies.for_year
    broken = date(2025, 3, 2)  # of P1's first claim
    monkeypatch.setattr(
        Policies, "for_year", lambda known, region, day, *more: 1 // (day != broken) and for_year(known, region, day, *more)
    )
    found, changes = await work.reckon(SCOPE, after)
    assert (changes, found.totals.years, found.totals.unsettled) == ([], 2, 1)
    assert [needed.place.person_id for needed in found.needed] == ["P2"]


async def test_one_person_and_only_his_lane(before: Policies, after: Policies) -> None:
    work = await town(before, [*MARGIN, *WORKER])
    found, _ = await work.reckon(Scope(REGION, 2025, "P2"), after)
    assert (found.totals.years, found.totals.moved) == (1, 1)
    assert (*Scope(REGION, 2025, "P2").lanes(PARTITIONS),) == (home_of("P2", PARTITIONS),)
    with pytest.raises(Declined, match=r"^no result of that person of lianyungang in 2025 in kafka$"):
        await work.reckon(Scope(REGION, 2025, "P3"))
    with pytest.raises(Declined, match=r"^no result of lianyungang in 2024 in kafka$"):
        await work.reckon(Scope(REGION, 2024))


async def test_a_file_tells_the_same(before: Policies, after: Policies, tmp_path: Path) -> None:
    work = await town(before, [*MARGIN, *WORKER])
    path = work.write(tmp_path / "ledger.jsonl")
    changes: list[Change] = []
    found, one = Reckoning(after, SCOPE, changes.append), Reckoning(after, Scope(REGION, 2025, "P2"), changes.append)
    for reckoning in (found, one):
        await reckon_file(reckoning, lambda: records_of(path), str(path))
    assert (one.totals.years, one.totals.moved) == (1, 1)
    there, theirs = await work.reckon(SCOPE, after)
    assert (sorted(changes), found.totals) == (sorted(theirs), there.totals)
    assert sorted(found.needed) == sorted(there.needed)


async def test_a_ledger_that_is_not_in_order_is_not_reckoned(before: Policies, tmp_path: Path) -> None:
    work = await town(before, MARGIN)
    path = work.write(tmp_path / "ledger.jsonl")
    path.write_bytes(path.read_bytes().replace(b'"sequence":3', b'"sequence":4'))
    with pytest.raises(Declined, match=r"not in order.*1 differences, the first: form P1/lianyungang/2025 sequence: ledger 1 to 2, 4"):
        await reckon_file(Reckoning(before, SCOPE, print), lambda: records_of(path), str(path))


FIGURES = {
    "suzhou": r"limit_yuan: \{default: \{2023-01-01: 300000\}\} -> limit_yuan: {default: {2023-01-01: 4000}}",
    "wuxi": r"limit_yuan: \{default: \{2023-01-01: 300000\}\} -> limit_yuan: {default: {2023-01-01: 3000}}",
    "lianyungang": r"limit_yuan: \{default: \{2023-01-01: 200000\}, D: -> limit_yuan: {default: {2023-01-01: 9000}, D:",
    "changchun": r"limit_yuan: \{II: \{2023-01-01: 1000\} -> limit_yuan: {II: {2023-01-01: 3000}",
}
READINGS = {
    "suzhou": {"special_rate": "disease_rate"},
    "wuxi": {"tilt_referral": "referred_only"},
    "lianyungang": {"rounding": "down"},
    "changchun": {"rounding": "down"},
}


@pytest.mark.parametrize("region", sorted(FIGURES))
@pytest.mark.parametrize("by", ["figure", "reading"])
async def test_what_is_told_is_what_settlement_publishes(region: str, by: str, tmp_path: Path) -> None:
    """Of a generated city: nothing under the same policy; under another each claim's difference, and their sum, to the fen; nothing is left afterwards."""
    scope, shipped = Scope(region, 2025), city(tmp_path / "shipped", region)
    work = await town(shipped, list(generate(shipped.current[region][-1], 40, 5, 2025)))
    same, none = await work.reckon(scope)
    assert (none, same.needed, same.totals.total_fen) == ([], [], 0)
    assert same.totals.years > 25

    work.upgrade(
        city(tmp_path / "other", region, FIGURES[region]) if by == "figure" else city(tmp_path / "other", region, "", READINGS[region])
    )
    found, changes = await work.reckon(scope)
    work.ask(requests(found))
    published = await work.work()
    assert {result["caused_by"]["source"] for result in published} == {"/operators/cli:li"}
    deltas = {f"{result['hospital_id']}/{result['claim_id']}": signed_fen(result["delta"]) for result in published}
    assert sum(deltas.values()) == found.totals.total_fen != 0
    assert {claim: fen for claim, fen in deltas.items() if fen} == {
        change.claim: change.delta_fen for change in changes if change.delta_fen
    }
    assert {result["person_id"] for result in published} == {needed.place.person_id for needed in found.needed}
    again, none = await work.reckon(scope)
    assert (none, again.needed, again.totals.years) == ([], [], found.totals.years)


def test_totals_by_hand() -> None:
    """Four persons, of whom one pays back, one is paid more and less, one is told another reason alone, and one moves: whose request waits."""
    was, now = Told("assisted", None, "orphan", "a"), Told("not_assisted", "limit_exhausted", "orphan", "b")
    totals = Totals()
    for number, deltas in enumerate([(-300,), (500, -500), (0,), ()], start=1):
        place = Place(f"P{number}", REGION, 2025)
        changes = [Change(f"H1/{number}-{delta}", place, 1, was, now if delta <= 0 else was, 0, delta) for delta in deltas]
        totals.add(Anew(place, tuple(changes), moves=True, is_needed=True, digest=b""), is_asked=number == 4)
    totals.add(Anew(Place("P5", REGION, 2025), (), moves=False, is_needed=False, digest=b""), is_asked=False)
    assert (totals.years, totals.changed, totals.moved, totals.paying_back) == (5, 3, 1, 2)
    assert (totals.asked, totals.to_ask, totals.to_ask_fen, totals.to_ask_back) == (1, 3, -300, 2)
    assert (totals.more_fen, totals.back_fen, totals.total_fen) == (500, -800, -300)
    assert totals.claims == {("limit_exhausted", "orphan"): 3, ("assisted", "orphan"): 1}
    assert totals.fen == {("limit_exhausted", "orphan"): -800, ("assisted", "orphan"): 500}
    assert [change.claim for change in totals.largest] == ["H1/2--500", "H1/2-500", "H1/1--300"]
    assert len(totals.largest) < LARGEST
    many = [Change(f"H1/{number:02}", place, 1, was, was, 0, 1 + number // 2) for number in range(LARGEST + 5)]
    totals.add(Anew(place, tuple(many), moves=True, is_needed=True, digest=b""), is_asked=False)
    assert [change.claim for change in totals.largest[3:6]] == ["H1/14", "H1/12", "H1/13"]
    assert len(totals.largest) == LARGEST


async def test_a_file_that_does_not_run_stands_for_those_whose_days_it_shares(tmp_path: Path) -> None:
    """Of two files of a region the one before it is kept; of another region, of no day of the year, and with a fault it is refused."""
    text = (SHIPPED / f"{REGION}.yaml").read_text("utf-8")
    ends, begins = (
        text.replace("valid_to: null", "valid_to: 2025-06-30"),
        text.replace("valid_from: 2023-01-01", "valid_from: 2025-07-01"),
    )
    assert text not in (ends, begins)
    first, second = load_policy("a.yaml", ends), load_policy("b.yaml", begins)
    running = Policies({REGION: (first, second)}, (Source("a.yaml", ends), Source("b.yaml", begins)))
    given = with_file(running, Source("c.yaml", begins), {"rounding": "down"}, SCOPE)
    assert given.current[REGION][0] is first
    assert given.current[REGION][1].readings["rounding"] == "down"
    assert len(given.current[REGION]) == 2
    assert len(with_file(running, Source("d.yaml", text), {}, SCOPE).current[REGION]) == 1
    with pytest.raises(Misnamed, match=r"c\.yaml: it is of lianyungang, --region says suzhou"):
        with_file(running, Source("c.yaml", begins), {}, Scope("suzhou", 2025))
    with pytest.raises(Misnamed, match=r"c\.yaml: it holds from 2025-07-01 on, on no day of 2024"):
        with_file(running, Source("c.yaml", begins), {}, Scope(REGION, 2024))
    with pytest.raises(Misnamed, match=r"a\.yaml: it holds from 2023-01-01 to 2025-06-30, on no day of 2026"):
        with_file(running, Source("a.yaml", ends), {}, Scope(REGION, 2026))
    with pytest.raises(PolicyError, match=r"c\.yaml:\d+: valid_to: "):
        with_file(running, Source("c.yaml", begins.replace("valid_to: null", "valid_to: 20")), {}, SCOPE)
