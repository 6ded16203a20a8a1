"""A claim's content: equal for the same bill whichever version of ours accepts it, so that a new optional field makes no old redelivery a conflict."""

import hashlib
from typing import Any

import orjson
import pytest

from schemas.content import FIRST, LATER, content_hash
from schemas.hospital import ClaimSubmitted

BILL: dict[str, Any] = {
    "person_id": "P1", "claim_id": "C1", "hospital_id": "H1", "region": "lianyungang", "visit_type": "inpatient", "admission_date": "2025-03-01",
    "discharge_date": "2025-03-09", "insurance_type": "resident", "total_amount": "12000.00", "policy_scope_amount": "10000.00",
    "basic_paid": "6000.00", "critical_illness_paid": "500.00",
}  # fmt: skip
BY_HAND = (
    b'{"above_basic_cap_amount":"0.00","admission_date":"2025-03-01","basic_paid":"6000.00","claim_id":"C1","conditions":[],"consultation_fee":"0.00",'
    b'"critical_illness_paid":"500.00","discharge_date":"2025-03-09","hospital_id":"H1","in_county":true,"in_province":true,"insurance_type":"resident",'
    b'"other_paid":"0.00","payment_method":"itemised","person_id":"P1","policy_scope_amount":"10000.00","referral":"local","region":"lianyungang",'
    b'"total_amount":"12000.00","visit_type":"inpatient"}'
)
"""What the first version hashed: names in order, defaults filled in, what is not given left out."""


class NextClaim(ClaimSubmitted):
    """A claim of a version to come."""

    ward: str | None = None
    nights_free: int = 0


NEXT = {**LATER, "ward": None, "nights_free": 0}


def test_the_list_names_every_field_of_a_claim_once() -> None:
    """A field that is in no list would change the hash of every bill: put it at the end of `LATER`, with its default."""
    assert len({*FIRST, *LATER}) == len(FIRST) + len(LATER)
    assert {*FIRST, *LATER} == set(ClaimSubmitted.model_fields)


def test_what_stands_for_not_given_is_what_a_claim_has_that_does_not_give_it() -> None:
    claim = ClaimSubmitted.model_validate(BILL).wire()
    assert {name: claim.get(name) for name in LATER} == LATER


def test_an_old_bill_has_the_hash_that_the_first_version_gave_it() -> None:
    expected = hashlib.blake2b(BY_HAND, digest_size=12).hexdigest()
    assert expected == "bd5043d208a70020ac13bdfd"
    assert ClaimSubmitted.model_validate(BILL).content_hash == expected


def test_a_field_that_a_later_version_knows_changes_no_bill_that_does_not_give_it() -> None:
    old = ClaimSubmitted.model_validate(BILL).content_hash
    for again in ({}, {"ward": None}, {"nights_free": 0}):
        assert content_hash(NextClaim.model_validate(BILL | again).wire(), NEXT) == old


@pytest.mark.parametrize("given", [{"ward": "7B"}, {"nights_free": 1}, {"ward": "7B", "nights_free": 1}, {"total_amount": "12000.01"}])
def test_a_field_that_is_given_counts(given: dict[str, Any]) -> None:
    old, new = NextClaim.model_validate(BILL), NextClaim.model_validate(BILL | given)
    assert content_hash(new.wire(), NEXT) != content_hash(old.wire(), NEXT)


def test_a_claim_of_a_later_version_is_read_from_the_ledger_without_what_is_new() -> None:
    newer = NextClaim.model_validate(BILL | {"ward": "7B"}).wire()
    assert ClaimSubmitted.accepted(orjson.loads(orjson.dumps(newer))) == ClaimSubmitted.model_validate(BILL)
