"""Every command says what it does, in which units, and how it is called; wrong use is one line and status 2."""

import tomllib
from pathlib import Path

import pytest

from services.runtime.settings import Settings
from tests.unit.conftest import Medaid

ESSENTIAL = {
    (): [
        "replay",
        "explain",
        "policy",
        "generate",
        "demo",
        "run",
        "topics",
        "dlq",
        "ledger",
        "lanes",
        "access",
        "doctor",
        "readjudicate",
        "reform",
        "year",
        "person",
        "--version",
        "3 input refused",
        "5 a server is away",
        "Standard output",
    ],
    ("replay",): ["FILE.jsonl", "--out", "--readings", "yuan", "same bytes", "topic is null", "Exit status 0", "Example"],
    ("explain",): [
        "HOSPITAL/CLAIM",
        "--from",
        "kafka",
        "redis",
        "--lang",
        "zh",
        "yuan",
        "status is 4",
        "status 3",
        "KAFKA_BOOTSTRAP_SERVERS",
        "Example",
    ],
    ("policy",): ["show", "check", "test"],
    ("policy", "test"): ["DIR", ".cases.yaml", "--region", "yuan", "no server", "Exit status 0", "4: something differs", "3: ", "Example"],
    ("policy", "show"): ["REGION", "--lang", "--readings", "yuan", "clause", "designated", "draft", "Example"],
    ("policy", "check"): ["FILE", "line and key", "DIR", "status 3", "checked_on", "--today", "MEDAID_POLICIES", "Example"],
    ("generate",): ["--region", "--persons", "--seed", "--year", "--out", "yuan", "same bytes", "Example"],
    ("demo",): ["--persons", "--seed", "--lang", "yuan", "three claims", "Example"],
    ("run",): ["identity", "settlement", "monitoring", "console", "all", "SIGTERM", "status 0", "Example"],
    ("topics",): ["create"],
    ("console",): ["user"],
    ("console", "user"): ["NAME", "--role", "viewer", "operator", "auditor", "planner", "MEDAID_CONSOLE_USERS", "Argon2", "Example"],
    ("ledger",): ["verify", "rebuild"],
    ("ledger", "verify"): [
        "FILE|kafka|redis",
        "--lang",
        "--readings",
        "yuan",
        "kind (form, anew, redis, index, watermark)",
        "while the services run",
        "status 0",
        "4: differences",
        "5: a server is away",
        "Memory: one partition at a time",
        "Example",
    ],
    ("ledger", "rebuild"): [
        "--service",
        "identity",
        "settlement",
        "monitoring",
        "console",
        "Workers may run",
        "Broken off",
        "status 0",
        "5: a server",
        "Example",
    ],
    ("readjudicate",): [
        "--region",
        "--year",
        "--person",
        "--policy",
        "--dry-run",
        "FILE|kafka",
        "--out",
        "--operator",
        "--reason",
        "--rate",
        "--yes",
        "--lang",
        "--readings",
        "yuan",
        "pay back",
        "same bytes",
        "Broken off",
        "status 0",
        "5: Kafka is away",
        "Memory: one partition at a time",
        "Example",
    ],
    ("reform",): [
        "[FILE]...",
        "--out",
        "--region",
        "--year",
        "FILE|kafka",
        "--solve",
        "--budget",
        "--readings",
        "MEDAID_POLICIES",
        "--policies",
        "--lang",
        "yuan",
        "pseudonym",
        "summary.json",
        "nothing is written to Kafka or Redis",
        "status 0",
        "5: Kafka is away",
        "Memory",
        "Example",
    ],
    ("year",): ["close", "changes"],
    ("year", "close"): [
        "--region",
        "--year",
        "FILE|kafka",
        "--out",
        "yuan",
        "same bytes",
        "SHA-256",
        "No person",
        "byte-order mark",
        "status 3",
        "status 4",
        "Memory: one partition at a time",
        "MEDAID_PREFIX",
        "Example",
    ],
    ("year", "changes"): ["--since", "--json", "yuan", "nothing", "the status is 4", "Else 0", "FILE|kafka", "MEDAID_PREFIX", "Example"],
    ("person",): ["export"],
    ("person", "export"): [
        "PERSON",
        "--operator",
        "--reason",
        "--out",
        "audit topic",
        "before anything is read",
        "standard input",
        "names somebody else",
        "Exit status 0",
        "5: Kafka is away",
        "Example",
    ],
    ("dlq",): ["list", "show", "replay"],
    ("dlq", "list"): ["--topic", "--reason", "--since", "--limit", "--json", "+08:00", "newest", "no failure", "MEDAID_PREFIX", "Example"],
    ("dlq", "show"): ["TOPIC/PARTITION/OFFSET", "--payload", "newest last", "status 3", "mend.json", "MEDAID_PREFIX", "Example"],
    ("dlq", "replay"): [
        "ID",
        "--payload FILE",
        "--force",
        "--drop-headers",
        "--readings",
        "home partition",
        "status 3",
        "status 5",
        "Example",
    ],
    ("lanes",): ["status", "accept-loss", "skip"],
    ("lanes", "status"): ["--service", "LOST", "status 0", "4: something does", "5: Kafka is away", "MEDAID_PREFIX", "Example"],
    ("lanes", "accept-loss"): ["--service", "--topic", "--partition", "--operator", "--reason", "audit topic", "status 3", "Example"],
    ("lanes", "skip"): ["--topic", "--partition", "--offset", "--operator", "--reason", "--force", "audit topic", "status 3", "Example"],
    ("access",): ["plan", "apply", "check"],
    ("access", "plan"): [
        "--publishers FILE",
        "--users",
        "acl",
        "strimzi",
        "kafka-acls.sh",
        "same bytes",
        "status 3",
        "MEDAID_PREFIX",
        "Example",
    ],
    ("access", "apply"): ["--prune", "--former", "never touched", "ALTER on the cluster", "may be repeated", "status 5", "Example"],
    ("access", "check"): [
        "missing",
        "surplus",
        "--former",
        "Nothing is changed",
        "status 4",
        "status 5",
        "DESCRIBE on the cluster",
        "Example",
    ],
    ("doctor",): [
        "--service",
        "--json",
        "Nothing is written",
        "ok, warn or FAIL",
        "status 0",
        "4: something does",
        "docs/doctor.md",
        "Example",
    ],
    ("topics", "create"): ["MEDAID_PARTITIONS", "min.insync.replicas", "status 4", "status 5", "Example"],
}


@pytest.mark.parametrize("command", ESSENTIAL, ids=" ".join)
def test_help_says_what_one_needs_to_know(medaid: Medaid, command: tuple[str, ...]) -> None:
    said = medaid(*command, "--help")
    assert (said.status, said.err) == (0, "")
    text = " ".join(said.out.split())
    assert [word for word in ESSENTIAL[command] if word not in text] == []


@pytest.mark.parametrize(
    "command",
    [
        *(("replay",), ("explain",), ("generate",), ("demo",), ("run",), ("doctor",), ("readjudicate",)),
        *(("policy", "show"), ("policy", "check"), ("ledger", "verify"), ("ledger", "rebuild"), ("dlq", "replay"), ("year", "close")),
        *(("access", "plan"), ("access", "apply"), ("access", "check")),
    ],
)
def test_whoever_settles_or_names_a_region_takes_the_sites_policies(medaid: Medaid, command: tuple[str, ...]) -> None:
    assert "--policies" in medaid(*command, "--help").out


@pytest.mark.parametrize("command", [("run",), ("topics", "create"), ("access", "apply"), ("access", "check")], ids=" ".join)
def test_commands_on_servers_list_every_setting(medaid: Medaid, command: tuple[str, ...]) -> None:
    text = medaid(*command, "--help").out
    for field in Settings.model_fields.values():
        assert str(field.alias) in text
        assert " ".join(str(field.description).split()[:4]) in " ".join(text.split())


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ((), "command"),
        (("no-such",), "no-such"),
        (("replay", "--no-such"), "--no-such"),
        (("run", "no-such"), "no-such"),
        (("policy", "show", "atlantis"), "atlantis: one of changchun, lianyungang, suzhou, wuxi"),
        (("generate", "--region", "atlantis", "--persons", "5", "--seed", "1"), "atlantis: one of"),
        (("generate", "--region", "wuxi", "--persons", "0", "--seed", "1"), "--persons"),
        (("explain", "H1/1", "--from", "nowhere.jsonl"), "nowhere.jsonl: no such file"),
        (("explain", "H1/1", "--lang", "fr"), "fr"),
        (("policy", "check", "nowhere.yaml"), "nowhere.yaml"),
        (("ledger", "verify", "--from", "nowhere.jsonl"), "nowhere.jsonl: no such file"),
        (("ledger", "rebuild", "--service", "ledger"), "ledger"),
        (("year", "close", "--region", "wuxi", "--year", "2025", "--from", "nowhere.jsonl"), "nowhere.jsonl: no such file"),
        (("year", "close", "--region", "wuxi", "--year", "0"), "--year"),
        (("year", "close", "--region", "wuxi"), "--year"),
        (("year", "changes", "--region", "wuxi", "--year", "2025"), "--since"),
        (("year", "changes", "--region", "wuxi", "--year", "2025", "--since", "nowhere.json"), "nowhere.json: cannot be read"),
        (("person", "export", "P 1", "--operator", "li", "--reason", "asked"), "PERSON: expected an id"),
        (("person", "export", "P1", "--operator", "li"), "--reason"),
        (("person", "export", "P1", "--reason", "asked"), "--operator"),
        (("person", "export", "P1", "--operator", "li", "--reason", "a\nb"), "--reason: expected a text"),
        (("console", "user", "li", "--role", "chief"), "--role chief: one of viewer, operator, auditor, planner"),
        (("console", "user", "l:i", "--role", "viewer"), "a name of 1 to 64 characters"),
        (("dlq", "list", "--topic", "nowhere.v1"), "--topic nowhere.v1: one of hospital.admissions.v1, "),
        (("dlq", "list", "--reason", "bad"), "--reason bad: one of malformed_json, "),
        (("dlq", "list", "--since", "2025-02-30"), "--since 2025-02-30: expected a day"),
        (("dlq", "list", "--limit", "0"), "--limit"),
        (("dlq", "show", "H1/1"), "H1/1: expected TOPIC/PARTITION/OFFSET"),
        (("dlq", "replay", "hospital.claims.v1/0/0", "--payload", "nowhere.json"), "nowhere.json"),
        (("dlq", "replay", "hospital.claims.v1/0/0", "--drop-headers"), "only with --payload"),
    ],
)
def test_wrong_use_is_one_line(medaid: Medaid, arguments: tuple[str, ...], word: str) -> None:
    said = medaid(*arguments)
    assert (said.status, said.out) == (2, "")
    assert said.err.startswith("medaid: ")
    assert said.err.count("\n") == 1
    assert word in said.err


def test_a_wrong_setting_is_told_by_its_name(medaid: Medaid, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDAID_PARTITIONS", "many")
    for command in [
        ("run", "identity"),
        ("run", "all"),
        ("topics", "create"),
        ("explain", "H1/1"),
        ("dlq", "list"),
        ("ledger", "verify"),
        ("ledger", "rebuild"),
        ("readjudicate", "--region", "suzhou", "--year", "2025", "--dry-run"),
        ("reform", "--readings", "suzhou.rounding=down", "--out", "nowhere"),
        ("year", "close", "--region", "wuxi", "--year", "2025"),
        ("person", "export", "P1", "--operator", "li", "--reason", "asked"),
    ]:
        said = medaid(*command)
        assert said.status == 2
        assert said.err.startswith("medaid: MEDAID_PARTITIONS: expected ")
        assert said.err.count("\n") == 1


@pytest.mark.parametrize(
    ("variable", "value"),
    [("MEDAID_READINGS", "suzhou.no_such=1"), ("MEDAID_THRESHOLDS", "no/such.yaml"), ("MEDAID_POLICIES", "no/such/folder")],
)
def test_readings_thresholds_and_policies_that_cannot_be_used_are_told(
    medaid: Medaid, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    said = medaid("run", "monitoring")
    assert said.status == 2
    assert variable in said.err
    assert said.err.startswith("medaid: ")
    assert said.err.count("\n") == 1


def test_a_server_that_is_away_is_one_line_and_status_5(medaid: Medaid, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setenv("MEDAID_KAFKA_DEADLINE_MS", "1000")
    letter = "hospital.claims.v1/0/0"
    on_kafka = [("topics", "create"), ("explain", "H1/1"), ("dlq", "list"), ("dlq", "show", letter), ("dlq", "replay", letter)]
    ledger = [("ledger", "verify"), ("ledger", "verify", "--from", "redis"), ("ledger", "rebuild")]
    year, person, anew = (
        ("year", "close", "--region", "wuxi", "--year", "2025"),
        ("person", "export", "P1", "--operator", "li", "--reason", "asked"),
        ("readjudicate", "--region", "suzhou", "--year", "2025", "--dry-run"),
    )
    reform = ("reform", "--readings", "suzhou.rounding=down", "--out", "nowhere")
    for command in [*on_kafka, *ledger, year, person, anew, reform, ("explain", "H1/1", "--from", "redis")]:
        said = medaid(*command)
        assert (said.status, said.out) == (5, "")
        assert [line for line in said.err.splitlines() if line.startswith("medaid: ")] == said.err.splitlines()
        assert said.err.count("\n") == 1


def test_the_version_is_the_package_s(medaid: Medaid) -> None:
    """The one that pyproject.toml says."""
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text("utf-8"))["project"]
    said = medaid("--version")
    assert (said.status, said.out, said.err) == (0, f"medaid {project['version']}\n", "")


def test_an_error_of_ours_is_status_1_and_quotes_nothing(medaid: Medaid, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyError("P123456")

    monkeypatch.setattr("services.cli.commands.policy.pages", broken)
    said = medaid("policy", "show", "suzhou")
    assert said.status == 1
    assert said.err.startswith("medaid: this is a bug: KeyError at test_help.py:")
    assert "P123456" not in said.err
