"""The settings that a topic must have in Kafka, as `schemas/topics.yaml` describes it, held against those that it has.

Out: each difference with what it would lose and the command that mends it. Promise: nothing is altered here. A difference that loses money, or a record
without a word, is refused; one that only keeps more than was asked for is told. Not here: making topics (`topics.py`).
"""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from schemas.topics import Topic

CLEANUP, RETENTION_MS, RETENTION_BYTES = "cleanup.policy", "retention.ms", "retention.bytes"
TIMESTAMP, IN_SYNC, MESSAGE_BYTES = "message.timestamp.type", "min.insync.replicas", "max.message.bytes"
UNCLEAN = "unclean.leader.election.enable"
SETTINGS = (CLEANUP, RETENTION_MS, RETENTION_BYTES, TIMESTAMP, IN_SYNC, MESSAGE_BYTES, UNCLEAN)

MESSAGE_BYTES_MIN = 1_048_588
"""Kafka's own default, which a batch of ours needs."""

_DAY_MS = 86_400_000


class Found(NamedTuple):
    """A topic as it is in Kafka."""

    replicas: int
    settings: Mapping[str, str]


class Difference(NamedTuple):
    """A setting that is not ours. `loses`: why it is refused; empty where it is only told."""

    topic: str
    setting: str
    found: str
    wanted: str
    loses: str

    def __str__(self) -> str:
        why = f" ({self.loses})" if self.loses else ""
        return f"{self.topic}: {self.setting} is {self.found}, wanted is {self.wanted}{why}"

    @property
    def mend(self) -> str:
        """The command that mends it."""
        entity = f"--alter --entity-type topics --entity-name {self.topic}"
        return f"kafka-configs.sh --bootstrap-server HOST:PORT {entity} --add-config {self.setting}={self.wanted}"


def configs_of(topic: Topic) -> dict[str, str]:
    """What a topic is made with: its retention in time, never in size.

    Days are counted from when Kafka wrote a record, not from what its sender says: a backfill of old records would be deleted before it is read.
    """
    return {
        CLEANUP: "compact" if topic.compacted else "delete",
        RETENTION_MS: str(-1 if topic.retention_days is None else topic.retention_days * _DAY_MS),
        RETENTION_BYTES: "-1",
        **({} if topic.retention_days is None else {TIMESTAMP: "LogAppendTime"}),
        **({} if topic.max_message_bytes is None else {MESSAGE_BYTES: str(topic.max_message_bytes)}),
    }


def differences(name: str, topic: Topic, found: Found) -> Iterator[Difference]:
    """What is otherwise in Kafka than described; `name` carries the prefix."""
    wanted = {MESSAGE_BYTES: str(MESSAGE_BYTES_MIN), UNCLEAN: "false", **configs_of(topic)}
    if found.replicas > 1:
        wanted[IN_SYNC] = "2"
    for setting, value in wanted.items():
        present = found.settings.get(setting, "not told")
        judged = _JUDGES[setting](present, value, found.replicas)
        if judged is not None:
            yield Difference(name, setting, present, value, judged)


def _number(text: str) -> float:
    """A limit; none is beyond every other, and what is no number below."""
    try:
        return float("inf") if int(text) < 0 else int(text)
    except ValueError:
        return -1.0


def _kept_long_enough(found: str, wanted: str, _: int) -> str | None:
    if found == wanted:
        return None
    return "" if _number(found) > _number(wanted) else "records would be deleted that are still needed"


def _same(loses: str) -> Callable[[str, str, int], str | None]:
    def judge(found: str, wanted: str, _: int) -> str | None:
        return None if found == wanted else loses

    return judge


def _large_enough(found: str, wanted: str, _: int) -> str | None:
    return None if _number(found) >= _number(wanted) else "a result may not fit, and its lane would stop"


def _in_sync(found: str, wanted: str, replicas: int) -> str | None:
    if _number(found) >= _number(wanted):
        return None
    return "one disk that fails may take settled money with it" if replicas > 2 else ""


_JUDGES: Mapping[str, Callable[[str, str, int], str | None]] = {
    CLEANUP: _same("compaction keeps one record a key, deletion none that is old"),
    RETENTION_MS: _kept_long_enough,
    RETENTION_BYTES: _kept_long_enough,
    TIMESTAMP: _same("what is sent with an old time would be deleted unread"),
    IN_SYNC: _in_sync,
    MESSAGE_BYTES: _large_enough,
    UNCLEAN: _same("a replica that lags behind may become the leader, and what it lacks is gone"),
}
"""For each setting: None where it is as wanted, else what it loses, nothing where it is harmless."""
