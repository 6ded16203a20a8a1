"""A schema may only change so that nobody breaks; each kind of break is found, in both directions, and nothing else is one."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from schemas import generate
from schemas.compatibility import breaks, breaks_readers, breaks_senders, read_schemas

CLAIM = "hospital.claim.submitted.v1"
RESULT = "settlement.completed.v1"
RELEASED = read_schemas(generate.RELEASED)
Change = Callable[[dict[str, Any]], Any]


def test_no_schema_changed_incompatibly_since_its_release() -> None:
    """If this fails: give the event type a new version, or take the change back. (`python -m schemas.generate --release` is for compatible ones.)"""
    assert breaks(RELEASED, read_schemas(generate.JSON)) == []


def test_there_is_a_release() -> None:
    assert {CLAIM, RESULT, "deadletter.v1"} <= set(RELEASED)


def model(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of `data`."""
    found: dict[str, Any] = schema["$defs"][schema["properties"]["data"]["$ref"].rpartition("/")[2]]
    return found


def field(schema: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = model(schema)["properties"][name]
    return found


def changed(kind: str, change: Change) -> dict[str, Any]:
    schema = copy.deepcopy(dict(RELEASED[kind]))
    change(schema)
    assert schema != RELEASED[kind]
    return schema


def nullable(schema: dict[str, Any], name: str) -> None:
    place = model(schema)["properties"]
    place[name] = {"anyOf": [place[name], {"type": "null"}]}


def never_null(schema: dict[str, Any], name: str) -> None:
    place = model(schema)["properties"]
    place[name] = place[name]["anyOf"][0]


WITHOUT_END = {"type": "string", "pattern": "^[a-z_]+$"}


def opened(listed: dict[str, Any], more: dict[str, Any]) -> None:
    """A list of codes, or something more."""
    listed["anyOf"] = [{"type": listed.pop("type"), "enum": listed.pop("enum")}, more]


SENDERS_BREAK: dict[str, tuple[Change, str]] = {
    "a new required field": (
        lambda s: (model(s)["properties"].update(ward={"type": "string"}), model(s)["required"].append("ward")),
        "$.data.ward is required",
    ),
    "an optional field is required": (lambda s: model(s)["required"].append("district"), "$.data.district is required"),
    "a field is gone": (lambda s: model(s)["properties"].pop("district"), "$.data.district is no longer accepted"),
    "a code is gone": (lambda s: field(s, "visit_type")["enum"].remove("inpatient"), "$.data.visit_type may no longer be inpatient"),
    "a list of codes where any text was": (lambda s: field(s, "region").update(enum=["a"]), "$.data.region may no longer be any other"),
    "a code of a list's items is gone": (
        lambda s: field(s, "conditions")["anyOf"][0]["items"]["enum"].remove("aids"),
        "$.data.conditions[] may no longer be aids",
    ),
    "another pattern": (lambda s: field(s, "claim_id").update(pattern="^[0-9]+$"), "$.data.claim_id has another pattern"),
    "a pattern where none was": (lambda s: field(s, "region").update(pattern="^[a-z]+$"), "$.data.region has another pattern"),
    "a shorter text": (lambda s: field(s, "region").update(maxLength=32), "$.data.region has another maxLength"),
    "another format": (lambda s: field(s, "service_date")["anyOf"][0].update(format="date-time"), "$.data.service_date has another format"),
    "another type": (lambda s: field(s, "region").update(type="integer"), "$.data.region may no longer be string"),
    "a number no more": (lambda s: field(s, "total_amount")["anyOf"].pop(0), "$.data.total_amount may no longer be number"),
    "a smaller number": (
        lambda s: field(s, "total_amount")["anyOf"][0].update(exclusiveMaximum=1000),
        "$.data.total_amount has another exclusiveMaximum",
    ),
    "null no more": (lambda s: never_null(s, "birth_date"), "$.data.birth_date may no longer be null"),
    "another source": (lambda s: s["properties"]["source"].update(pattern="^/his/.+$"), "$.source has another pattern"),
    "another specversion": (lambda s: s["properties"]["specversion"].update(const="2.0"), "$.specversion has another const"),
    "a new required attribute": (lambda s: s["required"].append("subject"), "$.subject is required"),
    "no extensions any more": (lambda s: s.update(additionalProperties=False), "$ no longer accepts other fields"),
}

READERS_BREAK: dict[str, tuple[Change, str]] = {
    "a field is gone": (lambda s: model(s)["properties"].pop("district"), "$.data.district is gone"),
    "a required field is gone": (lambda s: model(s)["properties"].pop("delta"), "$.data.delta is gone"),
    "a field of a part is gone": (
        lambda s: s["$defs"]["Component"]["properties"].pop("limited_by"),
        "$.data.components[].limited_by is gone",
    ),
    "a code is gone": (lambda s: field(s, "outcome")["enum"].remove("reversed"), "$.data.outcome is never reversed any more"),
    "any text where codes were": (lambda s: field(s, "outcome").pop("enum"), "$.data.outcome is a list of codes no more"),
    "a field is optional now": (lambda s: model(s)["required"].remove("delta"), "$.data.delta is not always given any more"),
    "null where none was": (lambda s: nullable(s, "delta"), "$.data.delta may now be null"),
    "another type": (lambda s: field(s, "sequence").update(type="string"), "$.data.sequence may now be string"),
    "a number where text was": (lambda s: field(s, "self_pay").update(type="number"), "$.data.self_pay may now be number"),
    "another pattern": (lambda s: field(s, "self_pay").update(pattern="^[0-9]+$"), "$.data.self_pay has another pattern"),
    "no pattern any more": (lambda s: field(s, "self_pay").pop("pattern"), "$.data.self_pay has another pattern"),
    "a lower bound": (lambda s: field(s, "sequence").update(minimum=0), "$.data.sequence has another minimum"),
    "counters of another kind": (
        lambda s: field(s, "counters").update(additionalProperties={"type": "number"}),
        "$.data.counters.* may now be number",
    ),
    "a list that anything is added to": (lambda s: opened(field(s, "outcome"), WITHOUT_END), "$.data.outcome is a list of codes no more"),
    "counters of any kind": (lambda s: field(s, "counters").update(additionalProperties=True), "$.data.counters.* may now be anything"),
}

NO_BREAK: dict[str, tuple[str, Change]] = {
    "a list for readers that regions add to": (RESULT, lambda s: opened(field(s, "outcome"), {**WITHOUT_END, "x-declared": "by a region"})),
    "another description": (CLAIM, lambda s: field(s, "region").update(description="whose fund pays")),
    "a new optional field of senders": (
        CLAIM,
        lambda s: model(s)["properties"].update(ward={"anyOf": [{"type": "string"}, {"type": "null"}]}),
    ),
    "a new code of senders": (CLAIM, lambda s: field(s, "visit_type")["enum"].append("day_surgery")),
    "a required field of senders is optional": (CLAIM, lambda s: model(s)["required"].remove("insurance_type")),
    "a longer text of senders": (CLAIM, lambda s: field(s, "region").update(maxLength=128)),
    "no pattern for senders any more": (CLAIM, lambda s: field(s, "claim_id").pop("pattern")),
    "another order": (CLAIM, lambda s: model(s)["required"].reverse()),
    "a new optional field for readers": (RESULT, lambda s: model(s)["properties"].update(ward={"type": "string"})),
    "a new code for readers": (RESULT, lambda s: field(s, "outcome")["enum"].append("deferred")),
}


@pytest.mark.parametrize("name", SENDERS_BREAK)
def test_what_breaks_senders_is_found(name: str) -> None:
    change, line = SENDERS_BREAK[name]
    after = changed(CLAIM, change)
    assert breaks_senders(RELEASED[CLAIM], after) == [line]
    assert breaks({CLAIM: RELEASED[CLAIM]}, {CLAIM: after}) == [f"{CLAIM}: {line}"]


@pytest.mark.parametrize("name", READERS_BREAK)
def test_what_breaks_readers_is_found(name: str) -> None:
    change, line = READERS_BREAK[name]
    after = changed(RESULT, change)
    assert breaks_readers(RELEASED[RESULT], after) == [line]
    assert f"{RESULT}: {line}" in breaks({RESULT: RELEASED[RESULT]}, {RESULT: after})


@pytest.mark.parametrize("name", NO_BREAK)
def test_what_breaks_nobody_passes(name: str) -> None:
    kind, change = NO_BREAK[name]
    assert breaks({kind: RELEASED[kind]}, {kind: changed(kind, change)}) == []


def test_the_two_directions_differ() -> None:
    """What a sender may do with ease breaks readers, and the other way round."""
    optional = changed(RESULT, lambda schema: model(schema)["required"].remove("delta"))
    assert breaks_senders(RELEASED[RESULT], optional) == []
    required = changed(CLAIM, lambda schema: model(schema)["required"].append("district"))
    assert breaks_readers(RELEASED[CLAIM], required) == []


def test_what_we_read_again_ourselves_must_stay_readable() -> None:
    """Timelines are kept for ever: a new required field would refuse all that were written before."""
    kind = "identity.timeline.updated.v1"
    change: Change = lambda s: (model(s)["properties"].update(note={"type": "string"}), model(s)["required"].append("note"))  # noqa: E731
    assert breaks({kind: RELEASED[kind]}, {kind: changed(kind, change)}) == [f"{kind}: $.data.note is required"]


def test_an_event_type_cannot_go_and_a_new_one_may_come() -> None:
    assert breaks({CLAIM: RELEASED[CLAIM]}, {}) == [f"{CLAIM}: the event type is gone"]
    assert breaks({}, {CLAIM: RELEASED[CLAIM]}) == []


def test_a_release_takes_what_is_compatible_and_refuses_what_is_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    present, released = tmp_path / "json", tmp_path / "released"
    assert generate.main([], folder=present) == 0
    assert generate.main(["--release"], folder=present, released=released) == 0
    assert read_schemas(released) == read_schemas(present)
    bad = dict(read_schemas(present)[CLAIM])
    model(bad)["required"].append("district")
    (present / f"{CLAIM}.json").write_text(json.dumps(bad))
    assert generate.main(["--release"], folder=present, released=released) == 4
    assert capsys.readouterr().err == f"{CLAIM}: $.data.district is required\n"
    assert read_schemas(released)[CLAIM] == read_schemas(generate.JSON)[CLAIM]
