"""A file of publishers: what it may say, and every refusal by file, line and key."""

import re
from pathlib import Path

import pytest

from schemas.own_codes import OwnCodes
from schemas.topics import load_topics, types_on
from schemas.tree import FileError
from services.policy.library import load_policies
from services.runtime.publisher_checks import FORMS, outside_topics
from services.runtime.publishers import Publisher, load_publishers, read_publishers

REGIONS = ("suzhou", "wuxi")
SHIPPED = Path(__file__).parents[3] / "deploy/kafka/publishers.yaml"
ENTRY = {
    "name": "hospital-07",
    "sources": "[/hospitals/H-07]",
    "topics": "[hospital.claims.v1, hospital.admissions.v1]",
}
KEY = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


def text(*entries: dict[str, str]) -> str:
    """A file with these entries, one key a line: the first entry begins in line 2."""
    lines = ["publishers:"]
    for entry in entries:
        lines += [f"  {' ' if number else '-'} {key}: {value}" for number, (key, value) in enumerate(entry.items())]
    return "\n".join(lines) + "\n"


def read(*entries: dict[str, str]) -> list[Publisher]:
    return list(read_publishers("p.yaml", text(*entries), REGIONS))


def refused(*entries: dict[str, str]) -> list[str]:
    with pytest.raises(FileError) as found:
        read(*entries)
    return str(found.value).splitlines()


def test_what_is_left_out_is_everything() -> None:
    (publisher,) = read(ENTRY)
    assert publisher.types == (*types_on("hospital.claims.v1"), *types_on("hospital.admissions.v1"))
    assert publisher.regions == REGIONS
    assert (publisher.rate, publisher.rights, publisher.kafka_user, publisher.key_sha256, publisher.certificate) == (100, (), "", (), "")


def test_all_that_can_be_said() -> None:
    more = {
        "types": "[hospital.claim.submitted.v1, hospital.admission.opened.v1]",
        "regions": "[suzhou]",
        "kafka_user": '"CN=hospital-07,O=第七医院"',
        "key_sha256": f"[{KEY.upper()}, {KEY[::-1]}]",
        "certificate": '"CN=hospital-07, O=第七医院"',
        "rate": "50",
        "rights": "[entitlement]",
    }
    (publisher,) = read({**ENTRY, **more})
    assert publisher.key_sha256 == (KEY, KEY[::-1])
    assert (publisher.kafka_user, publisher.certificate) == ("CN=hospital-07,O=第七医院", "CN=hospital-07, O=第七医院")
    assert (publisher.rate, publisher.rights, publisher.regions) == (50, ("entitlement",), ("suzhou",))
    assert publisher.types == ("hospital.claim.submitted.v1", "hospital.admission.opened.v1")


AGENCY = {"name": "agency", "sources": "[/agencies/suzhou/civil-affairs]", "topics": "[identity.events.v1]"}
OUTSIDE = "a topic that is written from outside: identity.events.v1, hospital.admissions.v1, hospital.claims.v1, operator.events.v1"


@pytest.mark.parametrize(
    ("changed", "line", "key", "expected"),
    [
        ({"colour": "red"}, 5, "colour", "no such key"),
        ({"name": "Hospital"}, 2, "name", "1 to 63 of a-z"),
        ({"name": "-a"}, 2, "name", "1 to 63 of a-z"),
        ({"name": "[a]"}, 2, "name", "a text"),
        ({"sources": "[]"}, 3, "sources", "a list with one entry at least"),
        ({"sources": "/hospitals/H-07"}, 3, "sources", "a list with one entry at least"),
        ({"sources": "[/agencies/suzhou/civil-affairs]"}, 3, "sources.0", "a source that speaks on its topics: /hospitals/<hospital_id>"),
        ({"sources": "[/hospitals/*]"}, 3, "sources.0", "a source that speaks on its topics"),
        ({"sources": '["/hospitals/H-07\\n"]'}, 3, "sources.0", "a source that speaks on its topics"),
        ({"sources": "[/hospitals/H-07, /hospitals/H-07]"}, 3, "sources.1", "not again what stands in line 3"),
        ({"topics": "[hospital.claims.v2]"}, 4, "topics.0", OUTSIDE),
        ({"topics": "[settlement.results.v1]"}, 4, "topics.0", OUTSIDE),
        ({"topics": "[monitoring.actions.v1]"}, 4, "topics.0", OUTSIDE),
        ({"topics": "[in.hospital-07]"}, 4, "topics.0", "the intake, which carries its records on, is not in this version"),
        ({"topics": "[hospital.claims.v1, hospital.claims.v1]"}, 4, "topics.1", "not again what stands in line 4"),
        ({"topics": "[hospital.claims.v1, identity.events.v1]"}, 4, "topics.1", "a topic on which one of its sources speaks: /agencies/"),
        ({"types": "[identity.status.granted.v1]"}, 5, "types.0", "a type of its topics: hospital.claim.submitted.v1"),
        ({"types": "[hospital.claim.submitted.v1]"}, 4, "topics.1", "a topic of which it has a type under types"),
        ({"types": "[]"}, 5, "types", "a list with one entry at least"),
        ({"regions": "[atlantis]"}, 5, "regions.0", "a city that has a policy: suzhou, wuxi"),
        ({"kafka_user": '"*"'}, 5, "kafka_user", "a Kafka user, without User:"),
        ({"kafka_user": "User:hospital-07"}, 5, "kafka_user", "a Kafka user, without User:"),
        ({"kafka_user": "ANONYMOUS"}, 5, "kafka_user", "a Kafka user, without User:"),
        ({"kafka_user": '""'}, 5, "kafka_user", "a Kafka user, without User:"),
        ({"kafka_user": '"a\\tb"'}, 5, "kafka_user", "a Kafka user, without User:"),
        ({"key_sha256": f"[{KEY[1:]}]"}, 5, "key_sha256.0", "64 hexadecimal digits"),
        ({"key_sha256": f"[{'g' * 64}]"}, 5, "key_sha256.0", "64 hexadecimal digits"),
        ({"key_sha256": f"[{KEY}, {KEY.upper()}]"}, 5, "key_sha256.1", "not again what stands in line 5"),
        ({"certificate": "hospital-07"}, 5, "certificate", "the subject of a certificate"),
        ({"rate": "0"}, 5, "rate", "requests a second, a whole number from 1 to 10000"),
        ({"rate": "1.5"}, 5, "rate", "requests a second, a whole number from 1 to 10000"),
        ({"rate": "10001"}, 5, "rate", "requests a second, a whole number from 1 to 10000"),
        ({"rights": "[everything]"}, 5, "rights.0", "entitlement, the one right that there is besides"),
    ],
    ids=lambda value: str(value)[:60] if isinstance(value, dict) else "",
)
def test_a_fault_is_told_with_line_key_and_what_was_expected(changed: dict[str, str], line: int, key: str, expected: str) -> None:
    (fault,) = refused({**ENTRY, **changed})
    assert fault.startswith(f"p.yaml:{line}: publishers.0.{key}: ")
    assert expected in fault


@pytest.mark.parametrize(
    ("changed", "key", "expected"),
    [
        ({"regions": "[wuxi]"}, "sources.0", "an agency of its regions: wuxi"),
        ({"sources": "[/agencies/atlantis/civil-affairs]"}, "sources.0", "an agency of its regions: suzhou, wuxi"),
        ({"sources": "[/agencies/suzhou/police]"}, "sources.0", "/agencies/<region>/<agency>"),
    ],
)
def test_an_agency_speaks_for_its_city(changed: dict[str, str], key: str, expected: str) -> None:
    (fault,) = refused({**AGENCY, **changed})
    assert f"publishers.0.{key}: " in fault
    assert expected in fault


@pytest.mark.parametrize("source", ["/operators/", '"/operators/li\\u200b"', "/hospitals/H-07"])
def test_an_operator_has_a_name_that_is_seen(source: str) -> None:
    (fault,) = refused({"name": "desk", "sources": f"[{source}]", "topics": "[operator.events.v1]"})
    assert fault == "p.yaml:3: publishers.0.sources.0: a source that speaks on its topics: /operators/<name>"
    assert read({"name": "desk", "sources": "[/operators/li]", "topics": "[operator.events.v1]"})


@pytest.mark.parametrize("missing", ["name", "sources", "topics"])
def test_what_must_be_said(missing: str) -> None:
    assert f"p.yaml:2: publishers.0.{missing}: is missing" in refused({key: value for key, value in ENTRY.items() if key != missing})


@pytest.mark.parametrize(
    ("key", "first", "second"),
    [
        ("name", "hospital-07", "hospital-07"),
        ("sources", "[/hospitals/H-07]", "[/hospitals/H-08, /hospitals/H-07]"),
        ("kafka_user", "hospital", "hospital"),
        ("key_sha256", f"[{KEY}]", f"[{KEY}]"),
        ("certificate", '"CN=a,O=b"', '"CN=a, O=b"'),
    ],
)
def test_what_is_somebodys_own_is_nobody_elses(key: str, first: str, second: str) -> None:
    other = {"name": "hospital-08", "sources": "[/hospitals/H-08]", "topics": "[hospital.claims.v1]"}
    (fault,) = refused({**ENTRY, key: first}, {**other, key: second})
    line = text({**ENTRY, key: first}).splitlines().index(next(row for row in text({**ENTRY, key: first}).splitlines() if f"{key}:" in row))
    assert f": publishers.1.{key}" in fault
    assert fault.endswith(f"not again what stands in line {line + 1}")


def test_all_faults_are_told_at_once_in_the_order_of_lines() -> None:
    faults = refused({**ENTRY, "rate": "0"}, {**AGENCY, "name": "Agency", "colour": "red", "topics": "[in.agency]"})
    assert [fault.split(": ")[:2] for fault in faults] == [
        ["p.yaml:5", "publishers.0.rate"],
        ["p.yaml:6", "publishers.1.name"],
        ["p.yaml:8", "publishers.1.topics.0"],
        ["p.yaml:9", "publishers.1.colour"],
    ]


@pytest.mark.parametrize(
    ("whole", "fault"),
    [
        ("", "p.yaml:1: (file): a mapping"),
        ("- a\n", "p.yaml:1: (file): a mapping"),
        ("others: []\n", "p.yaml:1: publishers: is missing"),
        ("publishers: all\n", "p.yaml:1: publishers: a list"),
        ("publishers: [all]\n", "p.yaml:1: publishers.0: a mapping"),
        ("publishers: []\npublishers: []\n", "p.yaml:2: publishers: a key only once"),
        ("publishers: [\n", "p.yaml:2: (file): YAML: "),
        ("publishers: \x07\n", "p.yaml:1: (file): YAML: a character that is none"),
        ("publishers: &it [*it]\n", "p.yaml:1: publishers.0: no alias of what it stands in"),
        ("? [a]\n: b\n", "p.yaml:1: (file): a text for a key"),
    ],
)
def test_a_file_of_another_shape_is_refused(whole: str, fault: str) -> None:
    with pytest.raises(FileError) as found:
        read_publishers("p.yaml", whole, REGIONS)
    assert str(found.value).startswith(fault)


@pytest.mark.parametrize(("content", "fault"), [(None, "a file that can be read (No such file"), (b"\xff", "UTF-8")])
def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, content: bytes | None, fault: str) -> None:
    path = tmp_path / "publishers.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(FileError) as found:
        load_publishers(path, REGIONS)
    assert str(found.value).startswith(f"{path}:1: (file): {fault}")


def test_the_shipped_file_is_an_example_of_each_city() -> None:
    regions = load_policies().regions()
    publishers = load_publishers(SHIPPED, regions)
    assert {region for publisher in publishers for region in publisher.regions} == set(regions)
    assert not [publisher for publisher in publishers if publisher.key_sha256]  # a key that everybody has is none


def test_topics_of_outsiders_are_those_that_no_service_writes() -> None:
    assert set(outside_topics()) == {
        name for name, topic in load_topics().items() if {"agencies", "hospitals", "operators"} & set(topic.writers)
    }
    assert set(FORMS) == set(outside_topics())


def test_an_agency_of_a_region_s_own_speaks_for_that_region_alone() -> None:
    """One that the region's policy file declares; elsewhere, and without it, it is refused as any unknown one."""
    entry = {"name": "police", "sources": "[/agencies/suzhou/river-police]", "topics": "[identity.events.v1]"}
    fault = "publishers.0.sources.0: a source that speaks on its topics: /agencies/<region>/<agency>"
    own = {"suzhou": OwnCodes(agencies=frozenset({"river-police"}))}
    (publisher,) = read_publishers("p.yaml", text(entry), REGIONS, own=own)
    assert publisher.sources == ("/agencies/suzhou/river-police",)
    assert refused(entry) == [f"p.yaml:3: {fault}"]
    for source in ("/agencies/wuxi/river-police", "/agencies/suzhou/river-policemen"):
        with pytest.raises(FileError, match=re.escape(fault)):
            read_publishers("p.yaml", text({**entry, "sources": f"[{source}]"}), REGIONS, own=own)
