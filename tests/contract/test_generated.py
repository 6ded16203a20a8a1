"""The generated files are what the models and topics say now, whole, and a stale one is found."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from schemas import generate, generated
from schemas.catalogue import DEADLETTER_TYPES, TYPES_BY_TOPIC
from schemas.documents import all_types, document, is_input
from schemas.topics import Topic, load_topics, types_on


def test_the_json_schemas_are_up_to_date() -> None:
    assert generate.main(["--check"]) == 0


def test_a_stale_a_missing_and_a_superfluous_schema_are_each_named_in_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert generate.main([], folder=tmp_path) == 0
    assert generate.main(["--check"], folder=tmp_path) == 0
    (tmp_path / "deadletter.v1.json").write_text("{}")
    (tmp_path / "settlement.completed.v1.json").unlink()
    (tmp_path / "forgotten.v1.json").write_text("{}")
    assert generate.main(["--check"], folder=tmp_path) == 4
    lines = capsys.readouterr().err.splitlines()
    assert [line.rpartition("/")[2] for line in lines] == [
        "deadletter.v1.json is stale: run make generate",
        "forgotten.v1.json is generated no more",
        "settlement.completed.v1.json is stale: run make generate",
    ]
    assert generate.main([], folder=tmp_path) == 0
    assert generate.main(["--check"], folder=tmp_path) == 0


def test_wrong_usage_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert generated.main({}, (), ["--chekc"], "python -m schemas.generate") == 2
    assert capsys.readouterr().err == "usage: python -m schemas.generate [--check]\n"


def undescribed(schema: Any, path: str) -> Iterator[str]:
    """Fields without a description, at any depth."""
    if isinstance(schema, dict):
        for name, field in schema.get("properties", {}).items():
            if not field.get("description") and "$ref" not in field:
                yield f"{path}.{name}"
        for name, part in schema.items():
            yield from undescribed(part, f"{path}.{name}")
    elif isinstance(schema, list):
        for part in schema:
            yield from undescribed(part, path)


@pytest.mark.parametrize("kind", sorted(all_types()))
def test_every_field_says_what_it_means(kind: str) -> None:
    schema = document(kind)
    assert list(undescribed(schema, kind)) == []
    for model in schema["$defs"].values():
        assert model["description"]


def test_a_field_without_description_is_found() -> None:
    assert list(undescribed({"properties": {"a": {"type": "string"}}}, "x")) == ["x.a"]


def fields(schema: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every field of every model of a schema."""
    for model in schema["$defs"].values():
        yield from model.get("properties", {}).items()


@pytest.mark.parametrize("kind", sorted(all_types()))
def test_money_has_its_unit_and_on_output_one_form(kind: str) -> None:
    for name, field in fields(document(kind)):
        described_as_money = field["description"].endswith("yuan") if "description" in field else False
        if described_as_money and field.get("type") != "object":
            assert field["x-unit"].startswith("yuan"), name
            assert is_input(kind) or field["pattern"].endswith(r"\.[0-9]{2}$"), name


@pytest.mark.parametrize("kind", sorted(kind for kind in all_types() if is_input(kind)))
def test_on_input_unknown_fields_are_closed_and_what_is_optional_may_be_null(kind: str) -> None:
    for model in document(kind)["$defs"].values():
        assert model["additionalProperties"] is False
        for name, field in model["properties"].items():
            assert (name in model["required"]) != ({"type": "null"} in field.get("anyOf", ())), name


@pytest.mark.parametrize("kind", sorted(kind for kind in all_types() if not is_input(kind)))
def test_on_output_new_fields_may_come(kind: str) -> None:
    for model in document(kind)["$defs"].values():
        assert "additionalProperties" not in model


def test_the_topics_carry_what_the_catalogue_says() -> None:
    for name, topic in load_topics().items():
        letters = name in {other.dead_letters for other in load_topics().values()}
        expected = set(DEADLETTER_TYPES if letters else TYPES_BY_TOPIC.get(name, {}))
        if name == "identity.waiting.v1":  # discharges wait; what has begun does not
            expected = {"hospital.admission.closed.v1"}
        assert set(types_on(name)) == expected or topic.copies, name
        for other in topic.copies:
            assert set(types_on(other)) <= set(types_on(name))


def test_a_misspelt_word_in_the_topics_is_refused() -> None:
    entry = load_topics()["hospital.claims.v1"].model_dump(mode="json")
    assert Topic.model_validate(entry)
    with pytest.raises(ValueError, match="retention_day\n"):
        Topic.model_validate({**entry, "retention_day": 1})
