"""The examples of our own events, from real runs: `python -m tests.contract.outputs` writes what `schemas/examples/outputs.yaml` asks for."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from typing import Any

import orjson
import yaml

from services.runtime import logging
from services.runtime.records import Record
from services.runtime.settings import Settings
from tests.contract.examples import FOLDER, City, bytes_of, city, topic_of

Step = str | dict[str, str]
"""An example, or the topic it is sent to and the example; `policy_gone` with a region: what stands under its policy cannot be settled anew."""


def wanted() -> Iterator[tuple[str, str, Sequence[Step]]]:
    """Type, name and the examples that lead to it."""
    for kind, examples in yaml.safe_load((FOLDER / "outputs.yaml").read_text("utf-8")).items():
        for name, steps in examples.items():
            yield kind, name, steps


async def run(steps: Sequence[Step]) -> list[Record]:
    """Everything that the services write when they are sent these examples."""
    place = await city()
    sent = [next(iter(step.items())) if isinstance(step, dict) else (topic_of(step.split("/")[0]), step) for step in steps]
    return [out for topic, step in sent for out in await _step(place, topic, step)]


async def _step(place: City, topic: str, step: str) -> list[Record]:
    if topic == "policy_gone":
        return await place.correct(step)
    return [out for value in bytes_of(step) for out in await place.send(topic, value)]


async def made(kind: str, name: str, steps: Sequence[Step]) -> dict[str, Any]:
    """The event that is the example."""
    events = [orjson.loads(record.value) for record in await run(steps) if record.value is not None]
    found = [event for event in events if event["type"] == kind and event["data"].get("kind", name) == name]
    assert found, f"{kind}/{name}: no such event among {sorted({event['type'] for event in events})}"
    event: dict[str, Any] = found[-1]
    return event


def text(event: dict[str, Any]) -> str:
    """An example as its file holds it."""
    return json.dumps(event, ensure_ascii=False, indent=2) + "\n"


async def write() -> None:
    """Write every example."""
    for kind, name, steps in wanted():
        path = FOLDER / kind / f"{name}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text(await made(kind, name, steps)), "utf-8")


if __name__ == "__main__":
    logging.configure(Settings(log_level="warning"))
    asyncio.run(write())
