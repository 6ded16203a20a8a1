"""`medaid access plan`: what it prints, and what it refuses; nothing is asked of a Kafka for it."""

from pathlib import Path

import pytest

from tests.unit.conftest import Medaid

SHIPPED = Path(__file__).parents[3] / "deploy/kafka/publishers.yaml"
WRITES = (
    "--add --force --allow-principal User:medaid-settlement --operation Write --topic settlement.results.v1 --resource-pattern-type literal"
)


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MEDAID_PUBLISHERS", "MEDAID_KAFKA_USERS", "MEDAID_PREFIX"):
        monkeypatch.delenv(name, raising=False)


def test_a_plan_is_lines_for_kafka_acls(medaid: Medaid) -> None:
    said = medaid("access", "plan")
    assert (said.status, said.err) == (0, "")
    assert WRITES in said.out.splitlines()
    assert {line.split("--allow-principal ")[1].split()[0] for line in said.out.splitlines()} == {
        f"User:medaid-{who}" for who in ("identity", "settlement", "monitoring", "console", "operator", "auditor")
    }


@pytest.mark.parametrize("form", ["acl", "strimzi"])
def test_the_shipped_publishers_can_be_planned(medaid: Medaid, form: str) -> None:
    said = medaid("access", "plan", "--publishers", SHIPPED, "--format", form)
    assert (said.status, said.err) == (0, "")
    assert "suzhou-civil-affairs" in said.out
    assert medaid("access", "plan", "--publishers", SHIPPED, "--format", form).out == said.out


def test_variables_say_the_same_as_options(medaid: Medaid, monkeypatch: pytest.MonkeyPatch) -> None:
    told = medaid("access", "plan", "--publishers", SHIPPED, "--users", "settlement=CN=s,O=c").out
    monkeypatch.setenv("MEDAID_PUBLISHERS", str(SHIPPED))
    monkeypatch.setenv("MEDAID_KAFKA_USERS", "settlement=CN=s,O=c")
    assert medaid("access", "plan").out == told
    monkeypatch.setenv("MEDAID_PREFIX", "city.")
    assert f"User:CN=s,O=c --operation Write --topic city.{WRITES.split()[7]}" in medaid("access", "plan").out


def test_every_fault_of_the_file_is_a_line(medaid: Medaid, tmp_path: Path) -> None:
    path = tmp_path / "publishers.yaml"
    path.write_text(
        "publishers:\n  - {name: a, sources: [/hospitals/H], topics: [in.a], rate: 0}\n"
        "  - {name: b, sources: [/hospitals/I], topics: [hospital.claims.v1], kafka_user: medaid-console}\n"
    )
    said = medaid("access", "plan", "--publishers", path)
    assert (said.status, said.out) == (3, "")
    assert [line.partition(": ")[2].split(": ")[:2] for line in said.err.splitlines()] == [
        [f"{path}:2", "publishers.0.topics.0"],
        [f"{path}:2", "publishers.0.rate"],
        [f"{path}:3", "publishers.1.kafka_user"],
    ]


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (("plan", "--publishers", "nowhere.yaml"), 3, "nowhere.yaml:1: (file): a file that can be read"),
        (("plan", "--users", "intake=x"), 2, "--users: expected service=user by semicolons"),
        (("plan", "--format", "strimzi", "--users", "identity=CN=a,O=b"), 3, "CN=a,O=b: Strimzi names users by"),
        (("plan", "--format", "yaml"), 2, "--format"),
        (("check", "--former", "medaid-identity"), 2, "--former medaid-identity: something is planned for this user"),
        (("apply", "--prune", "--former", "medaid-identity"), 2, "--former medaid-identity: something is planned for this user"),
    ],
)
def test_what_cannot_be_planned_is_told_in_one_line(medaid: Medaid, arguments: tuple[str, ...], status: int, told: str) -> None:
    said = medaid("access", *arguments)
    assert (said.status, said.out, len(said.err.splitlines())) == (status, "", 1)
    assert told in said.err


@pytest.mark.parametrize("command", ["apply", "check"])
def test_a_kafka_that_is_away_is_status_5(medaid: Medaid, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    said = medaid("access", command)
    assert (said.status, said.out, len(said.err.splitlines())) == (5, "", 1)
    assert "read the access control lists" in said.err
