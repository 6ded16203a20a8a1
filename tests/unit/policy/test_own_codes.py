"""Codes that a region declares: its claims may carry them, nobody else's may; what they do, worked out by hand; what a file must not say."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

import orjson
import pytest

from schemas.catalogue import CLAIM_TYPES, CLAIMS, RESULTS, dead_letters_of
from schemas.envelope import read_event
from schemas.hospital import ClaimSubmitted
from schemas.identity import TimelineUpdated
from schemas.own_codes import DECLARED
from schemas.settlement import SettlementResult
from services.identity.app import IdentityService
from services.policy.adjudicate import settle
from services.policy.declared import own_codes
from services.policy.dossier import dossier_of
from services.policy.entitlement import Interval, Status
from services.policy.explain import explain
from services.policy.explain_text import explanation_text
from services.policy.library import Policies
from services.policy.tree import PolicyError
from services.runtime.embedded import Embedded
from services.runtime.errors import Refused
from services.runtime.records import Record
from services.settlement.app import SettlementService
from tests.unit.policy.river import REGION, TEXT, claim, event, river, submitted, with_river

POLICIES = with_river()
SETTLEMENT = SettlementService(POLICIES)
SETTLED: Mapping[str, Any] = {"settlement.completed.v1": SettlementResult}
TIMELINE: Mapping[str, Any] = {"identity.timeline.updated.v1": TimelineUpdated}


def refused(data: Mapping[str, Any], service: SettlementService = SETTLEMENT) -> Refused:
    """Why a claim is refused."""
    with pytest.raises(Refused) as found:
        service.read(Record(CLAIMS, 0, 0, b"P1", submitted(data)))
    return found.value


def read(data: Mapping[str, Any]) -> ClaimSubmitted:
    """A claim as settlement reads it."""
    accepted: Any = SETTLEMENT.read(Record(CLAIMS, 0, 0, b"P1", submitted(data))).data
    assert isinstance(accepted, ClaimSubmitted)
    return accepted


def test_a_region_s_claim_may_carry_its_codes() -> None:
    """The dates are those of the kind that it is like; the conditions are a set, as ever."""
    visit = read(claim("C1", "emergency", "100.00", "2025-03-02", conditions=["burn", "als", "burn"]))
    assert (visit.is_stay, str(visit.date), visit.conditions) == (False, "2025-03-02", ("als", "burn"))
    stay = read(claim("C2", "day_surgery", "100.00", "2025-03-02", "2025-03-03"))
    assert (stay.is_stay, str(stay.first_date), str(stay.date)) == (True, "2025-03-02", "2025-03-03")


@pytest.mark.parametrize(
    ("data", "faults"),
    [
        (claim("C1", "emergency", "1.00", "2025-03-02", "2025-03-03"), ["service_date", "admission_date", "discharge_date"]),
        (claim("C1", "day_surgery", "1.00", "2025-03-02"), ["admission_date", "discharge_date", "service_date"]),
        (claim("C1", "day_surgery", "1.00", "2025-03-03", "2025-03-02"), ["discharge_date"]),
    ],
)
def test_the_dates_are_held_against_the_kind_that_it_is_like(data: Mapping[str, Any], faults: list[str]) -> None:
    found = refused(data)
    assert (found.reason, [fault.path for fault in found.faults]) == ("invalid_dates", [f"data.{name}" for name in faults])
    if len(faults) > 1:
        assert found.expected == f"a date, for visit_type is {'not ' if data['visit_type'] == 'emergency' else ''}like inpatient"


KINDS = "Input should be 'outpatient', 'outpatient_chronic', 'outpatient_special' or 'inpatient'"


@pytest.mark.parametrize("region", ["suzhou", "changchun", "nowhere", 7])
def test_elsewhere_they_are_refused_as_any_unknown_code(region: object) -> None:
    """The same reason, path and words as without River County; the shape is looked at before the region."""
    data = claim("C1", "emergency", "1.00", "2025-03-02", conditions=["burn"]) | {"region": region}
    found, before = refused(data), refused(data, SettlementService(Policies({"suzhou": POLICIES.current["suzhou"]})))
    assert found.reason == "invalid_event"
    assert found.faults == before.faults
    told = {fault.path: fault.expected for fault in found.faults}
    assert told["data.visit_type"] == KINDS
    assert told["data.conditions"].startswith("a list of: acute_necrotizing_pancreatitis, aids, als, ")
    assert "burn" not in told["data.conditions"]


def test_what_the_region_does_not_declare_is_refused_and_told_what_it_does() -> None:
    found = refused(claim("C1", "night_visit", "1.00", "2025-03-02", conditions=["frostbite", "flood-relief"]))
    told = {fault.path: fault.expected for fault in found.faults}
    assert found.reason == "invalid_event"
    assert told["data.visit_type"] == KINDS.replace(" or 'inpatient'", ", 'inpatient', 'emergency' or 'day_surgery'")
    assert told["data.conditions"].startswith("a list of: M00500, acute_necrotizing_pancreatitis, ")


def test_a_claim_read_by_itself_knows_the_contract_s_codes_alone() -> None:
    """Whoever reads others' events without the policies loosens nothing; what the ledger accepted is read whatever its region declares today."""
    data = claim("C1", "emergency", "1.00", "2025-03-02", conditions=["burn"])
    with pytest.raises(Refused):
        read_event(submitted(data), (), CLAIM_TYPES)
    assert ClaimSubmitted.accepted(data).visit_type == "emergency"
    for unfit in ("", "-x", "a b", "a/b", "x" * 65, 7, None, ["emergency"]):
        with pytest.raises(ValueError, match=r"visit_type|Input should be"):
            ClaimSubmitted.accepted(data | {"visit_type": unfit})
    assert re.fullmatch(DECLARED, "emergency")


async def settled(*data: Mapping[str, Any]) -> tuple[list[Any], list[Any], Any]:
    """The results of P1's claims, an extremely poor flood victim (classes A and B); what was refused; his timeline."""
    embedded = Embedded([IdentityService(POLICIES), SettlementService(POLICIES)], 1, keeps_records=True)
    await embedded.start()
    granted = (("flood_victim", "flood-relief", "2025-02-10"), ("extreme_poverty", "civil-affairs", "2025-02-20"))
    for number, (category, agency, day) in enumerate(granted):
        told = {"person_id": "P1", "region": REGION, "category": category, "effective_date": day}
        embedded.publish(
            "identity.events.v1", "P1", event("identity.status.granted.v1", f"g{number}", f"/agencies/{REGION}/{agency}", told)
        )
    await embedded.settle()
    for bill in data:
        embedded.publish(CLAIMS, "P1", submitted(bill))
    await embedded.settle()
    records = list(embedded.drain())
    results = [read_event(one.value, (), SETTLED, bytes_max=None) for one in records if one.topic == RESULTS]
    letters = [orjson.loads(one.value or b"")["data"] for one in records if one.topic == dead_letters_of(CLAIMS)]
    timelines = [one for one in records if one.topic == "identity.timelines.v1"]
    return results, letters, read_event(timelines[-1].value, (), TIMELINE, bytes_max=None).data


YEAR = (
    # February: class B alone. An emergency: 200.00 x 50%.
    (claim("C1", "emergency", "200.00", "2025-02-20"), "100.00", None),
    # Burns give 70%, more than B's 50 and A's 60: 100.00 x 70%. 100 + 70 of the 300 for emergencies.
    (claim("C2", "emergency", "100.00", "2025-02-21", conditions=["burn"]), "70.00", None),
    # An ordinary visit is covered by no rule: an emergency's rules are not its.
    (claim("C3", "outpatient", "100.00", "2025-02-22"), "0.00", "visit_type_not_covered"),
    # Day surgery from 28 February to 1 March: touched by class A, from 1 March on: 100%.
    (claim("C4", "day_surgery", "1000.00", "2025-02-28", "2025-03-01"), "1000.00", None),
    # An emergency on 28 February is touched by class B alone: 400.00 x 50% = 200.00, of which 300 - 170 are left.
    (claim("C5", "emergency", "400.00", "2025-02-28"), "130.00", None),
    # The emergency limit is used up; the limit of stays is another.
    (claim("C6", "emergency", "50.00", "2025-03-05"), "0.00", "limit_exhausted"),
    (claim("C7", "inpatient", "80.00", "2025-03-05", "2025-03-06"), "80.00", None),
    # Pneumoconiosis is taken out of stays.
    (claim("C8", "day_surgery", "80.00", "2025-03-08", "2025-03-08", conditions=["M00500"]), "0.00", "visit_type_not_covered"),
)


async def test_a_year_by_hand() -> None:
    """Each claim as worked out on paper; the fee is waived on emergencies."""
    results, letters, _ = await settled(*(data for data, _, _ in YEAR))
    told = [(one.data.wire()["assistance_amount"], one.data.reason) for one in results]
    assert told == [(amount, reason) for _, amount, reason in YEAR]
    assert letters == []
    newest = results[-1].data.wire()
    assert newest["counters"] == {"year": "1380.00", "emergencies": "300.00"}
    assert [one.data.visit_type for one in results] == [data["visit_type"] for data, _, _ in YEAR]
    (fee,) = [one.data for one in (await settled(claim("C9", "emergency", "9.00", "2025-02-20", consultation_fee="7.50")))[0]]
    assert fee.wire()["consultation_fee_waived"] == "7.50"


@pytest.mark.parametrize(("lang", "kind", "condition"), [("zh", "急诊", "烧伤"), ("en", "emergency visit", "burns")])
async def test_an_explanation_says_the_region_s_words(lang: Any, kind: str, condition: str) -> None:
    results, _, timeline = await settled(claim("C1", "emergency", "100.00", "2025-02-21", conditions=["burn"]))
    found = explain(POLICIES, dossier_of(POLICIES, results, timeline), "H1/C1")
    first = explanation_text(found, lang).splitlines()[1]
    assert (kind in first, condition in first, "emergency," in first) == (True, True, False)


FAULTS: Mapping[str, tuple[str, str, str]] = {
    "a kind of visit that nobody knows": (
        "visit_types: [inpatient, day_surgery]",
        "visit_types: [inpatient, surgery]",
        "benefits.1.when.visit_types",
    ),
    "a kind of a pool": ("visit_types: [emergency], limit_yuan", "visit_types: [urgent], limit_yuan", "pools.emergencies.visit_types"),
    "a kind of the fee": ("clause: art. 11, visit_types: [emergency]", "clause: art. 11, visit_types: [urgent]", "consultation_fee.visit_types"),
    "a condition that nobody knows": ("without_conditions: [M00500]", "without_conditions: [M00501]", "benefits.1.when.without_conditions"),
    "a condition of a rate": ("condition_percent: {burn:", "condition_percent: {scald:", "benefits.0.rate.condition_percent"),
    "an agency that nobody knows": (
        "certified_by: river-police, class: B, subsidy: none",
        "certified_by: police, class: B, subsidy: none",
        "categories.ferryman.certified_by",
    ),
    "an agency to be warned": ("audience: [civil-affairs, flood-relief]", "audience: [civil-affairs, police]", "early_warning.audience"),
    "a condition that nothing names": ("  burn: {zh", "  scald: {zh: 烫伤, en: scalds}\n  burn: {zh", "conditions.scald"),
    "a kind that nothing names": (
        "  emergency: {label",
        "  night: {label: {zh: 夜诊, en: night visit}, like: outpatient}\n  emergency: {label",
        "visit_kinds.night",
    ),
    "an agency that nothing names": ("  flood-relief: {zh", "  harbour: {zh: 港务, en: harbour office}\n  flood-relief: {zh", "agencies.harbour"),
    "one of the contract's": ("  burn: {zh", "  als: {zh: 渐冻症, en: ALS}\n  burn: {zh", "conditions.als"),
    "a word of the contract's other lists": ("  burn: {zh", "  referred: {zh: 转诊, en: referred}\n  burn: {zh", "conditions.referred"),
    "a code on two lists": ("  burn: {zh", "  emergency: {zh: 急症, en: emergency}\n  burn: {zh", "conditions.emergency"),
    "like what is none of the contract's": ("like: inpatient}", "like: day_surgery}", "visit_kinds.day_surgery.like"),
    "a code that is none": ("  burn: {zh", "  bad code: {zh: 烧伤, en: burns}\n  burn: {zh", "conditions.bad code"),
    "an agency twice": ("[flood-relief, civil-affairs]", "[flood-relief, flood-relief]", "categories.flood_victim.certified_by"),
    "no agency": ("[flood-relief, civil-affairs]", "[]", "categories.flood_victim.certified_by"),
    "two ends": (
        "  cross_agency_change: highest",
        "  cross_agency_change: highest\n  expires_at_year_end: {flood_victim: art. 3}",
        "categories.flood_victim.expires_after_months",
    ),
    "an end after no month": ("expires_after_months: 6", "expires_after_months: 0", "categories.flood_victim.expires_after_months"),
    "an effect that is none": (
        "grant_takes_effect: immediately, subsidy",
        "grant_takes_effect: at_once, subsidy",
        "categories.flood_victim.grant_takes_effect",
    ),
    "a figure of the whole premium": (
        "class: A, subsidy: full",
        "class: A, subsidy: full, subsidy_yuan: {2025-01-01: 1}",
        "categories.extreme_poverty.subsidy_yuan",
    ),
    "a figure of no subsidy": (
        "class: B, subsidy: none",
        "class: B, subsidy: none, subsidy_percent: {2025-01-01: 1}",
        "categories.ferryman.subsidy_percent",
    ),
    "a figure without a word": (
        "settles: figures_not_published",
        "settles: figures_not_published, subsidy_yuan: {2025-01-01: 1}",
        "categories.newcomer.subsidy_yuan",
    ),
    "an amount and a percentage": (
        "subsidy_yuan: {2025-01-01: 250, 2026-01-01: 260}",
        "subsidy_yuan: {2025-01-01: 250}, subsidy_percent: {2025-01-01: 50}",
        "categories.flood_victim.subsidy_percent",
    ),
    "a figure too late": (
        "subsidy_yuan: {2025-01-01: 250, 2026-01-01: 260}",
        "subsidy_yuan: {2026-01-01: 260}",
        "categories.flood_victim.subsidy_yuan",
    ),
    "a tier without a figure": (
        "{child: {2025-01-01: 60.5}, adult: {2025-01-01: 450}}",
        "{child: {2025-01-01: 60.5}}",
        "categories.boat_family.subsidy_yuan",
    ),
    "a tier that is none": (
        "{child: {2025-01-01: 60.5}, adult: {2025-01-01: 450}}",
        "{child: {2025-01-01: 60.5}, adult: {2025-01-01: 450}, elder: {2025-01-01: 1}}",
        "categories.boat_family.subsidy_yuan.elder",
    ),
    "a tier's figure too late": ("child: {2025-01-01: 60.5}", "child: {2025-02-01: 60.5}", "categories.boat_family.subsidy_yuan.child"),
    "a share above the whole": (
        "adult: {2025-01-01: 62.5}",
        "adult: {2025-01-01: 162.5}",
        "categories.low_income_margin.subsidy_percent.adult.2025-01-01",
    ),
    "a premium too late": ("premium_yuan: {2025-01-01: 100.25}", "premium_yuan: {2025-02-01: 100.25}", "premium_subsidy.tiers.child.premium_yuan"),
    "a tier that nobody comes to": ("age_at_most: 17, premium", "premium", "premium_subsidy.tiers.child"),
    "nobody's last tier": ("en: adults}, premium", "en: adults}, age_at_most: 120, premium", "premium_subsidy.tiers.adult.age_at_most"),
    "a tier within another": (
        "    adult: {label",
        "    infant: {label: {zh: 婴儿, en: infants}, age_at_most: 2, premium_yuan: {2025-01-01: 0}}\n    adult: {label",
        "premium_subsidy.tiers.infant.age_at_most",
    ),
}  # fmt: skip
"""What is said instead of what, and the key at fault."""


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_twin_is_refused_at_its_place(fault: str) -> None:
    old, new, path = FAULTS[fault]
    assert TEXT.count(old) == 1, old
    with pytest.raises(PolicyError) as found:
        river(TEXT.replace(old, new))
    told = str(found.value).splitlines()
    assert any(line.split(": ")[1] == path for line in told), told


def test_a_percentage_without_premiums_and_tiers_that_nobody_is_paid_by_are_refused() -> None:
    tiers = TEXT[TEXT.index("  tiers:\n") : TEXT.index("designated:")]
    with pytest.raises(PolicyError, match=r"categories\.low_income_margin\.subsidy_percent: a premium that it is a percentage of"):
        river(
            TEXT.replace(tiers, "").replace(
                "subsidy_percent: {child: {2025-01-01: 80}, adult: {2025-01-01: 62.5}}", "subsidy_percent: {2025-01-01: 70}"
            )
        )
    nobody = re.sub(r"subsidy: full", "subsidy: none", TEXT)
    nobody = re.sub(r", subsidy_(percent|yuan): \{child: .*?\}\}", "", nobody)
    with pytest.raises(PolicyError, match=r"premium_subsidy\.tiers: a category that is paid by tier"):
        river(nobody)


def test_two_files_of_a_region_agree_on_what_is_a_stay() -> None:
    """A code of either is the region's."""
    one = river(TEXT.replace("valid_to: null", "valid_to: 2025-12-31"))
    later = TEXT.replace("valid_from: 2025-01-01", "valid_from: 2026-01-01")
    own = own_codes({REGION: (one, river(later.replace("burn", "scald")))})
    assert own[REGION].conditions == {"burn", "scald", "M00500"}
    assert own[REGION].visit_kinds == {"emergency": False, "day_surgery": True}
    with pytest.raises(PolicyError, match=r"river-county: visit_kinds\.emergency\.like: a stay in every file"):
        own_codes({REGION: (one, river(later.replace("like: outpatient}", "like: inpatient}")))})


def test_a_kind_that_only_another_file_of_the_region_names_is_covered_by_no_rule_of_this_one() -> None:
    """Settled, and given nothing: an earlier edition of a file may not know it either."""

    status = Status(None, (Interval(REGION, "extreme_poverty", date(2025, 1, 1), None),))
    settlement = settle(river(), status, {}, ClaimSubmitted.accepted(claim("C1", "night_visit", "10.00", "2025-03-02")))
    assert settlement.reason == "visit_type_not_covered"
