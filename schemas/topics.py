"""The topics as data: `topics.yaml` beside this module, read once and checked."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import yaml
from pydantic import BaseModel, ConfigDict, Field


class Topic(BaseModel):
    """One topic. `partitions` None: the number that all topics about persons share; `retention_days` None: kept for ever."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    owner: str
    writers: list[str] = Field(min_length=1)
    readers: list[str] = Field(min_length=1)
    key: str
    partitions: int | None
    retention_days: int | None
    compacted: bool
    dead_letters: str | None


@cache
def load_topics() -> Mapping[str, Topic]:
    """Every topic by its name without prefix.

    Raises:
        ValueError: A topic's entry has another shape, or names a dead-letter topic that is not there.
    """
    topics = {
        name: Topic.model_validate(entry)
        for name, entry in yaml.safe_load(files("schemas").joinpath("topics.yaml").read_text("utf-8")).items()
    }
    for name, topic in topics.items():
        if topic.dead_letters is not None and topic.dead_letters not in topics:
            raise ValueError(f"{name}: dead_letters: {topic.dead_letters} is no topic")
    return topics
