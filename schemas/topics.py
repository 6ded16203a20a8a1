"""The topics as data: `topics.yaml` beside this module, read once and checked."""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files

import yaml
from pydantic import BaseModel, ConfigDict, Field

from schemas.refusal import Reason


class TopicEvent(BaseModel):
    """An event type on a topic, and the names of its examples: `examples/<type>/<name>.json`, `examples/<type>/refused/<reason>-<name>.*`."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    examples: list[str] = Field(min_length=1)
    refused: dict[Reason, str | list[str]] = Field(default_factory=dict)

    def refusals(self) -> Sequence[tuple[Reason, str]]:
        """Each refused example by its reason and name."""
        return [(reason, name) for reason, names in self.refused.items() for name in ([names] if isinstance(names, str) else names)]


class Topic(BaseModel):
    """One topic. `partitions` None: the number that all topics about persons share; `retention_days` None: kept for ever.

    `max_message_bytes` None: what the broker takes by default, 1 MiB.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    owner: str
    writers: list[str] = Field(min_length=1)
    readers: list[str] = Field(min_length=1)
    key: str
    partitions: int | None
    retention_days: int | None
    compacted: bool
    dead_letters: str | None
    max_message_bytes: int | None = None
    copies: list[str] = Field(default_factory=list)
    events: dict[str, TopicEvent] = Field(default_factory=dict)


@cache
def load_topics() -> Mapping[str, Topic]:
    """Every topic by its name without prefix.

    Raises:
        ValueError: A topic's entry has another shape, or names a topic that is not there.
    """
    topics = {
        name: Topic.model_validate(entry)
        for name, entry in yaml.safe_load(files("schemas").joinpath("topics.yaml").read_text("utf-8")).items()
    }
    for name, topic in topics.items():
        for other in (topic.dead_letters, *topic.copies):
            if other is not None and other not in topics:
                raise ValueError(f"{name}: {other} is no topic")
    return topics


def kept_for_ever(*names: str) -> frozenset[str]:
    """Those of the topics `names` whose records are never deleted, compacted or not: each of them begins at offset 0 for as long as nothing is lost."""
    return frozenset(name for name in names if load_topics()[name].retention_days is None)


def types_on(name: str) -> Sequence[str]:
    """The event types that the topic `name` carries; of one that copies others, all of theirs."""
    topic = load_topics()[name]
    if name.endswith(".dlq"):
        return ["deadletter.v1"]
    return [*topic.events, *(kind for other in topic.copies for kind in types_on(other))]
