"""`schemas/asyncapi.yaml` tells what the apps do: which topics each receives, what it sends, and the schema of each event."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml

from deploy import asyncapi
from schemas import generated
from schemas.catalogue import AUDIT
from schemas.topics import load_topics
from services.console.service import ConsoleService
from services.policy.library import load_policies
from services.runtime.records import Record
from services.runtime.service import AnyService
from services.runtime.settings import Settings
from tests.contract import outputs
from tests.contract.examples import services

DOCUMENT: dict[str, Any] = yaml.safe_load(asyncapi.TARGET.read_text("utf-8"))
INTERNAL_COPIES = {name for name, topic in load_topics().items() if topic.copies}


def test_it_is_up_to_date_and_says_when_it_is_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = asyncapi.text()
    assert generated.main({asyncapi.TARGET: text}, (), ["--check"], "") == 0
    stale = tmp_path / "asyncapi.yaml"
    stale.write_text(text.replace("settlement.send", "settlement.sends"), "utf-8")
    assert generated.main({stale: text}, (), ["--check"], "") == 4
    assert capsys.readouterr().err == f"{stale} is stale: run make generate\n"


def test_a_sites_environment_does_not_change_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "kafka.example:9092")
    monkeypatch.setenv("MEDAID_PREFIX", "north.")
    assert Settings.from_env().prefix == "north."
    assert asyncapi.text() == asyncapi.TARGET.read_text("utf-8")


def test_every_service_is_in_it() -> None:
    apps = {path.parent.name for path in (generated.FOLDER.parent / "services").glob("*/app.py")}
    assert apps == set(asyncapi.SERVICES)


def everybody() -> list[AnyService]:
    """All services, the console too, which only listens."""
    return [*services(), ConsoleService(load_policies())]


def operations(action: str) -> set[tuple[str, str]]:
    """Service and topic of each operation."""
    found = DOCUMENT["operations"].values()
    return {(one["tags"][0]["name"], one["channel"]["$ref"].removeprefix("#/channels/")) for one in found if one["action"] == action}


def test_it_receives_what_the_services_read() -> None:
    assert operations("receive") == {(service.name, topic) for service in everybody() for topic in service.inputs}


def test_readers_and_writers_of_a_topic_are_those_of_the_apps() -> None:
    """A service also reads back what it wrote, when it heals a lane, and operators' rulings, when one stopped; that is no subscription."""
    topics = load_topics()
    for service, topic in operations("receive"):
        assert service in topics[topic].readers, topic
    healing = {(service.name, topic) for service in everybody() for topic in (*service.state_topics, AUDIT)}
    for name, topic in topics.items():
        for service in set(topic.readers) & set(asyncapi.SERVICES):
            assert (service, name) in operations("receive") | healing or not topic.events, f"{service} reads {name}"


async def test_it_sends_what_the_services_write() -> None:
    """All that the examples lead to; each such channel is written by a run. What the console writes, its pages do (`tests/unit/console/`)."""
    waits: list[outputs.Step] = ["hospital.admission.closed.v1/after_twelve_days"]
    runs = [await outputs.run(steps) for steps in (waits, *(steps for _, _, steps in outputs.wanted()))]
    seen = {writer(record) for run in runs for record in run if record.value is not None and record.topic not in INTERNAL_COPIES}
    never = {
        (service, topic)
        for service, topic in operations("send")
        if topic in INTERNAL_COPIES or service == "console" or not load_topics()[topic].events
    }
    assert seen == operations("send") - never


def writer(record: Record) -> tuple[str, str]:
    """The service that wrote a record, and its topic; a hospital's event that waits is kept by the topic's owner."""
    source = str(orjson.loads(record.value or b"")["source"])
    ours = source.startswith("/medaid/")
    return source.removeprefix("/medaid/") if ours else load_topics()[record.topic].owner, record.topic


def references(tree: Any) -> Iterator[str]:
    """Every `$ref`."""
    if isinstance(tree, dict):
        yield from (value for name, value in tree.items() if name == "$ref")
        for value in tree.values():
            yield from references(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from references(value)


def test_every_reference_leads_somewhere() -> None:
    for reference in references(DOCUMENT):
        if reference.startswith("#/"):
            place: Any = DOCUMENT
            for step in reference[2:].split("/"):
                place = place[step]
        else:
            assert (generated.FOLDER / reference).is_file(), reference
    for message in DOCUMENT["components"]["messages"].values():
        for example in message["x-examples"]:
            assert (generated.FOLDER / example).is_file(), example


def test_every_channel_has_its_messages_owner_and_payload() -> None:
    for name, channel in DOCUMENT["channels"].items():
        assert channel["x-owner"] == load_topics()[name].owner
        for kind in channel["messages"]:
            payload = orjson.loads((generated.FOLDER / DOCUMENT["components"]["messages"][kind]["payload"]["$ref"]).read_bytes())
            assert payload["properties"]["type"]["const"] == kind
