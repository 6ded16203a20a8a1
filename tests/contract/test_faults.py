"""A refusal tells all faults of its stage, and how to mend them; nothing of later stages, and no value."""

from typing import Any

import orjson
import pytest

from schemas.catalogue import CLAIMS, IDENTITY_EVENTS, dead_letters_of
from schemas.deadletters import DeadLetter
from schemas.refusal import FAULTS_MAX, Refused
from tests.contract.examples import accepted, bytes_of, city, event_of
from tests.contract.reading import CLAIM, altered, changed, read


def faults(value: bytes | None, headers: tuple[tuple[str, Any], ...] = ()) -> tuple[str, list[str]]:
    """Reason, and the path of each fault."""
    with pytest.raises(Refused) as caught:
        read(CLAIMS, value, headers)
    assert caught.value.faults[0] == (caught.value.field, caught.value.expected)
    return caught.value.reason, [fault.path for fault in caught.value.faults]


def test_all_faults_of_the_envelope_are_told() -> None:
    value = altered(CLAIM, specversion="0.3", id="", source=7, time="today", subject="\n")
    assert faults(value) == ("invalid_event", ["specversion", "id", "source", "time", "subject"])


def test_those_of_data_are_told_with_them_where_the_type_is_known() -> None:
    event = event_of(CLAIM) | {"time": "today"}
    event["data"] |= {"person_id": "null", "total_amount": "", "note": 1, "district": "\x1b"}
    assert faults(orjson.dumps(event)) == ("invalid_event", ["time", "data.total_amount", "data.note", "data.person_id", "data.district"])
    assert faults(orjson.dumps(event | {"type": "other"})) == ("invalid_event", ["time"])
    assert faults(orjson.dumps(event | {"time": "2025-05-20T16:40:00Z", "type": "other"})) == ("unknown_type", ["type"])


def test_both_categories_of_a_change_are_told() -> None:
    change = "identity.status.changed.v1/to_subsistence_allowance"
    for source, categories, reason in [
        ("civil-affairs", {"from_category": "nobleman", "to_category": "beggar"}, "unknown_category"),
        ("trade-union", {}, "agency_not_competent"),
    ]:
        event = event_of(change) | {"source": f"/agencies/{event_of(change)['data']['region']}/{source}"}
        event["data"] |= categories
        with pytest.raises(Refused) as caught:
            read(IDENTITY_EVENTS, orjson.dumps(event))
        assert (caught.value.reason, [fault.path for fault in caught.value.faults]) == (reason, ["data.from_category", "data.to_category"])


def test_both_days_of_an_application_are_told() -> None:
    name = next(name for topic, kind, name in accepted() if kind == "identity.application.approved.v1")
    with pytest.raises(Refused) as caught:
        read(
            IDENTITY_EVENTS,
            changed(f"identity.application.approved.v1/{name}", **{"from": "2025-02-01", "to": "2025-01-01", "applied_on": "2090-01-01"}),
        )
    assert (caught.value.reason, [fault.path for fault in caught.value.faults]) == ("invalid_dates", ["data.to", "data.applied_on"])


def test_all_dates_and_all_amounts_at_fault_are_told_each_in_its_stage() -> None:
    stay = {"admission_date": "2025-05-21", "discharge_date": "2025-05-19", "service_date": "2025-05-19", "birth_date": "2031-01-01"}
    of_dates = ["data.service_date", "data.discharge_date", "data.admission_date", "data.birth_date"]
    assert faults(changed(CLAIM, **stay, policy_scope_amount="99999.00")) == ("invalid_dates", of_dates)
    amounts = {"policy_scope_amount": "20000.00", "basic_paid": "30000.00"}
    assert faults(changed(CLAIM, **amounts)) == ("invalid_amounts", ["data.policy_scope_amount", "data.basic_paid"])


@pytest.mark.parametrize(("born", "refused"), [("2025-05-08", False), ("2025-05-09", True), ("2025-05-20", True), ("2025-05-21", True)])
def test_nobody_is_born_after_the_first_day_of_the_visit(born: str, refused: bool) -> None:
    """The stay began on 2025-05-08, its event is of 2025-05-20. Told once, also where the birth lies after the event."""
    if refused:
        assert faults(changed(CLAIM, birth_date=born)) == ("invalid_dates", ["data.birth_date"])
    else:
        assert read(CLAIMS, changed(CLAIM, birth_date=born)).data.birth_date.isoformat() == born


def test_of_very_many_faults_the_first_fifty_are_told() -> None:
    with pytest.raises(Refused, match=r"^data\.n0: no such field \(and 79 more\)$") as caught:
        read(CLAIMS, changed(CLAIM, **{f"n{number}": 1 for number in range(80)}))
    assert len(caught.value.faults) == FAULTS_MAX == 50


@pytest.mark.parametrize(
    ("amount", "is_refund"), [(-1, True), ("-12.50", True), (-0.5, True), ("-", False), ("", False), ("12,5", False), ("-0", False)]
)
def test_an_amount_below_zero_speaks_of_a_reversal(amount: object, is_refund: bool) -> None:
    with pytest.raises(Refused) as caught:
        read(CLAIMS, changed(CLAIM, consultation_fee=amount))
    assert ("hospital.claim.reversed.v1" in str(caught.value)) == is_refund


async def test_a_letter_carries_the_faults_and_one_from_before_is_still_read() -> None:
    place = await city()
    letters = [out for out in await place.send(CLAIMS, changed(CLAIM, total_amount="", note=1)) if out.topic == dead_letters_of(CLAIMS)]
    data = orjson.loads(letters[0].value or b"")["data"]
    told = DeadLetter.model_validate(data)
    assert [fault.path for fault in told.faults] == ["data.total_amount", "data.note"]
    assert data["detail"] == f"{told.faults[0].path}: {told.faults[0].expected} (and 1 more)"
    del data["faults"]
    assert DeadLetter.model_validate(data).faults == []


async def test_a_corrected_bill_under_a_used_key_is_told_to_take_a_new_one() -> None:
    place = await city()
    await place.send(CLAIMS, bytes_of(CLAIM)[0])
    letters = [out for out in await place.send(CLAIMS, changed(CLAIM, total_amount="18251.00")) if out.topic == dead_letters_of(CLAIMS)]
    assert "a corrected bill is sent under a new claim_id" in orjson.loads(letters[0].value or b"")["data"]["detail"]
