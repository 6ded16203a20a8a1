"""A made-up year: the same for the same seed, as the contract has it, and with everything in it that a city can give."""

import hashlib
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import accumulate, pairwise
from random import Random
from typing import Any, get_args

import orjson
import pytest

from schemas.catalogue import ADMISSION_TYPES, CLAIM_TYPES, CLAIMS, IDENTITY_EVENTS, STATUS_TYPES
from schemas.codes import VisitType
from schemas.envelope import CloudEvent, read_event
from schemas.hospital import ClaimSubmitted, check_dates
from schemas.refusal import Reason, Refused
from schemas.times import instant_ns, local_day
from services.identity.app import IdentityService
from services.runtime.records import Record
from services.settlement.app import SettlementService
from services.settlement.domain import check_amounts
from services.synthetic import generate
from services.synthetic.faults import FAULTS, Breaking
from services.synthetic.probe import Casebook
from services.synthetic.script import Script
from services.synthetic.stage import Stage
from services.synthetic.world import city_of
from tests.unit.synthetic.made_up_cities import (
    FIFTH,
    KINDS,
    PERSONS,
    POOLS,
    REASONS,
    REGIONS,
    YEAR,
    lines_of,
    place_of,
    policies,
    policy_of,
    settled,
)

every_region = pytest.mark.parametrize("region", REGIONS)
EVERY_TYPE: dict[str, Any] = {**STATUS_TYPES, **ADMISSION_TYPES, **CLAIM_TYPES}


def digest(lines: Iterator[bytes]) -> str:
    return hashlib.sha256(b"\n".join(lines)).hexdigest()


@every_region
def test_same_seed_same_bytes(region: str) -> None:
    policy = policy_of(region)
    one, again, other = (digest(generate(policy, 60, seed)) for seed in (3, 3, 4))
    assert one == again
    assert one != other


def test_another_process_makes_the_same_bytes() -> None:
    """No order of a set of texts, which differs from process to process, comes into it."""
    program = (
        "from hashlib import sha256; from tests.unit.synthetic.made_up_cities import policy_of; from services.synthetic import generate;"
        f"print(sha256(b'\\n'.join(generate(policy_of('{FIFTH}'), 400, 5))).hexdigest())"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    found = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == digest(generate(policy_of(FIFTH), 400, 5))


@pytest.mark.parametrize("persons", [1, 2, 30])
def test_a_small_city_is_one_too(persons: int) -> None:
    lines = [line for line in generate(policy_of(FIFTH), persons, 1) if _refusal(line) is None]
    assert 1 <= len({orjson.loads(line)["data"]["person_id"] for line in lines}) <= persons


def test_a_city_without_people_is_none() -> None:
    with pytest.raises(ValueError, match="one person"):
        next(generate(policy_of("suzhou"), 0, 1))


@pytest.mark.parametrize("year", [2022, 2024, 2031])
def test_any_year_can_be_made_up(year: int) -> None:
    """Also one before a decree held, a leap year, and one after it ended."""
    days = [line for line in generate(policy_of("suzhou"), 400, 1, year) if f'"{year}-'.encode() in line]
    assert len(days) > 1_000


@every_region
def test_what_should_be_accepted_is_valid(region: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By shape, dates and amounts."""
    monkeypatch.setattr("services.synthetic.year.break_some", lambda stage, count: None)
    kinds: Counter[str] = Counter()
    for line in generate(policy_of(region), PERSONS, 7, YEAR):
        event: CloudEvent[Any] = read_event(line, (), EVERY_TYPE)
        kinds[event.type] += 1
        if isinstance(event.data, ClaimSubmitted):
            check_dates(event.data, local_day(event.time_ns))
            check_amounts(policies(), event.data)
    assert kinds.keys() == EVERY_TYPE.keys()


def _refusal(line: bytes) -> str | None:
    """Why a service would refuse a line without knowing any other."""
    topic, _key = place_of(line)
    services: dict[str, Any] = {CLAIMS: SettlementService, IDENTITY_EVENTS: IdentityService}
    service = services.get(topic, IdentityService)(policies())
    try:
        service.read(Record(topic, 0, 0, None, line))
    except Refused as refused:
        return refused.reason
    return None


@every_region
@pytest.mark.parametrize(("reason", "breaking"), [(reason, way) for reason, ways in FAULTS.items() for way in ways])
def test_a_fault_is_refused_for_its_reason(region: str, reason: Reason, breaking: Breaking) -> None:
    casebook = Casebook({}, {}, {}, "", "", ())
    stage = Stage(Script(city_of(policy_of(region), YEAR), Random(1)), casebook)
    stage.script.person()
    for _ in range(3):
        assert _refusal(breaking(stage)) == reason


def test_faults_exist_for_every_reason_that_one_record_can_give() -> None:
    """Contradictory duplicates need two records, `processing_failed` a fault of ours."""
    assert set(FAULTS) == set(get_args(Reason)) - {"conflicting_duplicate", "processing_failed"}


@every_region
def test_lines_arrive_as_they_were_made_but_for_late_ones(region: str) -> None:
    times = [instant_ns(orjson.loads(line)["time"]) for line in lines_of(region) if _refusal(line) is None]
    hour, month = 3_600 * 10**9, 30 * 86_400 * 10**9
    in_order = sum(later >= earlier - hour for earlier, later in pairwise(times))
    assert in_order > 0.8 * len(times)
    assert sum(newest - time > month for newest, time in zip(accumulate(times, max), times, strict=True)) > 50


@every_region
def test_a_year_has_every_outcome(region: str) -> None:
    year = settled(region)
    assert year.types["settlement.completed.v1"] >= 5_000
    assert len(year.last) == year.types["settlement.completed.v1"]
    assert year.types["settlement.adjusted.v1"] >= 20
    assert year.types["settlement.reversed.v1"] >= 20
    assert year.types["identity.premium_subsidy.due.v1"] >= 500
    assert year.types["identity.admission.assessed.v1"] >= 100
    outcomes = Counter(result["outcome"] for result in year.last.values())
    assert outcomes["assisted"] > 0.3 * outcomes.total()


@every_region
def test_a_year_has_every_reason_and_no_other(region: str) -> None:
    found = {result["reason"] for result in settled(region).last.values() if result["outcome"] == "not_assisted"}
    assert found == REASONS[region]


@every_region
def test_a_year_has_every_component_kind_and_limit(region: str) -> None:
    components = [component for result in settled(region).last.values() for component in result["components"]]
    assert {component["kind"] for component in components} == KINDS[region]
    assert {component["limited_by"] for component in components} - {None} == POOLS[region]


@every_region
def test_a_year_has_every_refusal_for_one_record_in_a_hundred(region: str) -> None:
    refused = settled(region).refused
    assert set(refused) == set(get_args(Reason)) - {"processing_failed"}
    assert 0.005 < refused.total() / len(lines_of(region)) < 0.02


@every_region
def test_a_year_has_every_category_visit_and_policy_condition(region: str) -> None:
    results = settled(region).last.values()
    city = city_of(policy_of(region), YEAR)
    assert {result["category"] for result in results} - {None} == set(city.categories)
    assert {result["visit_type"] for result in results} == set(get_args(VisitType))
    assert {condition for result in results for condition in result["claim"]["conditions"]} >= set(city.conditions)


@every_region
def test_statuses_end_in_every_way(region: str) -> None:
    """Losses of every cause, in stays too; money comes back."""
    results = settled(region).results
    assert any(result["delta"].startswith("-") and result["outcome"] != "reversed" for result in results)
    assert any(not result["delta"].startswith("-") and result["delta"] != "0.00" and result["revision"] for result in results)
    events = [orjson.loads(line) for line in lines_of(region) if _refusal(line) is None]
    reasons = {event["data"]["reason"] for event in events if event["type"] == "identity.status.revoked.v1"}
    assert reasons == {"ordinary", "fraud", "death"}


@every_region
def test_a_hospital_leaves_too_much_to_its_patients(region: str) -> None:
    """At least 20 assisted stays in the county, of whose policy-scope amount patients paid more than a tenth."""
    stays: dict[str, list[tuple[int, int]]] = {}
    for result in settled(region).last.values():
        claim = result["claim"]
        if result["outcome"] == "assisted" and claim["visit_type"] == "inpatient" and claim["in_county"]:
            shares = stays.setdefault(result["hospital_id"], [])
            shares.append((fen(result["personal_burden"]), fen(claim["policy_scope_amount"])))
    ratios = [sum(own for own, _ in shares) / sum(scope for _, scope in shares) for shares in stays.values() if len(shares) >= 20]
    assert max(ratios) > 0.10


@every_region
def test_people_outside_assistance_are_ruined_and_stays_overlap(region: str) -> None:
    results = list(settled(region).last.values())
    burdens: Counter[str] = Counter()
    for result in results:
        if result["reason"] == "no_entitlement" and result["year"] == YEAR:
            burdens[result["person_id"]] += fen(result["personal_burden"])
    assert max(burdens.values()) > 2 * 26_000_00
    stays = sorted(_stays(results))
    overlaps = sum(one[0] == other[0] and other[1] < one[2] and one[1] < other[2] for one, other in pairwise(stays))
    assert overlaps >= 1


def _stays(results: list[dict[str, Any]]) -> Iterator[tuple[str, date, date]]:
    for result in results:
        claim = result["claim"]
        if claim["visit_type"] == "inpatient" and result["outcome"] != "reversed":
            first, last = (date.fromisoformat(claim[name]) for name in ("admission_date", "discharge_date"))
            assert first <= last < date(YEAR + 1, 2, 1)
            assert last - first < timedelta(days=40)
            yield result["person_id"], first, last


def fen(yuan: str) -> int:
    whole, _, cents = yuan.partition(".")
    return int(whole) * 100 + int(cents)
