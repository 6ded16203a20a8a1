"""Each example behaves as its name says: with the real services, and against the JSON Schema beside it."""

from typing import Any

import jsonschema
import orjson
import pytest

from schemas.catalogue import AUDIT, INPUTS, TYPES_BY_TOPIC, dead_letters_of
from schemas.documents import all_types, is_input
from schemas.generate import JSON
from schemas.topics import load_topics
from services.runtime.home import home_of
from services.runtime.records import Record
from tests.contract import outputs
from tests.contract.examples import (
    FOLDER,
    PARTITIONS,
    Refused,
    accepted,
    bytes_of,
    city,
    event_of,
    key_of,
    readers_of,
    record,
    refused,
)

EMPTY = {
    "hospital.claims.v1.dlq.dlq": "a dead letter is never refused; only a mistake of ours would be set aside",
}
"""Topics on which nothing is shown, and why."""

REFUSALS = {
    "identity.status.granted.v1": {"unknown_category", "agency_not_competent", "invalid_dates", "conflicting_duplicate"},
    "identity.status.revoked.v1": {"unknown_category", "agency_not_competent", "conflicting_duplicate"},
    "identity.status.changed.v1": {"unknown_category", "agency_not_competent", "conflicting_duplicate"},
    "identity.status.voided.v1": {"agency_not_competent", "conflicting_duplicate"},
    "identity.application.approved.v1": {"unknown_category", "agency_not_competent", "invalid_dates", "conflicting_duplicate"},
    "hospital.admission.opened.v1": {"conflicting_duplicate"},
    "hospital.admission.closed.v1": {"invalid_dates", "conflicting_duplicate"},
    "hospital.claim.submitted.v1": {"invalid_dates", "invalid_amounts", "conflicting_duplicate"},
    "hospital.claim.reversed.v1": {"conflicting_duplicate"},
    "operator.readjudication.requested.v1": set(),
    "monitoring.action.acknowledged.v1": set(),
    "monitoring.action.assigned.v1": set(),
    "monitoring.action.commented.v1": set(),
    "monitoring.action.closed.v1": set(),
}
"""The reasons that can meet an event type, besides those that meet every one."""

ANY = {"too_large", "malformed_json", "invalid_event", "unknown_type", "unknown_region", "source_mismatch"}

BEYOND_SCHEMA = {"same_category", "another_subject", "three_decimals", "too_many_digits", "time_without_offset", "unknown_condition"}
"""Faults that the JSON Schema cannot see: two fields compared, decimals (multipleOf is tested in floats), formats it need not check, codes that some region
might declare."""

NEXT = {
    "identity.events.v1": ("identity.status.granted.v1/extreme_poverty", "identity.timeline.updated.v1"),
    "hospital.admissions.v1": ("hospital.admission.opened.v1/not_referred", "identity.admission.assessed.v1"),
    "hospital.claims.v1": ("hospital.claim.submitted.v1/smallest", "settlement.completed.v1"),
    "operator.events.v1": ("hospital.claim.submitted.v1/smallest", "settlement.completed.v1"),
    "monitoring.actions.v1": ("hospital.claim.submitted.v1/large_bill", "monitoring.warning.raised.v1"),
    "identity.timelines.v1": ("hospital.claim.submitted.v1/smallest", "settlement.completed.v1"),
    "settlement.waiting.v1": ("hospital.claim.submitted.v1/large_bill", "monitoring.warning.raised.v1"),
    "settlement.results.v1": ("hospital.claim.submitted.v1/large_bill", "monitoring.warning.raised.v1"),
    "monitoring.hospitals.v1": ("hospital.claim.submitted.v1/large_bill", "monitoring.warning.raised.v1"),
}
"""A good event for the lane that has just refused one, and what must come of it."""


def validator(kind: str) -> jsonschema.Draft202012Validator:
    schema = orjson.loads((JSON / f"{kind}.json").read_bytes())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())


@pytest.mark.parametrize(("topic", "kind", "name"), list(accepted()), ids=lambda part: str(part))
def test_an_accepted_example_is_accepted(topic: str, kind: str, name: str) -> None:
    """By every service that reads it, by its model, and by the JSON Schema."""
    value = bytes_of(f"{kind}/{name}")[0]
    event = orjson.loads(value)
    assert event["type"] == kind
    validator(kind).validate(event)
    if not is_input(kind):
        all_types()[kind].model_validate(event["data"])
    for service in readers_of(topic):
        service.read(record(topic, value, key=(key_of(value) or "-").encode()))


@pytest.mark.parametrize("example", list(refused()), ids=str)
async def test_a_refused_example_is_refused_for_its_reason_and_the_next_record_settled(example: Refused) -> None:
    values = bytes_of(str(example))
    good, outcome = NEXT[example.topic]
    good_value = bytes_of(good)[0]
    lane = home_of(str(key_of(good_value)), PARTITIONS)
    place = await city()
    for value in values[:-1]:
        assert letters(await place.send(example.topic, value, partition=lane)) == []
    found = letters(await place.send(example.topic, values[-1], partition=lane))
    assert [letter["data"]["reason"] for letter in found] == [example.reason] * len(readers_of(example.topic))
    assert {letter["data"]["topic"] for letter in found} == {example.topic}
    assert {(letter["data"]["partition"], letter["data"]["offset"]) for letter in found} == {(lane, len(values) - 1)}
    topic = next(topic for topic in INPUTS if good.split("/")[0] in TYPES_BY_TOPIC[topic])
    after = await place.send(topic, good_value)
    assert letters(after) == []
    assert outcome in {orjson.loads(record.value or b"{}").get("type") for record in after}


def letters(records: list[Record]) -> list[dict[str, Any]]:
    """The dead letters among `records`, each on its topic."""
    found = [(record.topic, orjson.loads(record.value or b"{}")) for record in records if record.topic.endswith(".dlq")]
    assert all(topic == dead_letters_of(letter["data"]["topic"]) for topic, letter in found)
    return [letter for _, letter in found]


@pytest.mark.parametrize(
    "example", [example for example in refused() if example.reason == "invalid_event" and is_input(example.kind)], ids=str
)
def test_the_json_schema_refuses_what_the_service_finds_invalid(example: Refused) -> None:
    assert validator(example.kind).is_valid(orjson.loads(as_double(bytes_of(str(example))[0]))) == (example.name in BEYOND_SCHEMA)


def as_double(value: bytes) -> bytes:
    """JSON that a parser of doubles can read."""
    return value.replace(b"1e400", b"1e300")


def test_every_event_and_every_reason_that_can_meet_it_has_an_example() -> None:
    shown: dict[str, set[str]] = {kind: set() for kind in REFUSALS}
    for example in refused():
        shown.setdefault(example.kind, set()).add(example.reason)
    assert {kind: shown[kind] for kind in REFUSALS} == {kind: ANY | more for kind, more in REFUSALS.items()}
    assert set(REFUSALS) == {kind for topic in INPUTS for kind in TYPES_BY_TOPIC[topic]}
    assert {kind for _, kind, _ in accepted()} == set(all_types())


def test_every_topic_has_examples_or_a_reason_for_none() -> None:
    assert {name for name, topic in load_topics().items() if not topic.events and not topic.copies} == set(EMPTY)


def test_no_example_is_an_orphan() -> None:
    files = {str(path.relative_to(FOLDER).with_suffix("")) for path in FOLDER.rglob("*") if path.is_file()} - {"outputs"}
    assert files == {f"{kind}/{name}" for _, kind, name in accepted()} | {str(example) for example in refused()}


def test_the_smallest_too_large_example_is_one_byte_too_large() -> None:
    for example in refused():
        if example.reason == "too_large":
            assert len(bytes_of(str(example))[0]) == 256 * 1024 + 1


@pytest.mark.parametrize(("kind", "name", "steps"), list(outputs.wanted()), ids=lambda part: part if isinstance(part, str) else "")
async def test_an_example_of_ours_is_what_the_services_write(kind: str, name: str, steps: list[outputs.Step]) -> None:
    """But for the edition, a hash that every correction of a policy file changes."""
    assert without_edition(await outputs.made(kind, name, steps)) == without_edition(event_of(f"{kind}/{name}"))


def without_edition(event: dict[str, Any]) -> dict[str, Any]:
    if "edition" in event["data"]:
        return {**event, "data": {**event["data"], "edition": ""}}
    policy = event["data"].get("policy")
    return {**event, "data": {**event["data"], "policy": {**policy, "edition": ""}}} if policy else event


def test_every_example_of_ours_comes_from_a_run() -> None:
    """But for what people do at the console's pages, of which the audit tells: `tests/unit/console/test_audit.py`."""
    ours = {(kind, name) for topic, kind, name in accepted() if not is_input(kind) and topic != AUDIT}
    assert ours == {(kind, name) for kind, name, _ in outputs.wanted()}


def test_an_example_that_does_not_behave_would_be_found() -> None:
    """The schema sees a result whose amount is a number, and a granted status of a source that can be no agency."""
    result = event_of("settlement.completed.v1/inpatient")
    assert validator("settlement.completed.v1").is_valid(result)
    result["data"]["assistance_amount"] = 1750.0
    assert not validator("settlement.completed.v1").is_valid(result)
    grant = event_of("identity.status.granted.v1/low_income_margin") | {"source": "/agencies/lianyungang/-"}
    assert not validator("identity.status.granted.v1").is_valid(grant)
