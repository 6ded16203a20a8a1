"""`medaid person export` on a real Kafka: the audit is told first, all that is committed about the person is there, whatever its topic, and nobody else."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from schemas.catalogue import AUDIT, AUDIT_TYPES, CLAIMS
from schemas.envelope import read_event
from schemas.topics import load_topics
from services.runtime.records import Output
from tests.contract.examples import event_of
from tests.integration.site import PARTITIONS, Site
from tests.integration.topics import Topics
from tests.unit.events import claim
from tests.unit.ledger.persons.canaries import CANARY, OTHER, planted

WHY = ("--operator", "li", "--reason", "he asked for a copy")


@pytest.fixture
def site(kafka_bootstrap: str, topic_prefix: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", kafka_bootstrap)
    monkeypatch.setenv("MEDAID_PREFIX", topic_prefix)
    monkeypatch.setenv("MEDAID_KAFKA_DEADLINE_MS", "60000")
    handlers = logging.root.handlers[:]
    yield Site(kafka_bootstrap, topic_prefix, load_topics().keys(), capfd)
    logging.root.handlers = handlers
    structlog.reset_defaults()
    Topics(kafka_bootstrap, topic_prefix, PARTITIONS).delete()


def exported(path: Path) -> list[dict[str, Any]]:
    """The lines of a file."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_a_canary_in_every_topic_is_handed_out(site: Site, tmp_path: Path) -> None:
    everything = list(planted())
    site.write(Output(found.topic, number % PARTITIONS, b"key-%d" % number, found.value) for number, found in enumerate(everything))
    site.write([Output(CLAIMS, 0, None, claim("never", "2025-03-02", "1.00", person_id=CANARY))], commits=False)
    out = tmp_path / "person.jsonl"
    said = site.medaid("person", "export", CANARY, *WHY, "--out", out)
    assert (said.status, said.out) == (0, ""), said.err
    lines = exported(out)
    told = [line["value"] for line in lines if line["kind"] == "console.audit.exported.v1"]
    expected = [found for found in everything if found.person == CANARY]
    assert sorted(str(line["key"]) for line in lines if line["value"] not in told[-1:]) == sorted(
        f"key-{everything.index(found)}" for found in expected
    )
    assert OTHER not in out.read_text("utf-8")
    assert "never" not in {str(line["value"].get("data", {}).get("claim_id")) for line in lines if isinstance(line["value"], dict)}
    assert out.stat().st_mode & 0o777 == 0o600
    assert said.err.splitlines()[-1].split() == [str(len(lines)), "records"]

    event = read_event(json.dumps(told[-1]).encode(), (), AUDIT_TYPES, bytes_max=None)
    assert event.data.wire().pop("client")
    assert {**event.data.wire(), "client": ""} == {"operator": "cli:li", "client": "", "person_id": CANARY, "reason": WHY[-1]}
    example = event_of("console.audit.exported.v1/on_request")
    assert event.data.wire().keys() == example["data"].keys()

    audited = site_ends(site)
    for wrong in [("--out", out), ("--operator", "l\x1bi"), ("--reason", " ")]:
        assert site.medaid("person", "export", CANARY, *WHY, *wrong).status == 2
    assert site.medaid("person", "export", "Zhang San", *WHY).status == 2
    assert site_ends(site) == audited, "nothing was told of what was not done"


def site_ends(site: Site) -> dict[tuple[str, int], int]:
    """How much was audited."""
    return Topics(site.bootstrap, site.prefix, PARTITIONS).ends([AUDIT])
