"""Who may certify what: several agencies of one category, agencies of the region's own, and a room for each of them."""

from collections.abc import Mapping
from typing import Any

import pytest

from schemas.catalogue import IDENTITY_EVENTS
from services.identity.app import IdentityService
from services.policy.declared import agencies_of
from services.runtime.errors import Refused
from services.runtime.records import Record
from tests.unit.policy.river import REGION, event, with_river

POLICIES = with_river()
SERVICE = IdentityService(POLICIES)


def sent(kind: str, agency: str, data: Mapping[str, Any], region: str = REGION) -> tuple[str, list[tuple[str, str]]]:
    """How an agency's event is read: the reason of its refusal, empty where it is taken, and the faults."""
    told = {"person_id": "P1", "region": region, **data}
    try:
        SERVICE.read(Record(IDENTITY_EVENTS, 0, 0, b"P1", event(f"identity.{kind}.v1", "1", f"/agencies/{region}/{agency}", told)))
    except Refused as refused:
        return refused.reason, [(fault.path, fault.expected) for fault in refused.faults]
    return "", []


def granted(agency: str, category: str, region: str = REGION) -> tuple[str, list[tuple[str, str]]]:
    return sent("status.granted", agency, {"category": category, "effective_date": "2025-03-01"}, region)


def changed(agency: str, before: str, after: str) -> tuple[str, list[tuple[str, str]]]:
    return sent("status.changed", agency, {"from_category": before, "to_category": after, "effective_date": "2025-03-01"})


@pytest.mark.parametrize("agency", ["flood-relief", "civil-affairs"])
def test_each_of_several_agencies_certifies_by_itself(agency: str) -> None:
    assert granted(agency, "flood_victim") == ("", [])
    revoked = {"category": "flood_victim", "effective_date": "2025-03-01", "reason": "ordinary"}
    assert sent("status.revoked", agency, revoked) == ("", [])


def test_another_agency_is_told_who_does() -> None:
    assert granted("river-police", "flood_victim") == (
        "agency_not_competent",
        [("data.category", "to be certified by flood-relief or civil-affairs")],
    )
    assert granted("trade-union", "extreme_poverty") == ("agency_not_competent", [("data.category", "to be certified by civil-affairs")])


def test_a_change_is_for_an_agency_that_certifies_both() -> None:
    assert changed("civil-affairs", "flood_victim", "low_income_margin") == ("", [])
    assert changed("flood-relief", "low_income_margin", "flood_victim") == ("", [])
    assert changed("flood-relief", "flood_victim", "extreme_poverty") == (
        "agency_not_competent",
        [("data.to_category", "to be certified by civil-affairs")],
    )
    assert changed("river-police", "flood_victim", "extreme_poverty")[1] == [
        ("data.from_category", "to be certified by flood-relief or civil-affairs"),
        ("data.to_category", "to be certified by civil-affairs"),
    ]


def test_an_agency_of_the_region_s_own_is_one_there_alone() -> None:
    """Elsewhere it is refused as any unknown one, and the words do not name it."""
    contract = "civil-affairs, disabled-persons-federation, healthcare-security, rural-revitalization, trade-union, veterans-affairs"
    assert granted("river-police", "ferryman") == ("", [])
    assert granted("river-police", "orphan", "suzhou") == ("agency_not_competent", [("source", f"one of the agencies {contract}")])
    reason, ((path, expected),) = granted("harbour-office", "ferryman")
    assert (reason, path) == ("agency_not_competent", "source")
    assert expected == "one of the agencies " + ", ".join(sorted([*contract.split(", "), "flood-relief", "river-police"]))


def test_applications_are_for_healthcare_security_as_ever() -> None:
    approved = {"category": "flood_victim", "applied_on": "2025-03-01", "from": "2025-01-01", "to": "2025-03-01"}
    assert sent("application.approved", "healthcare-security", approved) == ("", [])
    assert sent("application.approved", "flood-relief", approved)[1] == [("source", "to be certified by healthcare-security")]


def test_a_timeline_has_room_for_every_agency_there_is() -> None:
    """Six of each region, and two more of this one."""
    counts = {region: len(agencies_of(POLICIES.current, region)) for region in POLICIES.current}
    assert counts == {"changchun": 6, "lianyungang": 6, "suzhou": 6, "wuxi": 6, REGION: 8}
