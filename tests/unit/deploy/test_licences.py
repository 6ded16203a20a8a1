"""What is shipped of others has a licence that is on the list; an unknown one, or a copyleft one, is told with the package's name."""

from typing import Any

import pytest

from deploy.audit.licences import LIST, complaints, is_allowed, licences_of, read_list

ALLOWED = frozenset({"MIT", "Apache-2.0", "BSD-3-Clause"})


def component(name: str, *licences: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "version": "1.2", "licenses": list(licences)}


def identified(*names: str) -> list[dict[str, Any]]:
    return [{"license": {"id": name}} for name in names]


@pytest.mark.parametrize(
    ("expression", "verdict"),
    [
        ("MIT", True),
        ("GPL-3.0-or-later", False),
        ("MIT OR GPL-3.0-only", True),
        ("GPL-3.0-only OR MIT", True),
        ("MIT AND GPL-3.0-only", False),
        ("GPL-3.0-only AND MIT", False),
        ("MIT AND Apache-2.0 OR GPL-3.0-only", True),
        ("MIT AND (Apache-2.0 OR GPL-3.0-only)", True),
        ("(MIT OR Apache-2.0) AND AGPL-3.0-only", False),
        ("Apache-2.0 WITH LLVM-exception", False),
        ("GPL-2.0-only WITH MIT", False),
        ("GPL-2.0-only WITH Classpath-exception-2.0 OR MIT", True),
        ("MIT OR GPL-2.0-only WITH Classpath-exception-2.0", True),
        ("MIT License", False),
        ("(MIT", False),
        ("", False),
    ],
)
def test_an_expression_is_met_by_allowed_licences_alone(expression: str, verdict: bool) -> None:
    assert is_allowed(expression, ALLOWED) is verdict


def test_a_licence_may_be_an_identifier_an_expression_or_a_text() -> None:
    assert licences_of(component("a", *identified("MIT"))) == ["MIT"]
    assert licences_of(component("a", {"expression": "MIT OR Apache-2.0"})) == ["MIT OR Apache-2.0"]
    assert licences_of(component("a", {"license": {"name": "BSD License\nCopyright ..."}})) == ["BSD License"]
    assert licences_of({"name": "a", "version": "1"}) == []


def test_a_copyleft_licence_is_told_with_the_package() -> None:
    told = list(complaints([component("good", *identified("MIT")), component("viral", *identified("MIT", "AGPL-3.0-only"))], ALLOWED, {}))
    assert told == ["viral 1.2: its licence is not on the list; its metadata say: AGPL-3.0-only; MIT"]


def test_a_package_without_a_licence_is_told() -> None:
    assert list(complaints([component("bare")], ALLOWED, {})) == ["bare 1.2: its licence is not on the list; its metadata say: nothing"]


def test_what_we_read_ourselves_counts_while_the_metadata_say_the_same() -> None:
    read = {"vague": {"says": "BSD License", "is": "BSD-3-Clause", "where": "LICENSE in its wheel"}}
    vague = component("vague", {"license": {"name": "BSD License"}})
    assert list(complaints([vague], ALLOWED, read)) == []
    assert list(complaints([component("vague", *identified("GPL-3.0-only"))], ALLOWED, read)) == [
        "vague 1.2: its licence is not on the list; its metadata say: GPL-3.0-only"
    ]
    assert list(complaints([vague], ALLOWED, {"vague": {**read["vague"], "is": "GPL-3.0-only"}})) == [
        "vague 1.2: GPL-3.0-only, as licences.yaml has it, is not on the list"
    ]
    assert list(complaints([component("vague", *identified("MIT"))], ALLOWED, read)) == [
        "vague: licences.yaml has a reading of it that nothing needs"
    ]
    assert list(complaints([vague], ALLOWED, {**read, "gone": read["vague"]})) == [
        "gone: licences.yaml has a reading of it that nothing needs"
    ]


def test_a_package_may_be_accepted_by_itself_with_the_reason() -> None:
    weak = [component("weak", *identified("MPL-2.0"))]
    assert list(complaints(weak, ALLOWED, {"weak": {"says": "MPL-2.0", "accepted": "we change none of its files"}})) == []
    assert len(list(complaints(weak, ALLOWED, {"weak": {"says": "MPL-2.0", "accepted": ""} | {"is": "MPL-2.0"}}))) == 1


def test_our_list_has_no_copyleft_and_says_where_each_reading_stands() -> None:
    allowed, read = read_list(LIST.read_text("utf-8"))
    assert allowed
    assert not [name for name in allowed if "GPL" in name or name.startswith(("EUPL", "SSPL", "BUSL"))]
    for reading in read.values():
        assert set(reading) in ({"says", "is", "where"}, {"says", "accepted"})
        assert "accepted" in reading or is_allowed(reading["is"], allowed)
