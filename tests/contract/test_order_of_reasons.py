"""Of two faults the first in the contract's order is told: size, JSON, envelope, type, shape, region, source, category, agency, dates, amounts, duplicate."""

import copy
from collections.abc import Callable, Mapping
from itertools import combinations
from typing import Any

import orjson
import pytest

from schemas.catalogue import CLAIMS, IDENTITY_EVENTS
from schemas.envelope import VALUE_BYTES_MAX
from tests.contract.examples import bytes_of, city, event_of
from tests.contract.reading import CLAIM, GRANT, refusal

TOPICS = {CLAIM: CLAIMS, GRANT: IDENTITY_EVENTS}
Fault = Callable[[dict[str, Any]], None]
AFTER_SIZE_AND_JSON = {"too_large": lambda value: value.ljust(VALUE_BYTES_MAX + 1), "malformed_json": lambda value: value[:-9]}
"""Faults of the bytes."""


def setting(**data: Any) -> Fault:
    return lambda event: event["data"].update(data)


def attribute(**attributes: Any) -> Fault:
    return lambda event: event.update(attributes)


def region_unknown(event: dict[str, Any]) -> None:
    event["data"]["region"] = "hangzhou"


CLAIM_FAULTS: Mapping[tuple[str, str], Fault] = {
    ("invalid_event", "time"): attribute(time="today"),
    ("unknown_type", "type"): attribute(type="hospital.claim.submitted.v9"),
    ("invalid_event", "data.note"): setting(note=1),
    ("unknown_region", "data.region"): region_unknown,
    ("source_mismatch", "source"): attribute(source="/hospitals/Another"),
    ("invalid_dates", "data.discharge_date"): setting(discharge_date="2025-05-07"),
    ("invalid_amounts", "data.policy_scope_amount"): setting(policy_scope_amount="99999.00"),
}
GRANT_FAULTS: Mapping[tuple[str, str], Fault] = {
    ("invalid_event", "id"): attribute(id=""),
    ("unknown_type", "type"): attribute(type="identity.status.lent.v1"),
    ("invalid_event", "data.effective_date"): setting(effective_date="soon"),
    ("unknown_region", "data.region"): region_unknown,
    ("source_mismatch", "source"): attribute(source="/agencies/suzhou/trade-union"),
    ("unknown_category", "data.category"): setting(category="nobleman"),
    ("agency_not_competent", "data.category"): attribute(source="/agencies/lianyungang/trade-union"),
    ("invalid_dates", "data.birth_date"): setting(birth_date="2099-12-31"),
}
PAIRS = [
    (example, first, second)
    for example, faults in ((CLAIM, CLAIM_FAULTS), (GRANT, GRANT_FAULTS))
    for first, second in combinations([("too_large", "value"), ("malformed_json", "$"), *faults], 2)
    if {first[0], second[0]} != {"source_mismatch", "agency_not_competent"}  # both are of the one source
]


def faulty(example: str, *names: tuple[str, str]) -> bytes:
    """An example with several faults."""
    event = copy.deepcopy(event_of(example))
    for name in names:
        if name[0] not in AFTER_SIZE_AND_JSON:
            (CLAIM_FAULTS if example == CLAIM else GRANT_FAULTS)[name](event)
    value = orjson.dumps(event)
    for reason in ("malformed_json", "too_large"):
        if reason in {name[0] for name in names}:
            value = AFTER_SIZE_AND_JSON[reason](value)
    return value


@pytest.mark.parametrize(("example", "first", "second"), PAIRS, ids=lambda part: part if isinstance(part, str) else "-".join(part))
def test_of_two_faults_the_first_in_the_contracts_order_is_told(example: str, first: tuple[str, str], second: tuple[str, str]) -> None:
    assert refusal(TOPICS[example], faulty(example, first, second)) == first


@pytest.mark.parametrize("fault", [("too_large", "value"), ("malformed_json", "$"), *CLAIM_FAULTS], ids="-".join)
async def test_a_duplicate_is_told_last(fault: tuple[str, str]) -> None:
    place = await city()
    await place.send(CLAIMS, bytes_of(CLAIM)[0])
    event = faulty(CLAIM, fault).replace(b"18250.00", b"18251.00")
    written = [orjson.loads(out.value or b"{}") for out in await place.send(CLAIMS, event)]
    assert [out["data"]["reason"] for out in written if out["type"] == "deadletter.v1"] == [fault[0]]


async def test_a_refused_event_does_not_use_up_its_id() -> None:
    place = await city()
    await place.send(CLAIMS, faulty(CLAIM, ("invalid_amounts", "data.policy_scope_amount")))
    written = [orjson.loads(out.value or b"{}")["type"] for out in await place.send(CLAIMS, bytes_of(CLAIM)[0])]
    assert "settlement.completed.v1" in written
    assert "deadletter.v1" not in written
