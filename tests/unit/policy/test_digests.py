"""The edition digests what settles and nothing else: each key of the model is changed, in every city's file, and held against what claims then get.

A key that is new to the model fails here until it is put among those that settle (with a claim that shows it) or those beside.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args, get_origin

import pytest

from schemas.hospital import ClaimSubmitted
from services.policy.adjudicate import adjudicate, claim_year
from services.policy.benefits import Bar, Benefit, Excess, Group, Modifier, Pool, Rate, Reclass, VisitDeductible, When
from services.policy.editions import BESIDE, digest, settling, wording
from services.policy.entitlement import Status
from services.policy.library import load_policies
from services.policy.loader import Policy, load_policy
from services.policy.model import ClauseOnly, Entitlement, FeeWaiver, HospitalRatio, PolicyFile, SelfPay, ShareOfTotal, VisitKind
from services.policy.parts import Figure, Label, Part, PercentOf
from services.policy.people import Category
from services.policy.result import figures_data
from services.policy.standing import status_event
from services.policy.sums import kept_pools
from services.policy.timeline import runs

RIVER_COUNTY = Path(__file__).parent / "river_county.yaml"
CITIES = {region: files[0] for region, files in load_policies().current.items()}
CITIES["river-county"] = load_policy(RIVER_COUNTY.name, RIVER_COUNTY.read_text("utf-8"))
SETTLES: Mapping[type[Part], str] = {
    PolicyFile: "id status valid_from valid_to entitlement self_pay categories figures reclass bars pools groups benefits consultation_fee "
    "visit_kinds",
    Entitlement: "grant_takes_effect loss_takes_effect stay_coverage fraud_voids_stay death_grace change_in_stay cross_agency_change "
    "expires_at_year_end",
    SelfPay: "uninsured package stay_year rounding",
    ShareOfTotal: "percent",
    ClauseOnly: "",
    VisitKind: "",
    Category: "klass settles figures_until expires_after_months grant_takes_effect",
    FeeWaiver: "visit_types",
    Reclass: "klass becomes when",
    Bar: "reason when",
    Pool: "counts visit_types when claims_of limit_yuan",
    Group: "take",
    Benefit: "id kind clause when unless base deductible rate modifiers limited_by group replaced_by fixed_yuan times_a_year",
    VisitDeductible: "per yuan",
    PercentOf: "percent_of percent",
    Figure: "yuan",
    Excess: "sum over_yuan per",
    Rate: "class_percent condition_percent flat_percent take bands of",
    Modifier: "when percent counted applies",
    When: "classes visit_types insurance referral in_province conditions without_conditions age_at_most age_on applied limit_reached any_of "
    "in_county districts hospital_grades self_pay_over_yuan sum_over",
}
OF_OTHERS = frozenset({VisitDeductible, PercentOf, Figure})
"""Parts that none of the four cities has: tests/policy/test_grammar.py shows each of their keys."""

KEYS = [(part, key) for part, keys in SETTLES.items() for key in keys.split() if part not in OF_OTHERS]
BY_REFERENCE = frozenset({(Benefit, "id"), (PolicyFile, "figures"), (Rate, "of")})
"""Names, and what counts only where something beside it refers to it."""

BESIDES = [(part, key) for part, keys in BESIDE.items() for key in sorted(keys) if part not in OF_OTHERS]


class Change(NamedTuple):
    """A city's file with one key changed."""

    city: str
    part: type[Part]
    key: str
    file: PolicyFile


def test_every_key_is_classified() -> None:
    """Either it settles or it stands beside, in every part that what settles is made of."""
    assert {part: {*keys.split(), *BESIDE.get(part, ())} for part, keys in SETTLES.items()} == {
        part: {*part.model_fields} for part in SETTLES
    }
    assert not [(part, key) for part, keys in SETTLES.items() for key in keys.split() if key in BESIDE.get(part, ())]
    assert {type(part) for policy in CITIES.values() for part in _parts(policy.file)} <= SETTLES.keys()


@pytest.mark.parametrize(("part", "key"), KEYS, ids=lambda value: getattr(value, "__name__", value))
def test_a_key_that_settles_changes_the_edition_alone_and_a_claim_shows_that_it_settles(part: type[Part], key: str) -> None:
    """One of the made-up claims gets otherwise; and no change of the key leaves the edition as it was."""
    changes = list(_changes(part, key))
    assert [change for change in changes if _digests(change.file)[0] == _digests(CITIES[change.city].file)[0]] == []
    if (part, key) not in BY_REFERENCE:
        assert any(_settled_otherwise(change) for change in changes)


@pytest.mark.parametrize(("part", "key"), BESIDES, ids=lambda value: getattr(value, "__name__", value))
def test_a_key_beside_changes_the_wording_alone_and_no_claim(part: type[Part], key: str) -> None:
    """Neither the edition, nor what any made-up claim gets."""
    changes = list(_changes(part, key))
    assert changes
    for change in changes:
        edition, told = _digests(change.file)
        known = _digests(CITIES[change.city].file)
        assert (edition == known[0], told == known[1]) == (True, False), change.city
    assert not _settled_otherwise(changes[0])


def test_the_table_s_order_settles_and_other_orders_do_not() -> None:
    """Of equal categories the first is settled by; of visit types, conditions and pools only what is among them counts."""
    file = CITIES["changchun"].file
    turned = file.model_copy(update={"categories": dict(reversed(file.categories.items()))})
    assert _digests(turned)[0] != _digests(file)[0]
    assert _settled_otherwise(Change("changchun", PolicyFile, "categories", turned))
    pools = file.model_copy(update={"pools": dict(reversed(file.pools.items()))})
    bars = [bar.model_copy(update={"when": bar.when.model_copy(update={"referral": ("unreferred", "referred")})}) for bar in file.bars]
    one, other = (
        file.model_copy(update={"bars": tuple(bars)}),
        file.model_copy(
            update={
                "bars": tuple(
                    bar.model_copy(update={"when": bar.when.model_copy(update={"referral": ("referred", "unreferred")})}) for bar in bars
                )
            }
        ),
    )
    assert _digests(pools) == _digests(file)
    assert _digests(one) == _digests(other)


def test_the_expiry_s_clause_is_told_and_its_category_settles() -> None:
    """A mapping whose keys settle and whose values are for the reader."""
    file = CITIES["lianyungang"].file
    rules = file.entitlement
    reworded = file.model_copy(
        update={"entitlement": rules.model_copy(update={"expires_at_year_end": dict.fromkeys(rules.expires_at_year_end, "（九）")})}
    )
    assert (_digests(reworded)[0], _digests(reworded)[1] != _digests(file)[1]) == (_digests(file)[0], True)


def _digests(file: PolicyFile) -> tuple[str, str]:
    return digest(settling(file, {}, None)), digest(wording(file))


def _parts(value: Any) -> Iterator[Part]:
    """Every part that what settles is made of."""
    if isinstance(value, Part):
        yield value
        for key in type(value).model_fields.keys() - BESIDE.get(type(value), frozenset()):
            yield from _parts(getattr(value, key))
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _parts(item)
    elif isinstance(value, tuple):
        for item in value:
            yield from _parts(item)


def _changes(part: type[Part], key: str) -> Iterator[Change]:
    for city, policy in CITIES.items():
        yield from (Change(city, part, key, file) for file in _changed(policy.file, part, key))


def _changed(value: Any, part: type[Part], key: str) -> Iterator[Any]:
    """`value` with `key` of one of its parts of that type changed, in every way at hand."""
    if isinstance(value, part):
        annotation = part.model_fields[key].annotation
        for other in _others(getattr(value, key), annotation, key, key in BESIDE.get(part, ())):
            yield value.model_copy(update={key: other})
    if isinstance(value, Part):
        for name in type(value).model_fields:
            yield from (value.model_copy(update={name: other}) for other in _changed(getattr(value, name), part, key))
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from ({**value, name: other} for other in _changed(item, part, key))
    elif isinstance(value, tuple):
        for place, item in enumerate(value):
            yield from ((*value[:place], other, *value[place + 1 :]) for other in _changed(item, part, key))


WHERE_NONE: Mapping[str, tuple[Any, ...]] = {
    "figures_until": (date(2024, 3, 31),),
    "valid_to": (date(2024, 3, 31),),
    "settles": ("figures_not_published",),
    "klass": ("III",),
    "insurance": (("employee",),),
    "referral": (("local",),),
    "in_province": (False,),
    "classes": (("I",), ("A",)),
    "visit_types": (("outpatient",),),
    "without_conditions": (("tumour_radiochemotherapy",),),
    "age_at_most": (14,),
    "applied": (True,),
    "limit_reached": ("year",),
    "unless": (When(visit_types=("inpatient",)),),
    "deductible": ("deductible",),
    "group": ("tilt",),
    "uninsured": (ShareOfTotal(percent={date(2023, 1, 1): 50}, clause="x"),),
    "package": (ClauseOnly(clause="x"),),
    "consultation_fee": (FeeWaiver(clause="x", visit_types=("outpatient",)),),
    "flat_percent": ({date(2023, 1, 1): 9_000},),
    "class_percent": ({"I": {date(2023, 1, 1): 9_000}},),
    "condition_percent": ({"als": {date(2023, 1, 1): 10_000}},),
    "limit_yuan": ({"default": {date(2023, 1, 1): 50_000}},),
    "subsidy": ("full",),
    "hospital_ratio": (HospitalRatio(clause="x", limit_percent={date(2023, 1, 1): 10}, basis="personal_burden"),),
    "any_of": ((When(visit_types=("inpatient",)),),),
    "in_county": (False,),
    "districts": (("elsewhere",),),
    "hospital_grades": (("tertiary",),),
    "self_pay_over_yuan": ({date(2023, 1, 1): 5_000_00},),
    "sum_over": ({"year": {date(2023, 1, 1): 0}},),
    "when": (When(visit_types=("outpatient",)),),
    "claims_of": (None,),
    "figures": ({"income": Figure(label=Label(zh="x", en="x"), clause="x", yuan={date(2023, 1, 1): 5_000_00})},),
    "fixed_yuan": ({"default": {date(2023, 1, 1): 10_000}},),
    "times_a_year": (1,),
    "bands": ({0: 5_000},),
    "expires_at_year_end": ({"subsistence_allowance": "x"},),
    "replaced_by": (("direct",), ("inpatient",)),
    "becomes": ("II",),
    "visit_kinds": ({"emergency": VisitKind(label=Label(zh="急诊", en="emergency"), like="outpatient")},),
    "conditions": (("als",),),
    "agencies": ({"flood-relief": Label(zh="防汛救灾", en="flood relief")},),
    "expires_after_months": (1,),
    "grant_takes_effect": ("next_month",),
    "subsidy_yuan": ({date(2023, 1, 1): 20_000},),
    "subsidy_percent": ({date(2023, 1, 1): 5_000},),
}
"""What may stand where a file has nothing, or nothing of its own."""


def _others(value: Any, annotation: Any, key: str, is_beside: bool) -> Iterator[Any]:
    """Other values that could stand in the place of `value`."""
    fitting = [other for other in WHERE_NONE.get(key, ()) if not isinstance(value, Mapping) or isinstance(other, Mapping)]
    yield from (other for other in fitting if other != value and (not value or key == "becomes"))
    choices = list(_literals(annotation))
    match value:
        case bool():
            yield not value
        case int():
            yield value // 2
        case date():
            yield value + timedelta(days=200)
        case str() if choices:
            yield from (choice for choice in choices if choice != value)
        case str():
            yield value + "x"
        case tuple() if value:
            yield value[1:]
        case Mapping() if value:
            yield dict(list(value.items())[1:])
            if key != "expires_at_year_end":  # whose values are clauses
                yield from ({**value, name: other} for name, item in value.items() for other in _others(item, None, "", is_beside))
        case Part():
            keys = (
                type(value).model_fields
                if is_beside
                else [key for key in type(value).model_fields if key not in BESIDE.get(type(value), ())]
            )
            yield from (
                value.model_copy(update={name: other}) for name in keys for other in _others(getattr(value, name), None, name, is_beside)
            )


def _literals(annotation: Any) -> Iterator[Any]:
    """Every word of a closed list, however deep in the type it stands."""
    if get_origin(annotation) is Literal:
        yield from get_args(annotation)
    else:
        for inner in get_args(annotation):
            yield from _literals(inner)


@cache
def _settled(city: str) -> list[Any]:
    return list(_figures(CITIES[city]))


def _settled_otherwise(change: Change) -> bool:
    """Whether a made-up claim gets otherwise; a file that no claim can be settled by shows nothing."""
    known = CITIES[change.city]
    try:
        file = change.file.model_copy(update={"pools": {**change.file.pools, **kept_pools(change.file)}})
        changed = replace(known, file=file, _terms={}, _terms_of_day={}, _told={}, _digests={})
        return any(one != other for one, other in zip(_figures(changed), _settled(change.city), strict=True))
    except (AssertionError, KeyError, StopIteration, TypeError, ValueError):
        return False


def _figures(policy: Policy) -> Iterator[Any]:
    """What all made-up claims get under `policy`, for each made-up person."""
    for status in _statuses(policy):
        for series in CLAIMS:
            settlements = adjudicate(lambda _: policy, status, [(claim, False) for claim in series])
            for claim, settled in zip(series, settlements, strict=True):
                yield claim_year(policy, claim), figures_data(settled, None), dict(settled.counters)


def _statuses(policy: Policy) -> Iterator[Status]:
    """Persons with one status each, then with what the rules for losses, changes and several statuses need."""
    names = list(CITIES[policy.file.id if policy.file.id in CITIES else "changchun"].file.categories)
    one, two = "subsistence_allowance", "low_income_margin"
    for name in names:
        yield _person(policy, [("granted", name, "2022-01-01")])
    yield _person(
        policy,
        [
            ("granted", "subsistence_allowance", "2022-01-01"),
            ("granted", names[-2], "2022-01-01"),
            ("granted", "returned_to_poverty", "2022-01-01"),
        ],
    )
    yield _person(policy, [("granted", one, "2024-02-05")])
    for reason in ("ordinary", "fraud", "death"):
        yield _person(policy, [("granted", one, "2022-01-01"), ("revoked", one, "2024-02-04", reason)])
    yield _person(policy, [("granted", one, "2022-01-01"), ("changed", one, "2024-02-04", two)])
    yield _person(policy, [("granted", one, "2022-01-01"), ("revoked", one, "2024-02-04", "ordinary"), ("granted", two, "2024-02-04")])
    yield _person(policy, [("granted", "temporary_relief_patient", "2023-06-01")])


def _person(policy: Policy, told: list[tuple[str, ...]]) -> Status:
    region = policy.file.id
    events = []
    for number, (verb, category, day, *more) in enumerate(told):
        data = {"person_id": "P", "region": region, "category": category, "effective_date": day}
        if verb == "revoked":
            data["reason"] = more[0]
        if verb == "changed":
            data = {"person_id": "P", "region": region, "from_category": category, "to_category": more[0], "effective_date": day}
        events.append(status_event("/agencies/x/civil-affairs", str(number), f"identity.status.{verb}.v1", "2024-01-01T00:00:00Z", data))
    known = runs(lambda _region, _day: policy.file, events)
    return Status(date(2012, 1, 1), tuple(run.interval for run in known))


def _claim(number: int, day: date, **facts: Any) -> ClaimSubmitted:
    stay = facts["visit_type"] == "inpatient"
    days = {"admission_date": day - timedelta(days=6), "discharge_date": day} if stay else {"service_date": day}
    bill = {
        "total_amount": "20000",
        "policy_scope_amount": "16000",
        "basic_paid": "3000",
        "critical_illness_paid": "1000",
        "other_paid": "0",
    }
    who = {"claim_id": str(number), "hospital_id": "H", "person_id": "P", "region": "x", "insurance_type": "resident"}
    return ClaimSubmitted.accepted({**who, **bill, **{name: str(value) for name, value in days.items()}, **facts})


VISITS = ("outpatient", "outpatient_chronic", "outpatient_special", "inpatient", "emergency")
CONDITIONS = (
    (),
    ("als",),
    ("autism",),
    ("rare_disease",),
    ("tilt_chronic",),
    ("tumour_radiochemotherapy",),
    ("dialysis",),
    ("malignant_tumour",),
    ("rare_disease", "tumour_radiochemotherapy"),
)
DAYS = (date(2022, 6, 1), date(2023, 1, 3), date(2024, 2, 5), date(2024, 2, 20), date(2024, 6, 1), date(2031, 1, 2))


def _series() -> Iterator[list[ClaimSubmitted]]:
    """Years of claims: each by itself, and many in a row until every limit is reached."""
    applied = {"applied_on": "2024-01-01"}
    for number, (visit, conditions) in enumerate(product(VISITS, CONDITIONS)):
        yield [_claim(number, DAYS[4], visit_type=visit, conditions=conditions, **applied)]
    for visit in VISITS:
        yield [_claim(number, day, visit_type=visit) for number, day in enumerate(DAYS)]
        yield [
            _claim(number, DAYS[4], visit_type=visit, total_amount="90000", policy_scope_amount="90000", **applied) for number in range(6)
        ]
        for facts in (
            {"referral": "unreferred"},
            {"in_province": False},
            {"insurance_type": "none"},
            {"insurance_type": "employee", "above_basic_cap_amount": "1000"},
            {"above_basic_cap_amount": "1000"},
            {"payment_method": "package"},
            {"consultation_fee": "12"},
            {"birth_date": "1960-01-01", "conditions": ("autism",)},
            {"birth_date": "2008-03-01", "conditions": ("autism",)},
            {"policy_scope_amount": "4000.05", "basic_paid": "0.02", "total_amount": "4000.05"},
        ):
            yield [_claim(1, DAYS[4], **{"visit_type": visit, **applied, **facts})]


CLAIMS = list(_series())
