"""What holds of every claim under every policy that the language can say: properties over generated towns (`grammar/town.yaml` with other benefits)."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.hospital import ClaimSubmitted
from schemas.money import yuan_text
from services.policy.adjudicate import Settlement, adjudicate
from services.policy.entitlement import Interval, Status
from services.policy.loader import Policy
from tests.policy.grammar.edits import BEGINS, edited, loaded, table

TOWN = table("town.yaml")
STEADY = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
PERCENT = st.integers(1, 100).map(str)
YUAN = st.integers(0, 5_000_000).map(yuan_text)
SOME_YUAN = st.integers(1, 5_000_000).map(yuan_text)
STATUS = Status(None, (Interval("town", "low", date(2024, 1, 1), None),))
LIMITED = {name: {"label": {"zh": name, "en": name}, "clause": "四", "counts": counts} for name, counts in
           (("paid", "payment"), ("own", "self_pay"), ("floor", "deductible"))}  # fmt: skip
Row = dict[str, Any]


def dated(figure: str) -> Row:
    """A figure that does not change."""
    return {BEGINS: figure}


def town(benefits: Sequence[Row], pools: Row | None = None) -> Policy:
    """The town with these benefits alone, and what they need."""
    numbered = [
        {"id": f"b{place}", "label": {"zh": "甲", "en": "one"}, "clause": "六", **benefit} for place, benefit in enumerate(benefits)
    ]
    used = {name for benefit in benefits for name in (*benefit["limited_by"], benefit.get("deductible")) if isinstance(name, str)}
    used |= {"burden"} if "'burden'" in str(benefits) else set()
    kept = {name: pool for name, pool in {"burden": TOWN["pools"]["burden"], **(pools or {})}.items() if name in used}
    policy = loaded(edited(TOWN, {"benefits": numbered, "pools": kept}))
    assert isinstance(policy, Policy), policy
    return policy


def benefit(rate: Row, kind: str = "direct", **keys: Any) -> Row:
    """A benefit of all that is left to pay."""
    return {"kind": kind, "base": "self_pay", "rate": rate, "limited_by": [], **keys}


def claim(number: int, own_fen: int, beyond_fen: int = 0, **facts: Any) -> ClaimSubmitted:
    """An outpatient's bill."""
    plain = {
        "claim_id": f"c{number}", "hospital_id": "H1", "person_id": "P1", "region": "town", "visit_type": "outpatient", "insurance_type": "resident",
        "service_date": date(2025, 1, 1) + timedelta(number), "policy_scope_amount": yuan_text(own_fen), "basic_paid": "0",
        "total_amount": yuan_text(own_fen + beyond_fen), "critical_illness_paid": "0",
    }  # fmt: skip
    return ClaimSubmitted.model_validate({**plain, **facts})


@st.composite
def bills(draw: st.DrawFn) -> list[ClaimSubmitted]:
    """A year of a few bills."""
    visits = st.sampled_from(("outpatient", "outpatient_chronic", "outpatient_special"))
    amounts = st.integers(0, 6_000_000)
    return [
        claim(number, draw(amounts), draw(amounts), visit_type=draw(visits), in_province=draw(st.booleans()))
        for number in range(draw(st.integers(1, 6)))
    ]


@st.composite
def bands(draw: st.DrawFn) -> Row:
    """From which amount on which percentage holds."""
    begins = sorted(draw(st.sets(st.integers(1, 5_000_000), max_size=4)))
    return {yuan_text(fen): draw(PERCENT) for fen in (0, *begins)}


@st.composite
def towns(draw: st.DrawFn) -> Policy:
    """A town with up to five benefits of any kind."""
    pools = {
        "paid": {**LIMITED["paid"], "limit_yuan": {"default": dated(draw(SOME_YUAN))}},
        "own": {**LIMITED["own"], "limit_yuan": {"default": dated(draw(SOME_YUAN))}},
        "floor": {**LIMITED["floor"], "limit_yuan": {"default": dated(draw(SOME_YUAN))}},
        "burden": {**TOWN["pools"]["burden"], **draw(st.sampled_from(({}, {"when": {"in_province": True}})))},
    }
    return town([draw(benefits()) for _ in range(draw(st.integers(1, 5)))], pools)


@st.composite
def benefits(draw: st.DrawFn) -> Row:
    """One of any kind: a rate or bands of some base, or a lump sum; with thresholds, limits and conditions, or without."""
    over = {"sum": "burden", "over_yuan": dated(draw(YUAN)), "per": draw(st.sampled_from(("year", "claim")))}
    limits = draw(st.sampled_from(([], ["paid"], ["own"], ["own", "paid"])))
    asked = [
        {},
        {"when": {"sum_over": {"burden": dated(draw(YUAN))}}},
        *([{"unless": {"limit_reached": "paid"}}] if "paid" in limits else []),
    ]
    keys: Row = {"kind": draw(st.sampled_from(("direct", "tilt"))), "limited_by": limits, **draw(st.sampled_from(asked))}
    if draw(st.integers(0, 4)) == 0:
        return {**keys, "fixed_yuan": {"default": dated(draw(SOME_YUAN))}, **draw(st.sampled_from(({}, {"times_a_year": "2"})))}
    base = draw(st.sampled_from(("self_pay", "burden_left", "whole_burden", over)))
    rate = draw(st.sampled_from(({"flat_percent": dated(draw(PERCENT))}, {"bands": draw(bands())})))
    visit = {"per": "visit", "yuan": {"default": dated(draw(SOME_YUAN))}}
    return {**keys, "base": base, "rate": rate, **draw(st.sampled_from(({}, {"deductible": "floor"}, {"deductible": visit})))}


def settled(policy: Policy, claims: Sequence[ClaimSubmitted], without: int | None = None) -> list[Settlement]:
    """The year settled, with one claim reversed."""
    return list(adjudicate(lambda _: policy, STATUS, [(one, number == without) for number, one in enumerate(claims)]))


def share_of(parts: Sequence[tuple[int, str]]) -> int:
    """So many hundredths of each part, added up exactly and rounded half up, in fen."""
    return int((sum(fen * Decimal(percent) for fen, percent in parts) / 100).quantize(Decimal(1), ROUND_HALF_UP))


def parts_of(rates: Row, before_fen: int, own_fen: int) -> list[tuple[int, str]]:
    """What of an amount that lies on top of `before_fen` falls into each band."""
    begins = [int(Decimal(yuan) * 100) for yuan in rates]
    ends = [*begins[1:], 10**15]
    inside = [max(0, min(end, before_fen + own_fen) - max(begin, before_fen)) for begin, end in zip(begins, ends, strict=True)]
    return list(zip(inside, rates.values(), strict=True))


@STEADY
@given(bands(), bills())
def test_bands_pay_the_exact_sum_rounded_once(rates: Row, claims: list[ClaimSubmitted]) -> None:
    """Of each claim its parts; of the year what lies in each band as the burden rises."""
    of_claim, of_year = (
        town([benefit({"bands": rates})]),
        town([benefit({"bands": rates, "of": "burden"}, base={"sum": "burden", "over_yuan": dated("0")})]),
    )
    before_fen = 0
    for bill, once, risen in zip(claims, settled(of_claim, claims), settled(of_year, claims), strict=True):
        own_fen = bill.policy_scope_amount
        assert once.assistance_fen == share_of(parts_of(rates, 0, own_fen))
        assert risen.assistance_fen == share_of(parts_of(rates, before_fen, own_fen))
        before_fen += own_fen


@STEADY
@given(towns(), bills())
def test_nothing_is_paid_twice_and_counters_only_rise(policy: Policy, claims: list[ClaimSubmitted]) -> None:
    """Never more than is left to pay, of the whole bill where a benefit looks beyond the scope; no limit is passed; components add up."""
    beyond = any(one.base == "whole_burden" for one in policy.file.benefits)
    before: dict[str, int] = {}
    for bill, one in zip(claims, settled(policy, claims), strict=True):
        payments = one.chosen.payments if one.chosen else ()
        assert all(payment.amount_fen > 0 for payment in payments)
        assert sum(payment.amount_fen for payment in payments) == one.assistance_fen
        assert one.assistance_fen <= (bill.total_amount if beyond else one.self_pay_fen)
        assert all(fen >= before.get(name, 0) for name, fen in one.counters.items())
        for name, fen in one.counters.items():
            pool = policy.file.pools.get(name)
            limits = (pool.limit_yuan or {}) if pool else {}
            assert all(fen <= limit for dates in limits.values() if dates for limit in dates.values() if isinstance(limit, int))
        before = dict(one.counters)


@STEADY
@given(towns(), bills(), st.data())
def test_a_claim_taken_away_leaves_no_trace(policy: Policy, claims: list[ClaimSubmitted], data: st.DataObject) -> None:
    """The others are settled as if it had never been."""
    place = data.draw(st.integers(0, len(claims) - 1))
    after = settled(policy, claims, without=place)
    never = settled(policy, [*claims[:place], *claims[place + 1 :]])
    assert after[place].assistance_fen == 0
    assert [(one.assistance_fen, one.counters) for number, one in enumerate(after) if number != place] == [
        (one.assistance_fen, one.counters) for one in never
    ]


@STEADY
@given(benefits(), bills())
def test_a_benefit_in_two_halves_pays_the_same(whole: Row, claims: list[ClaimSubmitted]) -> None:
    """One for those treated within the province and one for the others: of each claim it is one of them."""
    if "times_a_year" in whole or "when" in whole or "sum" in str(whole.get("base")):
        whole = {
            **benefit({"flat_percent": dated("50")}),
            "limited_by": whole["limited_by"],
        }  # what a benefit keeps for itself has two halves then
    pools = {name: {**pool, "limit_yuan": {"default": dated("3000")}} for name, pool in LIMITED.items()}
    halves = [{**whole, "when": {"in_province": inside}} for inside in (True, False)]
    as_one, as_two = settled(town([whole], pools), claims), settled(town(halves, pools), claims)
    assert [(one.assistance_fen, one.counters, one.reason) for one in as_one] == [
        (one.assistance_fen, one.counters, one.reason) for one in as_two
    ]


@STEADY
@given(st.lists(benefits(), max_size=3), bills())
def test_a_year_s_burden_is_counted_once_a_claim(others: list[Row], claims: list[ClaimSubmitted]) -> None:
    """However many benefits read it, and whether any applies: all that is left of the claim before the first that does."""
    pools = {name: {**pool, "limit_yuan": {"default": dated("3000")}} for name, pool in LIMITED.items()}
    reads = benefit({"flat_percent": dated("1")}, kind="tilt", base={"sum": "burden", "over_yuan": dated("100")})
    first = benefit({"flat_percent": dated("30")})
    policy = town([first, reads, *others], pools)
    counted_fen = 0
    for bill, one in zip(claims, settled(policy, claims), strict=True):
        counted_fen += bill.policy_scope_amount - share_of([(bill.policy_scope_amount, "30")])
        assert one.counters["burden"] == counted_fen


@pytest.mark.parametrize("base", ["self_pay", {"sum": "burden", "over_yuan": dated("0")}], ids=str)
def test_what_was_paid_beyond_the_scope_takes_nothing_back(base: Any) -> None:
    """60% of a bill of 5,000, of which 1,000 are within the scope, is more than S: the second benefit pays nothing, and nothing is taken back."""
    both = [benefit({"flat_percent": dated("60")}, base="whole_burden"), benefit({"flat_percent": dated("50")}, base=base)]
    (one,) = settled(town(both), [claim(1, 100_000, 400_000)])
    assert [payment.amount_fen for payment in (one.chosen.payments if one.chosen else ())] == [300_000]
    assert min(one.counters.values(), default=0) >= 0
