"""What a city's people, hospitals and offices get to see of its policy: so that two policies of which they see the same may be called the same.

In: a policy, and the people of a city (`people.py`). Out: what it comes to for them, by the pure core of the services, for speed; editions,
which are hashes of the file, are left out.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from functools import cache
from typing import Any, get_args

from schemas.codes import Agency
from schemas.hospital import ClaimSubmitted
from schemas.settlement import SettlementResult
from services.identity.domain.authority import check_status
from services.identity.domain.consequences import assess_admission, timeline_of
from services.identity.domain.premiums import subsidies_due
from services.monitoring.adapters.threshold_files import load_thresholds
from services.monitoring.domain import hospitals, poverty
from services.monitoring.domain.facts import ClaimFacts, Person
from services.monitoring.domain.hospitals import Hospital, HospitalYear
from services.monitoring.domain.thresholds import Thresholds
from services.monitoring.domain.watch import Watch
from services.policy.adjudicate import Settlement, adjudicate, claim_year
from services.policy.entitlement import Status
from services.policy.hospitals import hospital_share
from services.policy.library import Policies, load_policies
from services.policy.loader import Policy
from services.policy.result import figures_data
from services.policy.standing import StatusEvent
from services.runtime.errors import Refused
from tests.policy.mutations.people import NEW_YEAR, People, Year


def seen(policy: Policy, people: People) -> Iterator[Any]:
    """What follows for them, one after the other, so that who compares may stop at the first difference."""
    policies = Policies({policy.file.id: (policy,)})
    yield {name: value for name, value in policy.told(NEW_YEAR).items() if name not in ("edition", "version")}
    watch = Watch(policies, _thresholds())
    for year in people.years:
        settled = _settled(policy, year)
        yield [_told(one) for one in settled]
        yield _person_warned(watch, people.region, year, settled)
    yield [claim_year(policy, claim) for claim in people.visits]
    yield from (_identity(policies, policy, people, events) for events in people.told)
    yield [*_competent(policies, people)]
    yield [*_hospital_warned(watch, people.region)]
    yield [_share(policies, people)]


def _settled(policy: Policy, year: Year) -> list[Settlement]:
    return list(adjudicate(lambda _: policy, year.status, [(claim, False) for claim in year.claims]))


def _told(settlement: Settlement) -> Any:
    """All that a result tells of it."""
    return {**figures_data(settlement, None), "policy": settlement.version, "counters": dict(settlement.counters)}


def _identity(policies: Policies, policy: Policy, people: People, events: Sequence[StatusEvent]) -> Any:
    """Timeline, premiums, visits and admissions of somebody of whom agencies said this."""
    known = timeline_of(policies, events)
    intervals = [run.interval for run in known]
    visits = [_told(one) for one in _settled(policy, Year(Status(None, tuple(intervals)), people.visits))]
    admissions = [assess_admission(policies, opened, None, intervals) for opened in people.admissions]
    return known, subsidies_due(policies, "P1", events, known), visits, admissions


def _competent(policies: Policies, people: People) -> Iterator[str]:
    """Who may certify what."""
    for event in people.told[0]:
        for agency in get_args(Agency):
            try:
                check_status(policies, f"/agencies/{people.region}/{agency}", event.data, date(2025, 12, 31))
            except Refused as refused:
                yield f"{agency}: {refused.reason} {refused.field} {refused.expected}"


def _person_warned(watch: Watch, region: str, year: Year, settled: Sequence[Settlement]) -> Any:
    facts = {claim.key: _facts(number, claim, one) for number, (claim, one) in enumerate(zip(year.claims, settled, strict=True))}
    person = Person("P1", claims=facts, counters={(region, 2025): settled[-1].counters})
    return [(due.kind, due.level, due.audience, due.measure, due.threshold, due.clause) for due in poverty.due(watch, person)]


def _hospital_warned(watch: Watch, region: str) -> Iterator[Any]:
    """Of a hospital that leaves more and more to people."""
    for percent in (5, 8, 9, 10, 11, 13, 18, 25):
        hospital = Hospital("H1", years={(region, 2025): HospitalYear(1000, percent * 10_000 + 1, 1_000_000)})
        yield [(due.level, due.audience, due.threshold, due.clause) for due in hospitals.due(watch, hospital)]


def _share(policies: Policies, people: People) -> Any:
    """What counts of a stay for its hospital."""
    stay = next(claim for claim in people.visits if claim.visit_type == "inpatient")
    told = {"region": people.region, "outcome": "assisted", "category": people.categories[0], "personal_burden": 1}
    return hospital_share(policies, SettlementResult.model_construct(**told), stay)


def _facts(number: int, claim: ClaimSubmitted, one: Settlement) -> ClaimFacts:
    return ClaimFacts(
        key=claim.key,
        region=claim.region,
        year=2025,
        sequence=number,
        revision=0,
        first=claim.first_date,
        last=claim.date,
        is_stay=claim.visit_type == "inpatient",
        is_reversed=False,
        in_force=one.policy is not None,
        category=one.chosen.category if one.chosen else None,
        self_pay_fen=one.self_pay_fen,
        burden_fen=one.self_pay_fen - one.assistance_fen,
        recovered_fen=0,
        counted=False,
    )


@cache
def _thresholds() -> Thresholds:
    """The shipped thresholds, of the shipped cities: they are no matter of a policy file."""
    return load_thresholds(load_policies()).thresholds
