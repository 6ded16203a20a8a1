"""What holds of every claim in every city, whatever the figures: properties over generated years."""

import asyncio
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, get_args

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.catalogue import CLAIMS, IDENTITY_EVENTS, RESULTS
from schemas.codes import Condition, InsuranceType, Referral, VisitType
from schemas.hospital import ClaimSubmitted
from schemas.money import signed_fen
from services.identity.app import IdentityService
from services.policy.adjudicate import Settlement, settle
from services.policy.entitlement import Interval, Status
from services.policy.library import load_policies
from services.policy.loader import Policy
from services.runtime.embedded import Embedded
from services.settlement.app import SettlementService

POLICIES = load_policies()
SENT = "2026-01-31T12:00:00+08:00"
JANUARY, DECEMBER = date(2025, 1, 1), date(2025, 12, 31)
FEN = st.integers(0, 40_000_000)
STEADY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def claims(draw: st.DrawFn, region: str, number: int = 1) -> ClaimSubmitted:
    """A plausible claim of 2025, of any kind."""
    visit = draw(st.sampled_from(get_args(VisitType)))
    day = draw(st.dates(JANUARY, DECEMBER))
    scope_fen = draw(FEN)
    basic_fen = draw(st.integers(0, scope_fen))
    critical_fen = draw(st.integers(0, scope_fen - basic_fen))
    insurance = draw(st.sampled_from(get_args(InsuranceType)))
    above_fen = draw(st.integers(0, scope_fen - basic_fen - critical_fen)) if insurance != "none" and draw(st.booleans()) else 0
    dates = (
        {"service_date": day}
        if visit != "inpatient"
        else {"admission_date": max(JANUARY, day - timedelta(draw(st.integers(0, 40)))), "discharge_date": day}
    )
    return ClaimSubmitted.model_validate(
        {
            "claim_id": f"C{number}", "hospital_id": "H1", "person_id": "P1", "region": region, "visit_type": visit, **dates,
            "insurance_type": insurance, "conditions": draw(st.lists(st.sampled_from(get_args(Condition)), max_size=3)),
            "total_amount": text(scope_fen + draw(FEN)), "policy_scope_amount": text(scope_fen), "basic_paid": text(basic_fen),
            "critical_illness_paid": text(critical_fen), "above_basic_cap_amount": text(above_fen),
            "referral": draw(st.sampled_from(get_args(Referral))), "in_province": draw(st.booleans()),
            "birth_date": draw(st.one_of(st.none(), st.dates(date(1940, 1, 1), JANUARY))),
        }
    )  # fmt: skip


def text(fen: int) -> str:
    """Yuan as text."""
    return f"{fen // 100}.{fen % 100:02d}"


@st.composite
def years(draw: st.DrawFn) -> tuple[Policy, Status, list[ClaimSubmitted]]:
    """A city, a person with up to three open statuses, up to twelve claims."""
    policy = POLICIES.current[draw(st.sampled_from(POLICIES.regions()))][-1]
    names = draw(st.lists(st.sampled_from(sorted(policy.file.categories)), min_size=1, max_size=3, unique=True))
    status = Status(date(1970, 1, 1), tuple(Interval(policy.file.id, name, JANUARY, None) for name in names))
    made = [draw(claims(policy.file.id, number)) for number in range(draw(st.integers(1, 12)))]
    return policy, status, made


def settled(policy: Policy, status: Status, made: Sequence[ClaimSubmitted]) -> list[Settlement]:
    """The claims settled one after the other."""
    counters: dict[str, int] = {}
    results = []
    for claim in made:
        results.append(settle(policy, status, counters, claim))
        counters = dict(results[-1].counters)
    return results


@STEADY
@given(years())
def test_assistance_never_exceeds_self_pay_nor_any_pool(year: tuple[Policy, Status, list[ClaimSubmitted]]) -> None:
    """Components add up, none is negative, S is never exceeded, and no counter passes the highest limit of its pool."""
    policy, status, made = year
    for settlement in settled(policy, status, made):
        payments = settlement.chosen.payments if settlement.chosen else ()
        assert all(payment.amount_fen > 0 for payment in payments)
        assert sum(payment.amount_fen for payment in payments) == settlement.assistance_fen <= settlement.self_pay_fen
        for name, used_fen in settlement.counters.items():
            limits = [fen for figures in (policy.file.pools[name].limit_yuan or {}).values() for fen in figures.values()]
            assert used_fen >= 0
            assert not limits or used_fen <= max(limits), name


@STEADY
@given(years())
def test_a_claim_is_settled_by_one_category_the_best_and_the_first_of_the_best(year: tuple[Policy, Status, list[ClaimSubmitted]]) -> None:
    """就高, never two categories on one claim."""
    policy, status, made = year
    order = list(policy.file.categories)
    for settlement in settled(policy, status, made):
        if settlement.chosen is not None:
            best_fen = max(assessment.total_fen for assessment in settlement.assessments)
            best = [assessment.category for assessment in settlement.assessments if assessment.total_fen == best_fen]
            assert settlement.chosen.category == min(best, key=order.index)


@STEADY
@given(years(), st.data())
def test_adding_a_status_never_lowers_a_single_claim(year: tuple[Policy, Status, list[ClaimSubmitted]], data: st.DataObject) -> None:
    """One more status of the person gives the same claim at least as much."""
    policy, status, made = year
    more = data.draw(st.sampled_from(sorted(policy.file.categories)))
    richer = Status(status.birth_date, (*status.intervals, Interval(policy.file.id, more, JANUARY, None)))
    counters = {name: data.draw(FEN) for name in policy.file.pools}
    assert settle(policy, richer, counters, made[0]).assistance_fen >= settle(policy, status, counters, made[0]).assistance_fen


def submitted(claim: ClaimSubmitted) -> tuple[str, bytes]:
    """The event of a claim."""
    return CLAIMS, event("hospital.claim.submitted.v1", "/hospitals/H1", claim.claim_id, claim.wire())


def undone(claim: ClaimSubmitted) -> tuple[str, bytes]:
    """The event of its reversal."""
    data = {"claim_id": claim.claim_id, "hospital_id": "H1", "person_id": "P1", "region": claim.region, "reason": "billing error"}
    return CLAIMS, event("hospital.claim.reversed.v1", "/hospitals/H1", f"r-{claim.claim_id}", data)


def event(kind: str, source: str, event_id: str, data: dict[str, Any]) -> bytes:
    """A CloudEvent."""
    return orjson.dumps({"specversion": "1.0", "id": event_id, "source": source, "type": kind, "time": SENT, "data": data})


@st.composite
def news(draw: st.DrawFn, policy: Policy) -> list[tuple[str, bytes]]:
    """Status events of a person: grants, losses, voids."""
    told = []
    for number in range(draw(st.integers(1, 6))):
        category = draw(st.sampled_from(sorted(policy.file.categories)))
        agency = policy.file.categories[category].certifiers[0]
        data = {
            "person_id": "P1",
            "region": policy.file.id,
            "category": category,
            "effective_date": draw(st.dates(JANUARY, DECEMBER)).isoformat(),
        }
        verb = draw(st.sampled_from(["granted", "granted", "revoked"]))
        if verb == "revoked":
            data["reason"] = draw(st.sampled_from(["ordinary", "fraud", "death"]))
        told.append((IDENTITY_EVENTS, event(f"identity.status.{verb}.v1", f"/agencies/{policy.file.id}/{agency}", f"e{number}", data)))
        if draw(st.integers(0, 4)) == 0:
            void = {"person_id": "P1", "region": policy.file.id, "voids": f"e{number}"}
            told.append((IDENTITY_EVENTS, event("identity.status.voided.v1", f"/agencies/{policy.file.id}/{agency}", f"v{number}", void)))
    return told


async def ledger(events: Sequence[tuple[str, bytes]]) -> list[dict[str, Any]]:
    """The results of events published in this order."""
    embedded = Embedded([IdentityService(POLICIES), SettlementService(POLICIES)], partitions=1)
    await embedded.start()
    for topic, value in events:
        embedded.publish(topic, "P1", value)
        await embedded.settle()
    return [orjson.loads(record.value or b"")["data"] for record in embedded.drain() if record.topic == RESULTS]


def last_figures(results: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What the contract promises of the last revision of each claim."""
    kept = (
        "outcome",
        "reason",
        "category",
        "policy",
        "self_pay",
        "deductible",
        "components",
        "assistance_amount",
        "personal_burden",
        "consultation_fee_waived",
    )
    return {result["claim_id"]: {name: result[name] for name in kept} for result in results}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_any_interleaving_of_topics_ends_the_same(data: st.DataObject) -> None:
    """Claims in their order, status events and reversals anywhere: the last revisions agree, and deltas add up to the last amounts."""
    policy = POLICIES.current[data.draw(st.sampled_from(POLICIES.regions()))][-1]
    made = [data.draw(claims(policy.file.id, number)) for number in range(data.draw(st.integers(1, 6)))]
    told = data.draw(news(policy))
    taken_back = [undone(claim) for claim in data.draw(st.lists(st.sampled_from(made), max_size=2, unique_by=lambda claim: claim.claim_id))]
    first = asyncio.run(ledger([*told, *map(submitted, made), *taken_back]))
    others = data.draw(st.permutations([*told, *taken_back]))
    order = sorted(data.draw(st.lists(st.integers(0, len(others)), min_size=len(made), max_size=len(made))))
    mixed = list(others)
    for place, claim in reversed(list(zip(order, made, strict=True))):
        mixed.insert(place, submitted(claim))
    second = asyncio.run(ledger(mixed))
    assert last_figures(first) == last_figures(second)
    for results in (first, second):
        for claim_id, figures in last_figures(results).items():
            assert sum(signed_fen(result["delta"]) for result in results if result["claim_id"] == claim_id) == signed_fen(
                figures["assistance_amount"]
            )


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_reversing_everything_returns_to_zero(data: st.DataObject) -> None:
    """When every claim is taken back, nothing is owed and no counter is used."""
    policy = POLICIES.current[data.draw(st.sampled_from(POLICIES.regions()))][-1]
    made = [data.draw(claims(policy.file.id, number)) for number in range(data.draw(st.integers(1, 6)))]
    results = asyncio.run(ledger([*data.draw(news(policy)), *map(submitted, made), *map(undone, made)]))
    assert sum(signed_fen(result["delta"]) for result in results) == 0
    newest = {result["year"]: result["counters"] for result in results}
    assert all(signed_fen(yuan) == 0 for counters in newest.values() for yuan in counters.values())
