"""What is paid of premiums, in yuan: by tier, by amount, by share; worked out by hand. A region without figures tells what it told before."""

from collections.abc import Sequence
from typing import Any

import orjson
import pytest

from schemas.catalogue import IDENTITY_EVENTS, SUBSIDIES
from schemas.identity import SubsidyDue
from services.identity.app import IdentityService
from services.policy.library import Policies, load_policies
from services.runtime.embedded import Embedded
from tests.unit.policy.river import REGION, TEXT, event, with_river

POLICIES = with_river()
SHIPPED = load_policies().regions()
AGENCIES = {"flood_victim": "flood-relief", "boat_family": "river-police", "ferryman": "river-police"}


def granted(number: str, category: str, day: str, region: str = REGION, **more: str) -> bytes:
    """A grant by an agency that may."""
    data = {"person_id": "P1", "region": region, "category": category, "effective_date": day, **more}
    return event("identity.status.granted.v1", number, f"/agencies/{region}/{AGENCIES.get(category, 'civil-affairs')}", data)


def voided(of: str, agency: str = "civil-affairs") -> bytes:
    """A grant counts as never sent."""
    source = f"/agencies/{REGION}/{agency}"
    return event("identity.status.voided.v1", f"v{of}", source, {"person_id": "P1", "region": REGION, "voids": of})


async def told(events: Sequence[bytes], policies: Policies | None = None) -> list[dict[str, Any]]:
    """The subsidies told, a view lost on the way."""
    embedded = Embedded([IdentityService(policies or POLICIES)], 1, keeps_records=True)
    await embedded.start()
    for value in events:
        embedded.publish(IDENTITY_EVENTS, "P1", value)
        await embedded.settle()
        embedded.views["identity"].lose()
    found = [orjson.loads(record.value)["data"] for record in embedded.drain() if record.topic == SUBSIDIES and record.value]
    for data in found:
        SubsidyDue.model_validate(data)
    return found


async def newest(*events: bytes) -> tuple[str | None, str, str | None, str | None]:
    """The last subsidy told: category, what it is called, amount, tier."""
    data = (await told(events))[-1]
    return data["category"], data["subsidy"], data["amount"], data["tier"]


CHILD, ADULT, NEWBORN = "2010-05-01", "1980-01-01", "2025-03-01"


@pytest.mark.parametrize(
    ("category", "day", "born", "amount", "tier"),
    [
        ("extreme_poverty", "2025-02-10", ADULT, "400.00", "adult"),  # the whole premium
        ("extreme_poverty", "2025-12-10", ADULT, "420.05", "adult"),  # takes effect in January: that of 2026
        ("extreme_poverty", "2025-02-10", CHILD, "100.25", "child"),
        ("extreme_poverty", "2025-02-10", "2007-01-02", "100.25", "child"),  # 17 on 1 January, 18 on the next day
        ("extreme_poverty", "2025-02-10", "2007-01-01", "400.00", "adult"),  # 18 on 1 January
        ("extreme_poverty", "2025-03-10", NEWBORN, "100.25", "child"),  # born in the year itself
        ("extreme_poverty", "2025-02-10", None, None, None),  # nobody knows whose premium
        ("low_income_margin", "2025-02-10", ADULT, "250.00", "adult"),  # 400.00 x 62.5%
        ("low_income_margin", "2025-12-10", ADULT, "262.53", "adult"),  # 420.05 x 62.5% = 262.53125
        ("low_income_margin", "2025-02-10", CHILD, "80.20", "child"),  # 100.25 x 80%
        ("low_income_margin", "2025-02-10", None, None, None),
        ("flood_victim", "2025-02-10", ADULT, "250.00", "adult"),  # an amount for all
        ("flood_victim", "2026-02-10", ADULT, "260.00", "adult"),
        ("flood_victim", "2025-02-10", CHILD, "100.25", "child"),  # never more than the premium
        ("flood_victim", "2025-02-10", None, "250.00", None),  # whose premium it is, is not known; the amount is the same for all
        ("boat_family", "2025-02-10", CHILD, "60.50", "child"),  # an amount for each tier
        ("boat_family", "2025-02-10", ADULT, "400.00", "adult"),  # 450, of a premium of 400
        ("boat_family", "2025-02-10", None, None, None),
        ("ferryman", "2025-02-10", ADULT, "0.00", "adult"),  # no subsidy: known to be nothing
        ("newcomer", "2025-02-10", ADULT, None, "adult"),  # not published: not known
    ],
)
async def test_the_amount_is_the_tier_s(category: str, day: str, born: str | None, amount: str | None, tier: str | None) -> None:
    birth = {} if born is None else {"birth_date": born}
    found = await newest(granted("g1", category, day, **birth))
    assert found[0] == category
    assert found[2:] == (amount, tier)


async def test_the_most_generous_is_the_largest_amount() -> None:
    """Of 260.00 as a fixed amount and 62.5% of 420.05 = 262.53, the share; of a child's 80.20 and 100.25, the fixed amount; of equals the table's first."""
    adult = [granted("g1", "flood_victim", "2026-02-10", birth_date=ADULT), granted("g2", "low_income_margin", "2026-02-10")]
    assert await newest(*adult) == ("low_income_margin", "fixed", "262.53", "adult")
    child = [granted("g1", "low_income_margin", "2025-02-10", birth_date=CHILD), granted("g2", "flood_victim", "2025-02-10")]
    assert await newest(*child) == ("flood_victim", "fixed", "100.25", "child")
    equals = [granted("g1", "flood_victim", "2025-02-10", birth_date=CHILD), granted("g2", "extreme_poverty", "2025-02-10")]
    assert await newest(*equals) == ("extreme_poverty", "full", "100.25", "child")
    nothing = [granted("g1", "ferryman", "2025-02-10", birth_date=ADULT), granted("g2", "newcomer", "2025-02-10")]
    assert await newest(*nothing) == ("ferryman", "none", "0.00", "adult")


async def test_while_an_amount_is_not_known_the_word_decides() -> None:
    """Without a birth date 250.00 is known and the whole premium is not; the birth date, told late, settles it."""
    events = [granted("g1", "flood_victim", "2025-02-10"), granted("g2", "extreme_poverty", "2025-02-10")]
    assert await newest(*events) == ("extreme_poverty", "full", None, None)
    late = granted("g3", "boat_family", "2025-02-11", birth_date=CHILD)
    assert await newest(*events, late) == ("extreme_poverty", "full", "100.25", "child")


async def test_a_subsidy_is_told_again_when_its_amount_changes() -> None:
    """A birth date that was not known, then a void."""
    events = [granted("g1", "extreme_poverty", "2025-02-10"), granted("g2", "ferryman", "2025-02-10", birth_date=ADULT), voided("g1")]
    found = [(one["revision"], one["category"], one["amount"]) for one in await told(events)]
    assert found == [(0, "extreme_poverty", None), (1, "extreme_poverty", "400.00"), (2, "ferryman", "0.00")]
    gone = [granted("g1", "ferryman", "2025-02-10", birth_date=ADULT), voided("g1", "river-police")]
    assert [(one["category"], one["amount"], one["tier"]) for one in await told(gone)] == [
        ("ferryman", "0.00", "adult"),
        (None, "0.00", None),
    ]


async def test_who_had_enrolled_before_the_grant_gets_nothing() -> None:
    (found,) = await told([granted("g1", "extreme_poverty", "2025-02-10", birth_date=ADULT, enrolled_on="2025-02-09")])
    assert (found["subsidy"], found["reason"], found["amount"], found["tier"]) == ("none", "already_enrolled", "0.00", "adult")


async def test_a_renewal_in_the_next_year_brings_that_year_s_subsidy() -> None:
    """Of a status that runs on; of one that ends with a loss before the renewal takes effect it does not."""
    first = granted("g1", "low_income_margin", "2025-03-10", birth_date=ADULT)
    found = await told([first, granted("g2", "low_income_margin", "2026-02-10")])
    assert [(one["year"], one["amount"]) for one in found] == [(2025, "250.00"), (2026, "262.53")]


async def test_a_region_without_figures_tells_what_it_told_before() -> None:
    """Neither key is there: no new revision of a ledger that exists."""
    for region in SHIPPED:
        for category, known in POLICIES.current[region][0].file.categories.items():
            data = {"person_id": "P1", "region": region, "category": category, "effective_date": "2025-02-10", "birth_date": ADULT}
            (found,) = await told([event("identity.status.granted.v1", "g1", f"/agencies/{region}/{known.certifiers[0]}", data)])
            assert {"amount", "tier"}.isdisjoint(found)


async def test_premiums_alone_and_amounts_alone_are_figures() -> None:
    """A file without tiers may have amounts for all."""
    tiers = TEXT[TEXT.index("  tiers:\n") : TEXT.index("designated:")]
    plain = TEXT.replace(tiers, "").replace(
        "subsidy_percent: {child: {2025-01-01: 80}, adult: {2025-01-01: 62.5}}", "subsidy_yuan: {2025-01-01: 70}"
    )
    plain = plain.replace(", subsidy_yuan: {child: {2025-01-01: 60.5}, adult: {2025-01-01: 450}}", "")
    policies = with_river(plain)
    (found,) = await told([granted("g1", "flood_victim", "2025-02-10")], policies)
    assert (found["amount"], found["tier"]) == ("250.00", None)
    for category in ("extreme_poverty", "boat_family"):
        (found,) = await told([granted("g1", category, "2025-02-10", birth_date=ADULT)], policies)
        assert (found["amount"], found["tier"]) == (None, None)
