"""`medaid year` on a real Kafka: what is committed counts, and nothing else; an ordinary client computes the same digest; what was changed since is told."""

import hashlib
import json
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest
import structlog

from schemas.catalogue import AUDIT, RESULTS, TYPES_BY_TOPIC, WARNINGS
from services.runtime.home import home_of
from services.runtime.records import Output
from tests.integration.site import PARTITIONS, Site
from tests.integration.topics import Topics
from tests.unit.ledger.statements.year import BEFORE, ELSEWHERE, LATE, REGION, YEAR, settled

OF_YEAR = ("--region", REGION, "--year", YEAR)
READ = (RESULTS, WARNINGS, AUDIT)
TOPIC_OF: Mapping[str, str] = {kind: topic for topic in (RESULTS, WARNINGS) for kind in TYPES_BY_TOPIC[topic]}


@pytest.fixture
def site(kafka_bootstrap: str, topic_prefix: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", kafka_bootstrap)
    monkeypatch.setenv("MEDAID_PREFIX", topic_prefix)
    monkeypatch.setenv("MEDAID_KAFKA_DEADLINE_MS", "60000")
    handlers = logging.root.handlers[:]
    yield Site(kafka_bootstrap, topic_prefix, READ, capfd)
    logging.root.handlers = handlers
    structlog.reset_defaults()
    Topics(kafka_bootstrap, topic_prefix, PARTITIONS).delete()


def records(outputs: list[bytes]) -> list[Output]:
    """Results and warnings as the services write them: each to the home of whom it is about."""
    found = []
    for value in outputs:
        event = orjson.loads(value)
        topic = TOPIC_OF.get(event["type"])
        if topic is not None:
            home = event["data"]["person_id" if topic == RESULTS else "subject"]
            found.append(Output(topic, home_of(home, PARTITIONS), home.encode(), value))
    return found


def proof_of(site: Site) -> list[dict[str, Any]]:
    """What docs/statements.md says, by another client of Kafka."""
    reader, found = Topics(site.bootstrap, site.prefix, PARTITIONS), []
    for partition in range(PARTITIONS):
        digest, count, end = hashlib.sha256(), 0, 0
        for message in reader._messages(RESULTS, partition, 0, "read_committed"):
            data = json.loads(message.value())["data"]
            if (data["region"], data["year"]) == (REGION, YEAR):
                digest.update(message.value() + b"\n")
                count, end = count + 1, message.offset() + 1
        found.append({"partition": partition, "end_offset": end, "results": count, "sha256": digest.hexdigest()})
    return found


def test_a_year_is_closed_and_its_changes_are_told(site: Site, tmp_path: Path) -> None:
    before, late = records(settled(*BEFORE)), records(settled(*BEFORE, *ELSEWHERE, *LATE))
    elsewhere = records(settled(*BEFORE, *ELSEWHERE))[len(before) :]
    forged = [record._replace(value=(record.value or b"").replace(b'"1500.00"', b'"9999.99"')) for record in before]
    site.write(before[:2])
    site.write(forged, commits=False)
    site.write(before[2:])
    said = site.medaid("year", "close", *OF_YEAR, "--out", tmp_path)
    assert (said.status, said.out) == (0, ""), said.err
    statement = json.loads((tmp_path / "statement.json").read_text("utf-8"))
    assert (statement["total"]["claims"], statement["total"]["assistance"]) == (3, "1500.00")
    assert statement["ledger"]["partitions"] == proof_of(site)
    lines = "".join(f"{part['partition']} {part['sha256']}\n" for part in statement["ledger"]["partitions"])
    assert statement["ledger"]["sha256"] == hashlib.sha256(lines.encode()).hexdigest()

    site.write(elsewhere)
    site.write(forged, commits=False)
    again = site.medaid("year", "close", *OF_YEAR)
    assert again.out == (tmp_path / "statement.json").read_text("utf-8")
    changes = ("year", "changes", *OF_YEAR, "--since", tmp_path / "statement.json")
    assert site.medaid(*changes)[:2] == (0, "nothing\n")

    site.write(late[len(before) + len(elsewhere) :])
    said = site.medaid(*changes)
    assert said.status == 0, said.err
    assert said.out.endswith("total  +3520.00  (3 results of 3 claims)\n")
    assert site.medaid("year", "close", *OF_YEAR, "--out", tmp_path).status == 4, "the statement that is there stays"

    part = next(part for part in statement["ledger"]["partitions"] if part["results"])
    place = ("--topic", RESULTS, "--partition", part["partition"], "--offset", part["end_offset"] - 1)
    assert site.medaid("lanes", "skip", *place, "--force", "--operator", "li", "--reason", "a test").status == 0
    said = site.medaid(*changes)
    assert (said.status, said.out, said.err.count("\n")) == (4, "", 1), said.err
    assert "the statement's digest does not match kafka" in said.err
